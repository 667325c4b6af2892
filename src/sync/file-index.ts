import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { readCache, writeCache } from './cache-file.ts';
import type { StampedFile } from './raw-source.ts';

const FORMAT = 1;

/**
 * A file may change again within one tick of its file system's clock and keep
 * its stamp: what was touched less than this before it was read is not trusted.
 * Two seconds is the coarsest tick there is (FAT).
 */
const RACY_MS = 2000;

const recordsSchema = z.record(z.string(), z.tuple([z.string(), z.string()]));

/** Hashes of the files of one workspace, to spare reading what did not change. */
export class FileIndex {
  private readonly path: string;
  private readonly known: ReadonlyMap<string, readonly [stamp: string, hash: string]>;
  private readonly current = new Map<string, readonly [stamp: string, hash: string]>();
  private changed = false;
  /** All that the file holds, and what tells that it is still that one. */
  private saved: FileIndex['known'];
  private stamp: string | undefined;

  private constructor(path: string, known: FileIndex['known'], stamp: string | undefined) {
    this.path = path;
    this.known = known;
    this.saved = known;
    this.stamp = stamp;
  }

  /**
   * Reads the index of a workspace; an empty one when there is none to be used.
   *
   * @param storage - absolute directory of ours
   * @param root - absolute path of the workspace folder
   * @param before - the index of an earlier look, which spares reading what it wrote
   * @returns the index
   */
  static async open(storage: string, root: string, before?: FileIndex): Promise<FileIndex> {
    const path = indexPath(storage, root);
    const stamp = await stampOf(path);
    if (before?.path === path && stamp !== undefined && before.stamp === stamp) {
      return new FileIndex(path, before.saved, stamp);
    }
    const records = recordsSchema.safeParse(await readCache(path, FORMAT));
    return new FileIndex(path, new Map(records.success ? Object.entries(records.data) : []), stamp);
  }

  /**
   * @param file - as it is now
   * @returns its hash, when it surely is what it was
   */
  hashOf(file: StampedFile): string | undefined {
    const record = this.current.get(file.path) ?? this.known.get(file.path);
    if (record?.[0] !== file.stamp) {
      return undefined;
    }
    this.current.set(file.path, record);
    return record[1];
  }

  /**
   * @param path - relative to the root
   * @returns the hash it had when it was last known
   */
  formerHashOf(path: string): string | undefined {
    return this.known.get(path)?.[1];
  }

  /**
   * @param file - as it was before and after it was read
   * @param hash - of its content
   * @param readAt - when reading began, milliseconds since the epoch
   */
  remember(file: StampedFile, hash: string, readAt: number): void {
    // Also one whose time lies ahead: its clock is not ours.
    if (file.touchedAt < readAt - RACY_MS) {
      this.current.set(file.path, [file.stamp, hash]);
      this.changed = true;
    }
  }

  /**
   * Keeps what was asked for or remembered since the index was opened.
   *
   * @param complete - whether the rest is gone from the workspace
   */
  async save(complete: boolean): Promise<void> {
    const all = complete ? this.current : new Map([...this.known, ...this.current]);
    if (!this.changed && all.size === this.known.size) {
      return;
    }
    const written = await writeCache(this.path, FORMAT, Object.fromEntries(all));
    this.saved = new Map(all);
    this.stamp = written ? await stampOf(this.path) : undefined;
    this.changed = false;
  }
}

async function stampOf(path: string): Promise<string | undefined> {
  return await stat(path, { bigint: true }).then(
    ({ ino, size, mtimeNs }) => `${ino}:${size}:${mtimeNs}`,
    () => undefined,
  );
}

/**
 * Names the index file of a workspace.
 *
 * @param storage - absolute directory of ours
 * @param root - absolute path of the workspace folder
 * @returns absolute path; another one for each format
 */
export function indexPath(storage: string, root: string): string {
  const name = createHash('sha256').update(root).digest('hex').slice(0, 32);
  return join(storage, `files-${name}.v${FORMAT}.json`);
}
