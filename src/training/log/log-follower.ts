import { dirname } from 'node:path';

import type { Clock } from '../../core/clock.ts';

import { FileWaker } from './file-waker.ts';
import { FollowedFile, identityAt } from './followed-file.ts';

/** A place in a log: which file, and how far into it. */
export interface LogPosition {
  /** `dev:ino` of the file; empty before there is one. */
  readonly identity: string;
  /** Byte offset. */
  readonly offset: number;
}

/** Where a chunk comes from. `offset` is that of its first byte. */
export interface ChunkPosition extends LogPosition {
  /** False for a backlog: its arrival says nothing about when it was written. */
  readonly live: boolean;
}

/** The file is no longer what was read; reading goes on at `to`. */
export interface LogReset {
  /** Cut or written over in place, or another file under the same path. */
  readonly reason: 'truncated' | 'replaced';
  /** How far the old content was read. */
  readonly from: LogPosition;
  readonly to: LogPosition;
}

/** What to follow, and who hears of it. */
export interface FollowOptions {
  /** Absolute path; the file may come into being later. */
  readonly path: string;
  /** First byte wanted. */
  readonly offset: number;
  /** File that `offset` belongs to; another one is read from its start. */
  readonly identity?: string;
  readonly clock: Clock;
  /** Ends the follow silently. */
  readonly signal: AbortSignal;
  /** Takes at most 64 KiB; nothing more is read until it has settled. */
  readonly onChunk: (chunk: Buffer, at: ChunkPosition) => Promise<void> | void;
  readonly onReset?: (reset: LogReset) => Promise<void> | void;
  /** Longest time between two looks, in milliseconds; 250 unless told. */
  readonly pollMs?: number;
}

/** A follow under way. */
export interface LogFollower {
  /** Settles at the end; rejects with what `onChunk` threw or an `IoError`. */
  readonly done: Promise<void>;
  /** The first byte not yet taken; store it to go on from here later. */
  position(): LogPosition;
  /** Reads to the present end of the file, then stops; same as `done`. */
  finish(): Promise<void>;
}

const POLL_MS = 250;
// More than this at one look is a backlog, not the pace of a program.
const LIVE_BYTES = 1024 * 1024;

/**
 * Follows a growing local file by file identity and byte offset: every byte
 * once, in order, with back-pressure, over renames and truncation.
 *
 * @param options - see the fields
 * @returns the follow, already under way
 */
export function followLog(options: FollowOptions): LogFollower {
  const loop = new FollowLoop(options);
  const done = loop.run();
  return {
    done,
    position: () => loop.position,
    finish: () => {
      loop.finish();
      return done;
    },
  };
}

class FollowLoop {
  position: LogPosition;
  private readonly options: FollowOptions;
  private readonly waker: FileWaker;
  private file: FollowedFile | undefined;
  private finishing = false;
  private caughtUp = false;

  constructor(options: FollowOptions) {
    this.options = options;
    this.waker = new FileWaker(options.clock);
    this.position = { identity: options.identity ?? '', offset: options.offset };
  }

  finish(): void {
    this.finishing = true;
    this.waker.wake();
  }

  async run(): Promise<void> {
    const { signal } = this.options;
    signal.addEventListener('abort', this.waker.wake, { once: true });
    try {
      while (!signal.aborted) {
        // Asked before looking: what was written before finish() is read.
        const last = this.finishing;
        const moved = await this.look();
        if (moved) {
          continue;
        }
        if (last) {
          return;
        }
        await this.waker.wait(this.options.pollMs ?? POLL_MS);
      }
    } finally {
      signal.removeEventListener('abort', this.waker.wake);
      this.waker.close();
      await this.file?.close();
    }
  }

  // Reads what there is; true when another file has taken the path's place.
  private async look(): Promise<boolean> {
    this.file ??= await this.open();
    if (this.file === undefined) {
      this.caughtUp = true;
      return false;
    }
    // The path first: what its writer wrote before the switch is then drained.
    const current = await identityAt(this.options.path);
    await this.drain(this.file);
    if (current === undefined || current === this.file.identity) {
      return false;
    }
    await this.file.close();
    this.file = undefined;
    return true;
  }

  private async open(): Promise<FollowedFile | undefined> {
    const { path } = this.options;
    // Watched before looking, so that nothing happens unseen between the two.
    this.waker.watch(dirname(path));
    const file = await FollowedFile.open(path, this.position.offset);
    if (file === undefined) {
      return undefined;
    }
    this.waker.watch(path, true);
    const { identity, offset } = this.position;
    if (identity !== '' && identity !== file.identity) {
      file.rewind();
      await this.reset('replaced', file);
    } else {
      this.position = { identity: file.identity, offset };
    }
    return file;
  }

  private async drain(file: FollowedFile): Promise<void> {
    // One size per look, so that finish() ends even under a busy writer.
    let end = await file.size();
    if (end < file.offset) {
      file.rewind();
      await this.reset('truncated', file);
    }
    const live = this.caughtUp && end - file.offset <= LIVE_BYTES;
    while (file.offset < end && !this.options.signal.aborted) {
      const chunk = await file.read(end);
      if (chunk === 'rewritten') {
        file.rewind();
        await this.reset('truncated', file);
        end = await file.size();
        continue;
      }
      if (chunk.length === 0) {
        break;
      }
      await this.options.onChunk(chunk, { ...this.position, live });
      this.position = { identity: file.identity, offset: file.offset };
    }
    this.caughtUp = true;
  }

  private async reset(reason: LogReset['reason'], file: FollowedFile): Promise<void> {
    const from = this.position;
    const to = { identity: file.identity, offset: 0 };
    this.position = to;
    // Nothing was taken yet, so nothing is lost or comes twice.
    if (from.offset > 0) {
      await this.options.onReset?.({ reason, from, to });
    }
  }
}
