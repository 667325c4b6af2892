import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { promisify } from 'node:util';
import type { CodeState } from '../core/model/run.ts';
import { decodeNames } from '../sync/git.ts';
import type { UntrackedCode } from './untracked-code.ts';
import { readUntracked } from './untracked-code.ts';

const run = promisify(execFile);
const MAX_PATCH_BYTES = 32 * 1024 * 1024;
// Whatever diff tools, converters and prefixes the user has: only git's own form can be applied.
const DIFF = [
  ...['diff', '--binary', '--no-ext-diff', '--no-textconv', '--no-color'],
  ...['--src-prefix=a/', '--dst-prefix=b/', 'HEAD'],
];

/** The code a run starts from: where it stood and what was not committed. */
export interface CapturedCode {
  readonly state: CodeState | null;
  /**
   * What git applies to the commit to get the code: changes of tracked files
   * and untracked text files, after `#` lines that name what is not in it.
   * `null` when there is nothing to tell.
   */
  readonly patch: Buffer | null;
}

/**
 * Asks git about a folder, without changing anything in it.
 *
 * @param directory - absolute path on this host
 * @param outputs - absolute directories that runs write to: no code
 * @param signal - gives up
 * @returns what git tells; nulls when it is no repository or there is no git
 */
export async function captureCode(
  directory: string,
  outputs: readonly string[] = [],
  signal?: AbortSignal,
): Promise<CapturedCode> {
  // No repository, no commit yet, or no git: a run must start all the same.
  const commit = await text(directory, ['rev-parse', 'HEAD'], signal);
  if (commit === null) {
    return { state: null, patch: null };
  }
  const branch = await text(directory, ['rev-parse', '--abbrev-ref', 'HEAD'], signal);
  const status = await text(directory, ['status', '--porcelain'], signal);
  const root = (await text(directory, ['rev-parse', '--show-toplevel'], signal)) ?? directory;
  const patch = await patchOf(root, outputs, signal);
  return {
    state: {
      commit,
      branch: branch === 'HEAD' ? null : branch,
      dirty: status !== '',
      patch: patch.length > 0,
    },
    patch: patch.length === 0 ? null : patch,
  };
}

async function patchOf(
  root: string,
  outputs: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const tracked = await git(root, DIFF, signal);
  const untracked = await untrackedOf(root, outputs, signal);
  const missing = [
    ...(tracked === null ? ['changes of tracked files: too many, or git failed'] : []),
    ...untracked.leftOut,
  ];
  // What stands before the first file is nothing to git.
  const head = missing.length === 0 ? [] : ['Not in this patch:', ...missing];
  return Buffer.concat([
    Buffer.from(head.map((line) => `# ${line}\n`).join('')),
    tracked ?? Buffer.alloc(0),
    untracked.patch,
  ]);
}

async function untrackedOf(
  root: string,
  outputs: readonly string[],
  signal: AbortSignal | undefined,
): Promise<UntrackedCode> {
  const list = await git(root, ['ls-files', '--others', '--exclude-standard', '-z'], signal);
  if (list === null) {
    return { patch: Buffer.alloc(0), leftOut: ['untracked files: too many, or git failed'] };
  }
  const { names, undecodable } = decodeNames(list);
  const folders = (await Promise.all(outputs.map((path) => below(root, path)))).flat();
  const skip = (name: string): boolean => folders.some((folder) => name.startsWith(folder));
  const { patch, leftOut } = await readUntracked(root, names, skip, signal);
  const unreadable = undecodable.map((name) => `${JSON.stringify(name)}: its name is no UTF-8`);
  return { patch, leftOut: [...leftOut, ...unreadable] };
}

// As git names it, with `/` at its end; none for what is no folder below the root.
async function below(root: string, path: string): Promise<readonly string[]> {
  const real = await realpath(path).catch(() => path);
  const name = relative(root, real).split(sep).join('/');
  return name === '' || name === '..' || name.startsWith('../') ? [] : [`${name}/`];
}

async function text(
  directory: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string | null> {
  return (await git(directory, args, signal))?.toString('utf8').trim() ?? null;
}

// `null` when git has no answer; a cancel is passed on.
async function git(
  directory: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Buffer | null> {
  try {
    const { stdout } = await run('git', ['--no-optional-locks', '-C', directory, ...args], {
      maxBuffer: MAX_PATCH_BYTES,
      timeout: 10_000,
      encoding: 'buffer',
      ...(signal === undefined ? {} : { signal }),
    });
    return stdout;
  } catch (error) {
    if (signal?.aborted === true) {
      throw error;
    }
    return null;
  }
}
