import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as l10n from '@vscode/l10n';
import { NotFoundError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { CodeState, Run } from '../core/model/run.ts';
import { codeDiff } from './code-diff.ts';
import { captureCode } from './code-state.ts';
import { outputFolders } from './placement.ts';

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
   * Compares the code of a run with that of its folder now.
   *
   * @param run - the run
   * @param signal - gives up
   * @returns what git prints; empty when both are the same
   * @throws {NotFoundError} when there is nothing to compare, or no commit any more
   */
  async diffNow(run: Run, signal?: AbortSignal): Promise<string> {
    const folder = run.spec.place?.source ?? run.workspaceFolder ?? run.spec.directory;
    const commit = run.code?.commit;
    if (commit == null) {
      const text = l10n.t('The code of “{0}” was not in a git repository', run.name);
      throw new NotFoundError('no-code', text);
    }
    const patch = await readFile(this.patchPath(run.id)).catch(() => Buffer.alloc(0));
    return codeDiff(folder, { commit, patch }, outputFolders(run.spec), signal);
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
