import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SystemClock } from '../../../../src/core/clock.ts';
import {
  followLog,
  type ChunkPosition,
  type FollowOptions,
  type LogFollower,
  type LogReset,
} from '../../../../src/training/log/log-follower.ts';

/** Makes an own directory and takes it away after the work. */
export async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'runctl-log-'));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Looks again and again until it holds; fails after the deadline. */
export async function until(holds: () => boolean, what: string, ms = 10_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!holds()) {
    if (Date.now() > deadline) {
      throw new Error(`waited in vain: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A follow that keeps everything it is told. */
export interface Recording {
  readonly follower: LogFollower;
  readonly chunks: { readonly bytes: Buffer; readonly at: ChunkPosition }[];
  readonly resets: LogReset[];
  text(): string;
  stop(): Promise<void>;
}

/** Follows a file with the host's clock and records it. */
export function record(path: string, options: Partial<FollowOptions> = {}): Recording {
  const abort = new AbortController();
  const chunks: Recording['chunks'] = [];
  const resets: LogReset[] = [];
  const follower = followLog({
    path,
    offset: 0,
    clock: new SystemClock(),
    signal: abort.signal,
    onChunk: (bytes, at) => void chunks.push({ bytes, at }),
    onReset: (reset) => void resets.push(reset),
    ...options,
  });
  return {
    follower,
    chunks,
    resets,
    text: () => Buffer.concat(chunks.map((chunk) => chunk.bytes)).toString(),
    stop: () => {
      abort.abort();
      return follower.done;
    },
  };
}

/** Cuts bytes at the given places (taken modulo their number). */
export function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))];
  const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index] ?? 0, edge));
}
