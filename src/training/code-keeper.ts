import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunId } from '../core/ids.ts';
import type { CodeState } from '../core/model/run.ts';
import { captureCode } from './code-state.ts';

/** Keeps what each run's code was: the commit, and a patch of the rest. */
export class CodeKeeper {
  private readonly folder: string;

  /**
   * @param folder - absolute directory of ours on this host
   */
  constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Captures the code of a folder for a run.
   *
   * @param id - the run
   * @param directory - absolute path
   * @param outputs - absolute directories in it that runs write to
   * @param signal - gives up
   * @returns what git tells; `null` when it tells nothing
   */
  async capture(
    id: RunId,
    directory: string,
    outputs: readonly string[] = [],
    signal?: AbortSignal,
  ): Promise<CodeState | null> {
    const { state, patch } = await captureCode(directory, outputs, signal);
    if (patch !== null) {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await writeFile(this.patchPath(id), patch, { mode: 0o600 });
    }
    return state;
  }

  /**
   * Reads the uncommitted part of a run's code.
   *
   * @param id - the run
   * @returns a patch, empty when none was kept
   */
  async patch(id: RunId): Promise<string> {
    try {
      return await readFile(this.patchPath(id), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        return '';
      }
      throw error;
    }
  }

  /**
   * Forgets what was kept of a run's code.
   *
   * @param id - the run
   */
  async forget(id: RunId): Promise<void> {
    await rm(this.patchPath(id), { force: true });
  }

  private patchPath(id: RunId): string {
    return join(this.folder, `${id}.patch`);
  }
}
