import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { TextMasker } from '../../core/mask.ts';

/** A log is looked at in parts of about this size: what an editor holds well. */
export const PART_BYTES = 32 * 1024 * 1024;

/** How far behind its place a part may begin, for a line's end. */
const SEARCH_BYTES = 64 * 1024;
/** How much of what stands before decides whether a secret is cut. */
const BEFORE_BYTES = 8 * 1024;
const NEWLINE = 0x0a;

/**
 * Tells in how many parts a log is looked at.
 *
 * @param size - of the log in bytes
 * @param partBytes - wanted size of a part
 * @returns 1 or more
 */
export function partCount(size: number, partBytes = PART_BYTES): number {
  // What is little more than one part is one.
  return Math.max(1, Math.ceil((size - SEARCH_BYTES) / partBytes));
}

/**
 * Finds where a part of a log begins: at a line that goes on with no secret of
 * the lines before. The same for any log that holds that much.
 *
 * @param path - absolute path of the log
 * @param part - from 0
 * @param masker - knows what a secret begins with
 * @param partBytes - wanted size of a part
 * @returns byte offset
 */
export async function partStart(
  path: string,
  part: number,
  masker: TextMasker,
  partBytes = PART_BYTES,
): Promise<number> {
  if (part === 0) {
    return 0;
  }
  const place = part * partBytes;
  const before = Math.min(BEFORE_BYTES, place);
  const bytes = await readAt(path, place - before, before + SEARCH_BYTES);
  let first: number | undefined;
  for (let at = bytes.indexOf(NEWLINE, before - 1); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) {
    first ??= at;
    const text = bytes.subarray(Math.max(0, at + 1 - BEFORE_BYTES), at + 1).toString('utf8');
    if (masker.holdBack(text) === 0) {
      return place - before + at + 1;
    }
  }
  return first === undefined ? place : place - before + first + 1;
}

async function readAt(path: string, from: number, length: number): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await file.read(buffer, 0, length, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file?.close();
  }
}
