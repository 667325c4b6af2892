/** A part of a file whose borders follow from its content. */
export interface Chunk {
  /** Bytes from the beginning of the file. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** SHA-256 of the part, hex: every processor is quick at it. */
  readonly hash: string;
}

/** From here on a file is sent by its chunks, bytes. */
export const CHUNKED_FROM = 4 * 1024 * 1024;

// Borders are kept with signatures of what was sent: other numbers are another format.
const SHORTEST = 32 * 1024;
const USUAL = 128 * 1024;
/** Bytes of the longest chunk. */
export const LONGEST_CHUNK = 512 * 1024;

// Harder to meet before the usual length than after it, so that lengths stay close to it.
// The upper bits: they depend on the last 32 bytes, the lower ones on fewer.
const EARLY_MASK = 0xff_ff_e0_00 | 0;
const LATE_MASK = 0xff_fe_00_00 | 0;

const GEAR = gearTable();

/**
 * Finds where a chunk ends (FastCDC: a gear hash, normalised, cut at its zeros).
 *
 * @param bytes - from `from` on at least {@link LONGEST_CHUNK}, or all to the end of the file
 * @param from - where it begins
 * @param to - where the bytes end
 * @returns its length
 */
export function cutChunk(bytes: Uint8Array, from: number, to: number): number {
  const usual = Math.min(from + USUAL, to);
  const end = Math.min(from + LONGEST_CHUNK, to);
  let hash = 0;
  let at = from + SHORTEST;
  for (; at < usual; at += 1) {
    hash = ((hash << 1) + (GEAR[bytes[at] ?? 0] ?? 0)) | 0;
    if ((hash & EARLY_MASK) === 0) {
      return at + 1 - from;
    }
  }
  for (; at < end; at += 1) {
    hash = ((hash << 1) + (GEAR[bytes[at] ?? 0] ?? 0)) | 0;
    if ((hash & LATE_MASK) === 0) {
      return at + 1 - from;
    }
  }
  return end - from;
}

// 256 scattered numbers, the same on every host (xorshift with a fixed seed).
function gearTable(): Int32Array {
  let state = 0x9e_37_79_b9 | 0;
  return Int32Array.from({ length: 256 }, () => {
    for (let round = 0; round < 8; round += 1) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
    }
    return state;
  });
}
