import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RunId } from '../../core/ids.ts';

/** Where checkpoints of runs on other machines are kept on this host. */
export class ResultFiles {
  private readonly folder: string;

  /**
   * @param folder - absolute directory of all of them
   */
  constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Names the place of a run.
   *
   * @param id - the run
   * @returns absolute directory; there once something was saved
   */
  placeOf(id: RunId): string {
    return join(this.folder, id);
  }

  /**
   * Names the copy of a checkpoint.
   *
   * @param id - the run
   * @param path - absolute path on its machine
   * @returns absolute path on this host
   */
  copyOf(id: RunId, path: string): string {
    return join(this.placeOf(id), basename(path));
  }

  /**
   * Measures what was saved of a run.
   *
   * @param id - the run
   * @returns bytes; `null` when there is nothing
   */
  async size(id: RunId): Promise<number | null> {
    return sizeOf(this.placeOf(id));
  }

  /**
   * Deletes what was saved of a run.
   *
   * @param id - the run
   */
  async forget(id: RunId): Promise<void> {
    await rm(this.placeOf(id), { recursive: true, force: true });
  }
}

async function sizeOf(path: string): Promise<number | null> {
  const found = await lstat(path).catch(() => null);
  if (found?.isDirectory() !== true) {
    return found?.size ?? null;
  }
  let bytes = 0;
  for (const name of await readdir(path)) {
    bytes += (await sizeOf(join(path, name))) ?? 0;
  }
  return bytes;
}
