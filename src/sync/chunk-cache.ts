import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { readCache, tidyCaches, writeCache } from './cache-file.ts';
import type { Chunk } from './cut-chunks.ts';

// Also a change of how chunks are cut makes a new one.
const FORMAT = 2;
const KEPT_MS = 60 * 24 * 60 * 60 * 1000;
const NAME_DIGITS = 64;

const recordSchema = z.array(z.tuple([z.int().min(1), z.string()]));

/** Chunks of contents, by the hash of the content: never wrong, whatever changes. */
export class ChunkCache {
  private readonly directory: string;

  /**
   * @param storage - absolute directory of ours
   */
  constructor(storage: string) {
    this.directory = join(storage, `chunks.v${FORMAT}`);
  }

  /**
   * @param hash - of the content
   * @param now - milliseconds since the epoch; the chunks are kept for sixty days more
   * @returns its chunks when they are known
   */
  async find(hash: string, now: number): Promise<readonly Chunk[] | undefined> {
    const record = recordSchema.safeParse(await readCache(this.path(hash), FORMAT));
    if (!record.success) {
      return undefined;
    }
    await utimes(this.path(hash), now / 1000, now / 1000).catch(() => undefined);
    let offset = 0;
    return record.data.map(([length, digest]) => {
      const chunk = { offset, length, hash: digest };
      offset += length;
      return chunk;
    });
  }

  /**
   * @param hash - of the content
   * @param chunks - of all of it
   */
  async keep(hash: string, chunks: readonly Chunk[]): Promise<void> {
    const record = chunks.map((chunk) => [chunk.length, chunk.hash]);
    await writeCache(this.path(hash), FORMAT, record);
  }

  /**
   * Forgets chunks that nobody has asked for in sixty days.
   *
   * @param now - milliseconds since the epoch
   */
  async tidy(now: number): Promise<void> {
    await tidyCaches(this.directory, now - KEPT_MS);
  }

  private path(hash: string): string {
    return join(this.directory, `${hash.slice(0, NAME_DIGITS)}.json`);
  }
}
