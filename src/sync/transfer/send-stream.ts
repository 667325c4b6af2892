import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RemoteProcess } from '../../remote/remote-shell.ts';
import { adaptiveGzip } from './adaptive-gzip.ts';

/** What a fed program left behind. */
export interface Fed {
  readonly stdout: Buffer;
  readonly stderr: string;
}

const PIECES_UNDER_WAY = 4 * 1024 * 1024;
// What one packet of SSH takes; three times as fast there as pieces of a mebibyte.
const WRITE = 32 * 1024;

/**
 * Feeds a program, and waits for its end.
 *
 * @param child - the program
 * @param input - what to feed it; read no faster than it takes it
 * @param compress - whether to, as far as the link leaves time for it
 * @param onSent - told the bytes of each piece of input that was taken
 * @param onWire - told the bytes of each packet that went over the link
 * @returns what it wrote
 * @throws {Error} what the input threw, or a `MachineError` when the way broke
 */
export async function sendStream(
  child: RemoteProcess,
  input: AsyncIterable<Buffer>,
  compress: boolean,
  onSent: (bytes: number) => void,
  onWire: (bytes: number) => void,
): Promise<Fed> {
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  let broken: Error | undefined;
  const counted = async function* counted(): AsyncGenerator<Buffer> {
    for await (const piece of input) {
      yield piece;
      onSent(piece.length);
    }
  };
  try {
    const source = counted();
    if (compress) {
      const gzip = (pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> =>
        adaptiveGzip(pieces, () => child.stdin.writableLength);
      await pipeline(source, gzip, sink(child.stdin, onWire));
    } else {
      await pipeline(source, sink(child.stdin, onWire));
    }
  } catch (error) {
    // A program that ends early closes its input; its own words tell more.
    if (!isClosedPipe(error)) {
      child.kill();
      throw error;
    }
    broken = error instanceof Error ? error : closedPipe();
  }
  const end = await child.done;
  const said = { stdout: await stdout, stderr: (await stderr).toString('utf8') };
  if (broken !== undefined && said.stdout.length === 0 && end.code === 0) {
    throw broken;
  }
  return said;
}

// Not the stream itself: pipeline would destroy it with an error of its own
// when the program ends first.
function sink(
  stdin: Writable,
  onWire: (bytes: number) => void,
): (source: AsyncIterable<Buffer>) => Promise<void> {
  return async (source) => {
    let failed: Error | undefined;
    stdin.on('error', (error) => {
      failed = error;
    });
    const closed = new Promise<void>((resolve) => {
      stdin.once('close', () => {
        failed ??= closedPipe();
        resolve();
      });
    });
    const orClosed = (promise: Promise<void>): Promise<void> => Promise.race([promise, closed]);
    let underWay = 0;
    let onRoom = (): void => undefined;
    const write = (piece: Buffer): void => {
      underWay += piece.length;
      stdin.write(piece, (error) => {
        underWay -= piece.length;
        // Each packet counts: a way that breaks often takes no whole piece, and yet gets on.
        if (error === null || error === undefined) {
          onWire(piece.length);
        }
        if (underWay <= PIECES_UNDER_WAY) {
          onRoom();
        }
      });
    };
    const check = (): void => {
      if (failed !== undefined) {
        throw failed;
      }
    };
    for await (const piece of source) {
      check();
      for (let at = 0; at < piece.length; at += WRITE) {
        write(piece.subarray(at, at + WRITE));
      }
      // Not till nothing waits any more: the link would stand still for a moment.
      if (underWay > PIECES_UNDER_WAY) {
        await orClosed(
          new Promise((resolve) => {
            onRoom = resolve;
          }),
        );
      }
    }
    check();
    const finished = orClosed(
      new Promise((resolve) => {
        stdin.once('finish', resolve);
      }),
    );
    stdin.end();
    await finished;
  };
}

function closedPipe(): NodeJS.ErrnoException {
  return Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
}

function isClosedPipe(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return (
    code === 'EPIPE' ||
    code === 'ECONNRESET' ||
    code === 'ERR_STREAM_DESTROYED' ||
    code === 'ERR_STREAM_WRITE_AFTER_END'
  );
}

async function collect(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  stream.on('error', () => undefined);
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  if (!stream.closed && !stream.readableEnded) {
    await new Promise<void>((resolve) => {
      stream.once('end', resolve);
      stream.once('close', resolve);
    });
  }
  return Buffer.concat(pieces);
}
