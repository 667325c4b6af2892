import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { tarHead, tarPadding } from './tar.ts';
import type { TarHead } from './tar.ts';

/** A small file to pack, or a thing without content. */
export interface PackedFile {
  readonly head: TarHead;
  /** Absolute path on this host; unset for a link. */
  readonly path: string | undefined;
}

/** Files as members of an archive; or the one that is not what it was. */
export type PackedBatch =
  | { readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly changed: string; readonly message: string };

// What became a pipe meanwhile must not hang.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Packs small files in one go: without a promise for each step of each file it
 * is five times as fast, and best done on a thread of its own.
 *
 * @param files - what to pack
 * @returns the members, one after the other
 */
export function packFiles(files: readonly PackedFile[]): PackedBatch {
  const parts: Buffer[] = [];
  for (const { head, path } of files) {
    parts.push(tarHead(head));
    if (path !== undefined) {
      try {
        parts.push(readExactly(path, head.size));
      } catch (error) {
        return { changed: path, message: error instanceof Error ? error.message : String(error) };
      }
    }
    parts.push(tarPadding(head.size));
  }
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes };
}

function readExactly(path: string, size: number): Buffer {
  const handle = openSync(path, FLAGS);
  try {
    const now = fstatSync(handle);
    if (!now.isFile() || now.size !== size) {
      throw new Error(`has ${now.size} bytes, had ${size}`);
    }
    const content = Buffer.allocUnsafe(size);
    let at = 0;
    while (at < size) {
      const bytes = readSync(handle, content, at, size - at, null);
      if (bytes === 0) {
        throw new Error(`ended after ${at} of ${size} bytes`);
      }
      at += bytes;
    }
    return content;
  } finally {
    closeSync(handle);
  }
}
