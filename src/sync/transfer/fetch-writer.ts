import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { lstat, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ContentHasher } from '../content-hash.ts';
import type { ListedFile } from './fetch-listing.ts';
import { machineHasher } from './machine-hash.ts';
import type { MachineHash } from './machine-hash.ts';

/** A file under way. */
export interface PartFile {
  readonly file: ListedFile;
  /** Absolute path on this host. */
  readonly path: string;
  /** Bytes that are there. */
  readonly offset: number;
}

/**
 * Looks at what an earlier copy left of a file.
 *
 * @param part - absolute path of the one file, or the folder of all
 * @param file - as the machine lists it
 * @param isSingle - whether there is only this file
 * @returns where it goes on; at 0 when nothing of use is there
 */
export async function partOf(
  part: string,
  file: ListedFile,
  isSingle: boolean,
): Promise<PartFile> {
  const path = isSingle ? part : join(part, ...file.path.split('/'));
  const found = await lstat(path).catch(() => undefined);
  if (found?.isFile() === true && found.size <= file.size) {
    return { file, path, offset: found.size };
  }
  await rm(path, { recursive: true, force: true });
  return { file, path, offset: 0 };
}

/**
 * Writes a stream of many files one after the other, and hashes them on the way.
 *
 * @param parts - the files, in the order of the stream
 * @param stream - their bytes, each from where it goes on
 * @param algorithm - of the hashes
 * @param onBytes - told what arrived
 * @returns hashes by path of those that are whole
 */
export async function writeParts(
  parts: readonly PartFile[],
  stream: AsyncIterable<Buffer>,
  algorithm: MachineHash,
  onBytes: (bytes: number, what: string) => void,
): Promise<Map<string, string>> {
  const sums = new Map<string, string>();
  const pieces = stream[Symbol.asyncIterator]();
  let piece: Buffer = Buffer.alloc(0);
  for (const { file, path, offset } of parts) {
    const hash = await hashOf(path, offset, algorithm);
    let left = file.size - offset;
    let handle: FileHandle | undefined;
    if (left > 0 || offset === 0) {
      await mkdir(dirname(path), { recursive: true });
      handle = await open(path, offset === 0 ? 'w' : 'a', 0o600);
    }
    try {
      while (left > 0) {
        if (piece.length === 0) {
          const next = await pieces.next();
          if (next.done === true) {
            return sums;
          }
          piece = next.value;
        }
        const mine = piece.subarray(0, left);
        piece = piece.subarray(mine.length);
        await handle?.writeFile(mine);
        hash.update(mine);
        left -= mine.length;
        onBytes(mine.length, file.path);
      }
    } finally {
      await handle?.close();
    }
    sums.set(file.path, hash.digest());
  }
  // The rest of a stream that holds more than it should is read, or its program hangs.
  for (let next = await pieces.next(); next.done !== true; ) {
    next = await pieces.next();
  }
  return sums;
}

async function hashOf(
  path: string,
  bytes: number,
  algorithm: MachineHash,
): Promise<ContentHasher> {
  const hash = await machineHasher(algorithm);
  if (bytes > 0) {
    const stream: AsyncIterable<Buffer> = createReadStream(path, {
      end: bytes - 1,
      highWaterMark: 1024 * 1024,
    });
    for await (const piece of stream) {
      hash.update(piece);
    }
  }
  return hash;
}
