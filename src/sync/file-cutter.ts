import { hash } from 'node:crypto';
import { ChunkGuide } from './chunk-guide.ts';
import type { Foretold } from './chunk-guide.ts';
import { cutChunk, LONGEST_CHUNK } from './cut-chunks.ts';
import type { Chunk } from './cut-chunks.ts';

/** Cuts a file into chunks, a buffer at a time. */
export class FileCutter {
  private readonly chunks: Chunk[];
  private readonly guide: ChunkGuide | undefined;
  /** Bytes that are cut. */
  offset = 0;

  /**
   * @param chunks - takes the chunks
   * @param former - those of a former version, which make it quicker
   */
  constructor(chunks: Chunk[], former: readonly Chunk[] | undefined) {
    this.chunks = chunks;
    this.guide = former === undefined ? undefined : new ChunkGuide(former);
  }

  /**
   * Cuts as much as it can.
   *
   * @param bytes - from where the last chunk ended
   * @param ends - whether the file ends with them
   * @param meanwhile - done once, beside what other threads do
   * @returns how many bytes it cut; the rest comes again, with more behind it
   */
  async cut(bytes: Buffer, ends: boolean, meanwhile: () => void): Promise<number> {
    let from = 0;
    let foretold = this.guide?.look(bytes, ends) ?? [];
    meanwhile();
    while (from < bytes.length) {
      const met = await this.take(foretold);
      from += met;
      if (met === 0 || from === bytes.length) {
        if (from === bytes.length || (!ends && bytes.length - from < LONGEST_CHUNK)) {
          break;
        }
        const size = cutChunk(bytes, from, bytes.length);
        const digest = hash('sha256', bytes.subarray(from, from + size), 'hex');
        this.add(size, digest);
        this.guide?.found(digest);
        from += size;
      }
      foretold = this.guide?.look(bytes.subarray(from), ends) ?? [];
    }
    return from;
  }

  private async take(foretold: readonly Foretold[]): Promise<number> {
    let bytes = 0;
    let count = 0;
    for (const { length, hash: digest, same } of foretold) {
      if (!(await same)) {
        break;
      }
      this.add(length, digest);
      bytes += length;
      count += 1;
    }
    this.guide?.met(count);
    return bytes;
  }

  private add(length: number, digest: string): void {
    this.chunks.push({ offset: this.offset, length, hash: digest });
    this.offset += length;
  }
}
