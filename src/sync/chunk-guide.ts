import { webcrypto } from 'node:crypto';
import type { Chunk } from './cut-chunks.ts';

/**
 * Foretells where chunks end by those of a former version of the file: to see
 * that a chunk is the same is cheaper than to look for its end, and can be seen
 * of many at once, on other threads.
 */
export class ChunkGuide {
  private readonly former: readonly Chunk[];
  private readonly places: ReadonlyMap<string, number>;
  private next = 0;

  /**
   * @param former - all chunks of the former version
   */
  constructor(former: readonly Chunk[]) {
    this.former = former;
    this.places = new Map(former.map((chunk, at) => [chunk.hash, at]));
  }

  /**
   * Begins to see whether the chunks that are foretold are there.
   *
   * @param bytes - from where the next chunk begins
   * @param ends - whether the file ends with them
   * @returns in order, for each: its length, and whether it is the same
   */
  look(bytes: Uint8Array, ends: boolean): readonly Foretold[] {
    const foretold: Foretold[] = [];
    let from = 0;
    for (let at = this.next; at < this.former.length; at += 1) {
      const { length, hash } = this.former[at] ?? { length: 0, hash: '' };
      const to = from + length;
      // The last one ended where the file did, which its content does not tell.
      const isLast = at === this.former.length - 1;
      if (to > bytes.length || (isLast && !(ends && to === bytes.length))) {
        break;
      }
      foretold.push({ length, hash, same: isSame(bytes.subarray(from, to), hash) });
      from = to;
    }
    return foretold;
  }

  /** @param count - how many of those it foretold were the same; the next one was not */
  met(count: number): void {
    this.next += count;
  }

  /** @param hash - of a chunk that was found without being foretold */
  found(hash: string): void {
    this.next = (this.places.get(hash) ?? this.former.length) + 1;
  }
}

/** A chunk that may be there. */
export interface Foretold {
  readonly length: number;
  readonly hash: string;
  readonly same: Promise<boolean>;
}

// The bytes are copied at once: whoever lent them may write over them.
async function isSame(bytes: Uint8Array, hash: string): Promise<boolean> {
  const digest = await webcrypto.subtle.digest('SHA-256', bytes);
  return Buffer.from(digest).toString('hex') === hash;
}
