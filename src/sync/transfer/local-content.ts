import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { sourceChanged } from './transfer-failure.ts';

/** A part of a file on this host. */
export interface FileRange {
  readonly offset: number;
  readonly length: number;
}

const PIECE = 1024 * 1024;

/**
 * Finds a file of a tree on this host.
 *
 * @param root - absolute directory
 * @param path - relative, `/` between parts
 * @returns absolute path
 */
export function localPath(root: string, path: string): string {
  return join(root, ...path.split('/'));
}

/**
 * Reads parts of a file.
 *
 * @param path - absolute path on this host
 * @param ranges - what to read, in order
 * @yields {Buffer} pieces of at most a mebibyte
 * @throws {TransferError} when the file is shorter than it was
 */
export async function* readRanges(
  path: string,
  ranges: readonly FileRange[],
): AsyncGenerator<Buffer> {
  const file = await open(path).catch((cause: unknown) => {
    throw sourceChanged(path, cause);
  });
  try {
    for (const { offset, length } of ranges) {
      for (let at = 0; at < length; ) {
        const piece = Buffer.allocUnsafe(Math.min(PIECE, length - at));
        const { bytesRead } = await file.read(piece, 0, piece.length, offset + at);
        if (bytesRead === 0) {
          throw sourceChanged(path);
        }
        at += bytesRead;
        yield piece.subarray(0, bytesRead);
      }
    }
  } finally {
    await file.close();
  }
}
