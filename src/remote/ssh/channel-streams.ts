import { Duplex, Readable, Writable } from 'node:stream';
import type { ClientChannel } from 'ssh2';

/** What the other side said before its program began. */
export interface Preface {
  /** What follows the marker on its line. */
  readonly word: string;
  /** What came before, from login scripts; the end of it when it was long. */
  readonly noise: string;
}

const NEWLINE = 0x0a;
const MAX_NOISE = 4096;

/**
 * Reads one stream of a channel with back-pressure. Unlike the channel's own
 * stream it ends in an error when the connection is lost.
 */
export class ChannelReader extends Readable {
  private readonly source: Readable;
  private marker: MarkerFilter | undefined;

  constructor(source: Readable, filter?: MarkerFilter) {
    super();
    this.source = source;
    this.marker = filter;
    // Nobody has to listen: whoever waits for the end of the program hears of it there.
    this.on('error', () => undefined);
    source.on('data', (chunk: Buffer) => this.accept(chunk));
    source.on('end', () => {
      this.marker?.end();
      this.push(null);
    });
  }

  override _read(): void {
    this.source.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // What still comes is dropped, or the channel could not close.
    this.source.resume();
    done(error);
  }

  private accept(chunk: Buffer): void {
    const data = this.marker === undefined ? chunk : this.marker.feed(chunk);
    if (this.marker?.found === true) {
      this.marker = undefined;
    }
    if (data.length > 0 && !this.destroyed && !this.push(data)) {
      this.source.pause();
    }
  }
}

/**
 * Writes to a channel, no faster than it is taken. Unlike the channel's own
 * stream it does not wait for ever when the channel is closed.
 */
export class ChannelWriter extends Writable {
  private readonly channel: ClientChannel;

  constructor(channel: ClientChannel) {
    super();
    this.channel = channel;
    this.on('error', () => undefined);
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    this.channel.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.channel.end();
    done();
  }
}

/** Both ways of a channel in one, for connections that are passed on. */
export class ChannelDuplex extends Duplex {
  private readonly channel: ClientChannel;

  constructor(channel: ClientChannel) {
    super();
    this.channel = channel;
    this.on('error', () => undefined);
    channel.on('data', (chunk: Buffer) => {
      if (!this.destroyed && !this.push(chunk)) {
        channel.pause();
      }
    });
    channel.on('end', () => this.push(null));
    // What was not written yet never will be; what came is still to be read.
    channel.once('close', () => {
      if (this.readableEnded) {
        this.destroy();
      } else {
        this.once('end', () => this.destroy());
      }
    });
  }

  override _read(): void {
    this.channel.resume();
  }

  override _write(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error?: Error | null) => void,
  ): void {
    this.channel.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.channel.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.channel.resume();
    this.channel.close();
    done(error);
  }
}

/** Holds a stream back until the line with the marker has passed. */
export class MarkerFilter {
  found = false;
  private readonly marker: Buffer;
  private readonly tell: (preface: Preface | undefined) => void;
  private held = Buffer.alloc(0);

  constructor(marker: string, tell: (preface: Preface | undefined) => void) {
    this.marker = Buffer.from(marker);
    this.tell = tell;
  }

  feed(chunk: Buffer): Buffer {
    this.held = Buffer.concat([this.held, chunk]);
    const at = this.held.indexOf(this.marker);
    const end = at === -1 ? -1 : this.held.indexOf(NEWLINE, at);
    if (end === -1) {
      // Kept: the marker may come in pieces, and what a login script said explains a failure.
      if (at === -1) {
        this.held = this.held.subarray(-MAX_NOISE);
      }
      return Buffer.alloc(0);
    }
    this.found = true;
    const word = this.held.toString('latin1', at + this.marker.length, end);
    this.tell({ word, noise: this.held.toString('utf8', 0, at) });
    return this.held.subarray(end + 1);
  }

  /** The stream is over. */
  end(): void {
    if (!this.found) {
      this.tell(undefined);
    }
  }

  /** What was held back, when the marker never came. */
  get noise(): string {
    return this.held.toString('utf8');
  }
}
