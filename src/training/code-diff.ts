import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as l10n from '@vscode/l10n';
import { IoError, NotFoundError } from '../core/errors.ts';
import { captureCode } from './code-state.ts';

const run = promisify(execFile);
const MAX_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 60_000;

/** Code as it was kept: a commit, and what was not committed. */
export interface KeptCode {
  readonly commit: string;
  /** As git applies it to the commit; empty for none. */
  readonly patch: Buffer;
}

/**
 * Compares the code of a run with that of its folder now. Nothing in the
 * repository is changed, not even its objects.
 *
 * @param folder - absolute path on this host, in the repository
 * @param then - the code of the run
 * @param outputs - absolute directories in it that runs write to
 * @param signal - gives up
 * @returns what git prints; empty when both are the same
 * @throws {NotFoundError} when the folder is no repository, or has the commit no more
 * @throws {IoError} when git cannot put the code together again
 */
export async function codeDiff(
  folder: string,
  then: KeptCode,
  outputs: readonly string[] = [],
  signal?: AbortSignal,
): Promise<string> {
  const { state, patch } = await captureCode(folder, outputs, signal);
  if (state?.commit == null) {
    throw new NotFoundError('no-repository', l10n.t('{0} is not in a git repository', folder));
  }
  const scratch = await mkdtemp(join(tmpdir(), 'runctl-code-'));
  try {
    const git = await Repository.open(folder, scratch, signal);
    const before = await git.tree(then);
    const now = await git.tree({ commit: state.commit, patch: patch ?? Buffer.alloc(0) });
    return await git.diff(before, now);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

// New objects go into a folder of ours; those of the repository are only read.
class Repository {
  private readonly root: string;
  private readonly scratch: string;
  private readonly objects: string;
  private readonly signal: AbortSignal | undefined;

  private constructor(
    root: string,
    scratch: string,
    objects: string,
    signal: AbortSignal | undefined,
  ) {
    this.root = root;
    this.scratch = scratch;
    this.objects = objects;
    this.signal = signal;
  }

  static async open(
    folder: string,
    scratch: string,
    signal: AbortSignal | undefined,
  ): Promise<Repository> {
    const ask = async (what: string): Promise<string> => {
      const args = ['-C', folder, 'rev-parse', '--path-format=absolute', what];
      const { stdout } = await run('git', args, { timeout: TIMEOUT_MS, ...(signal && { signal }) });
      return stdout.replace(/\n$/, '');
    };
    const objects = join(await ask('--git-common-dir'), 'objects');
    // git takes a folder without it for no repository.
    await mkdir(join(scratch, 'objects'));
    return new Repository(await ask('--show-toplevel'), scratch, objects, signal);
  }

  async tree({ commit, patch }: KeptCode): Promise<string> {
    const known = await this.git(['cat-file', '-e', `${commit}^{commit}`]).catch(() => null);
    if (known === null) {
      const text = l10n.t('The commit {0} is not in this repository any more', commit.slice(0, 12));
      throw new NotFoundError('commit-gone', text);
    }
    try {
      await this.git(['read-tree', commit]);
      if (patch.length > 0) {
        await this.git(['apply', '--cached', '--whitespace=nowarn', '--allow-empty', '-'], patch);
      }
      return (await this.git(['write-tree'])).toString('utf8').trim();
    } catch (cause) {
      throw new IoError('code-unreadable', l10n.t('The code of the run cannot be put together again'), {
        cause,
      });
    }
  }

  async diff(before: string, now: string): Promise<string> {
    const plain = ['--no-ext-diff', '--no-textconv', '--no-color', '--find-renames'];
    return (await this.git(['diff', ...plain, before, now])).toString('utf8');
  }

  private async git(args: readonly string[], stdin?: Buffer): Promise<Buffer> {
    const env = {
      ...process.env,
      GIT_INDEX_FILE: join(this.scratch, 'index'),
      GIT_OBJECT_DIRECTORY: join(this.scratch, 'objects'),
      GIT_ALTERNATE_OBJECT_DIRECTORIES: this.objects,
    };
    const asked = run('git', ['-C', this.root, ...args], {
      env,
      encoding: 'buffer',
      maxBuffer: MAX_BYTES,
      timeout: TIMEOUT_MS,
      ...(this.signal === undefined ? {} : { signal: this.signal }),
    });
    // git may have its answer before it has read all.
    asked.child.stdin?.on('error', () => undefined);
    asked.child.stdin?.end(stdin ?? '');
    return (await asked).stdout;
  }
}
