import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as l10n from '@vscode/l10n';
import { NotFoundError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { CodeState, Run } from '../core/model/run.ts';
import type { SourceReader } from '../sync/source-reader.ts';
import { parseManifest } from '../sync/transfer/manifest.ts';
import { codeDiff } from './code-diff.ts';
import { listDiff, listText } from './code-list.ts';
import { captureCode } from './code-state.ts';
import { COMMIT_ONLY } from './commit-only.ts';
import { outputFolders } from './placement.ts';

/** What of a run's code is compared, and with what. */
export interface DiffOptions {
  /** Leaves out what was not committed when the run began. */
  readonly commitOnly?: boolean;
  /** Absolute paths to take, in their order, where the folder of the run is not on this host. */
  readonly folders?: readonly string[];
  /** Gives up. */
  readonly signal?: AbortSignal;
}

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
   * @param run - the run
   * @returns a patch, empty when there was nothing to keep; `null` when it is
   *   not on this host
   */
  async patch(run: Run): Promise<string | null> {
    const patch = await readOr(this.patchPath(run.id));
    return patch?.toString('utf8') ?? (wasPatchKept(run) ? null : '');
  }

  /**
   * Compares the code of a run with that of its folder now.
   *
   * @param run - the run
   * @param options - what to compare
   * @returns what git prints; empty when both are the same
   * @throws {NotFoundError} when there is nothing to compare, or no commit any
   *   more; `no-patch` when what was not committed is not on this host
   */
  async diffNow(run: Run, options: DiffOptions = {}): Promise<string> {
    const { commitOnly = false, signal } = options;
    const folder = await folderOf(run, options.folders ?? []);
    const commit = run.code?.commit;
    if (commit == null) {
      throw noCode(run);
    }
    const patch = commitOnly ? Buffer.alloc(0) : await this.requirePatch(run, commit);
    return codeDiff(folder, { commit, patch }, outputFolders(run.spec), signal);
  }

  /**
   * Keeps the list of what was sent for a run.
   *
   * @param id - the run
   * @param list - a manifest as text; `null` for none
   */
  async keepList(id: RunId, list: string | null): Promise<void> {
    if (list !== null) {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await writeFile(this.listPath(id), list, { mode: 0o600 });
    }
  }

  /**
   * Tells which files are not what was sent for a run, for code without git.
   *
   * @param run - the run
   * @param reader - reads the folder as it is now
   * @param options - where to look; `commitOnly` says nothing here
   * @returns a document; empty when all files are the same
   * @throws {NotFoundError} `no-code` when no list was kept on this host
   * @throws {IoError} `source-unreadable` when the folder is not there
   */
  async listNow(
    run: Run,
    reader: Pick<SourceReader, 'read'> | undefined,
    options: DiffOptions = {},
  ): Promise<string> {
    const { place } = run.spec;
    const list = await readOr(this.listPath(run.id));
    if (list === null || place === null || reader === undefined) {
      throw noCode(run);
    }
    const folder = await folderOf(run, options.folders ?? []);
    const choice = { exclude: place.exclude, persistent: place.kept };
    const now = await reader.read(folder, choice, { signal: options.signal });
    return listText(run.name, listDiff(parseManifest(list.toString('utf8')), now));
  }

  /**
   * Forgets what was kept of a run's code.
   *
   * @param id - the run
   */
  async forget(id: RunId): Promise<void> {
    await rm(this.patchPath(id), { force: true });
    await rm(this.listPath(id), { force: true });
  }

  // A patch lies on the computer that started the run alone: none here is no
  // proof that everything was committed.
  private async requirePatch(run: Run, commit: string): Promise<Buffer> {
    const patch = await readOr(this.patchPath(run.id));
    if (patch === null && wasPatchKept(run)) {
      throw noPatch(run, commit);
    }
    return patch ?? Buffer.alloc(0);
  }

  private patchPath(id: RunId): string {
    return join(this.folder, `${id}.patch`);
  }

  private listPath(id: RunId): string {
    return join(this.folder, `${id}.manifest`);
  }
}

async function readOr(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return null;
    }
    throw error;
  }
}

function noCode({ name }: Run): NotFoundError {
  return new NotFoundError('no-code', l10n.t('The code of “{0}” was not in a git repository', name));
}

// Older records do not tell; what was dirty may have had a patch.
function wasPatchKept({ code }: Run): boolean {
  return code !== null && (code.patch ?? code.dirty);
}

function noPatch({ id, name, starter }: Run, commit: string): NotFoundError {
  const short = commit.slice(0, 12);
  const text = l10n.t('What “{0}” had beside its commit {1} is not on this computer', name, short);
  return new NotFoundError('no-patch', text, {
    steps:
      starter === null
        ? []
        : [l10n.t('It was kept where the run was started, on {0}: show the code there.', starter.host)],
    nextAction: {
      title: l10n.t('Compare with the Commit Alone'),
      command: 'runctl.showRunCode',
      arguments: [id, COMMIT_ONLY],
    },
  });
}

// A run of another computer names a folder that may not be on this one.
async function folderOf(run: Run, others: readonly string[]): Promise<string> {
  const own = run.spec.place?.source ?? run.workspaceFolder ?? run.spec.directory;
  for (const folder of [own, ...others]) {
    const stats = await stat(folder).catch(() => null);
    if (stats?.isDirectory() === true) {
      return folder;
    }
  }
  return own;
}
