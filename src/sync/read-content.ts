import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from './breath.ts';
import { contentHash, contentHasher } from './content-hash.ts';
import type { Chunk } from './cut-chunks.ts';
import { FileCutter } from './file-cutter.ts';
import { stampedFile } from './look-at-files.ts';
import type { StampedFile } from './raw-source.ts';

/** What was read of a file. */
export interface ReadContent {
  /** The file as it was when read. */
  readonly file: StampedFile;
  /** BLAKE2b-512 of what was read, hex. */
  readonly hash: string;
  /** Whether it stood still while it was read. */
  readonly steady: boolean;
}

/** How a file is read. */
export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes just read. */
  readonly onBytes?: (bytes: number) => void;
}

/** What is wanted and known of a file to cut. */
export interface ChunkWishes {
  /** Whether to hash the whole as well. */
  readonly whole: boolean;
  /** Chunks of a former version, which make it quicker. */
  readonly former?: readonly Chunk[] | undefined;
}

const BUFFER_BYTES = 4 * 1024 * 1024;
const MAX_TRIES = 3;
// What became a pipe meanwhile must not hang, what became a link must not lead elsewhere.
// Windows has neither, and no number is no flag.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

// One of each kind for the thread; a job is given it only while it does not pause.
let spare: Buffer | undefined;

/**
 * Hashes a file; again when it changes meanwhile, up to three times.
 *
 * @param root - absolute path
 * @param path - relative to the root
 * @param options - signal and progress
 * @returns what was read; `undefined` when it is no file any more
 * @throws {Error} of the system, when it cannot be opened or read
 */
export async function readContent(
  root: string,
  path: string,
  options: ReadOptions = {},
): Promise<ReadContent | undefined> {
  for (let tries = 1; ; tries += 1) {
    const content = await readOnce(root, path, options, hashWhole);
    if (content === undefined || content.steady || tries === MAX_TRIES) {
      return content;
    }
  }
}

/**
 * Cuts a file into chunks and hashes them.
 *
 * @param root - absolute path
 * @param path - relative to the root
 * @param wishes - what else is wanted and known
 * @param options - signal and progress
 * @returns chunks and what was read (its `hash` empty when not wanted)
 */
export async function readChunks(
  root: string,
  path: string,
  wishes: ChunkWishes,
  options: ReadOptions = {},
): Promise<(ReadContent & { readonly chunks: readonly Chunk[] }) | undefined> {
  const chunks: Chunk[] = [];
  const content = await readOnce(root, path, options, (handle, size, given) =>
    hashChunks(handle, { ...wishes, size }, chunks, given),
  );
  return content === undefined ? undefined : { ...content, chunks };
}

type Reading = (
  handle: number,
  size: number,
  options: ReadOptions,
) => Promise<{ readonly hash: string; readonly bytes: number }>;

async function readOnce(
  root: string,
  path: string,
  options: ReadOptions,
  reading: Reading,
): Promise<ReadContent | undefined> {
  const handle = openSync(join(root, path), FLAGS);
  try {
    const before = fstatSync(handle, { bigint: true });
    if (!before.isFile()) {
      return undefined;
    }
    const read = await reading(handle, Number(before.size), options);
    const file = stampedFile(path, fstatSync(handle, { bigint: true }));
    const steady = file.stamp === stampedFile(path, before).stamp && file.size === read.bytes;
    return { file: { ...file, size: read.bytes }, hash: read.hash, steady };
  } finally {
    closeSync(handle);
  }
}

async function hashWhole(handle: number, size: number, { signal, onBytes }: ReadOptions) {
  const buffer = takeBuffer();
  try {
    let length = readFully(handle, buffer, 0);
    onBytes?.(length);
    if (length < buffer.length) {
      return { hash: contentHash(buffer.subarray(0, length)), bytes: length };
    }
    const whole = await contentHasher();
    let bytes = 0;
    // No further than it was long: what grows all the time would never end.
    while (length > 0) {
      whole.update(buffer.subarray(0, length));
      bytes += length;
      await pause(signal);
      length = bytes < size ? readFully(handle, buffer, 0) : 0;
      onBytes?.(length);
    }
    return { hash: whole.digest(), bytes };
  } finally {
    spare = buffer;
  }
}

async function hashChunks(
  handle: number,
  { whole: wanted, former, size }: ChunkWishes & { readonly size: number },
  chunks: Chunk[],
  { signal, onBytes }: ReadOptions,
) {
  const buffer = takeBuffer();
  const whole = wanted ? await contentHasher() : undefined;
  const cutter = new FileCutter(chunks, former);
  try {
    let kept = 0;
    for (;;) {
      const length = kept + readFully(handle, buffer, kept);
      const ends = length < buffer.length || cutter.offset + length >= size;
      const fresh = buffer.subarray(kept, length);
      onBytes?.(length - kept);
      const from = await cutter.cut(buffer.subarray(0, length), ends, () => whole?.update(fresh));
      if (ends) {
        return { hash: whole?.digest() ?? '', bytes: cutter.offset };
      }
      buffer.copyWithin(0, from, length);
      kept = length - from;
      await pause(signal);
    }
  } finally {
    spare = buffer;
  }
}

function readFully(handle: number, buffer: Buffer, from: number): number {
  let at = from;
  while (at < buffer.length) {
    const bytes = readSync(handle, buffer, at, buffer.length - at, null);
    if (bytes === 0) {
      break;
    }
    at += bytes;
  }
  return at - from;
}

function takeBuffer(): Buffer {
  const buffer = spare ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
  spare = undefined;
  return buffer;
}
