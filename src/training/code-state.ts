import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CodeState } from '../core/model/run.ts';

const run = promisify(execFile);
const MAX_PATCH_BYTES = 32 * 1024 * 1024;

/** The code a run starts from: where it stood and what was not committed. */
export interface CapturedCode {
  readonly state: CodeState | null;
  /** Patch of tracked files against the commit; `null` when there is none, or it is too large. */
  readonly patch: Buffer | null;
}

/**
 * Asks git about a folder, without changing anything in it.
 *
 * @param directory - absolute path on this host
 * @param signal - gives up
 * @returns what git tells; nulls when it is no repository or there is no git
 */
export async function captureCode(directory: string, signal?: AbortSignal): Promise<CapturedCode> {
  // No repository, no commit yet, or no git: a run must start all the same.
  const commit = await text(directory, ['rev-parse', 'HEAD'], signal);
  if (commit === null) {
    return { state: null, patch: null };
  }
  const branch = await text(directory, ['rev-parse', '--abbrev-ref', 'HEAD'], signal);
  const status = await text(directory, ['status', '--porcelain'], signal);
  // Whatever diff tools and converters the user has: only git's own form can be applied.
  const options = ['--binary', '--no-ext-diff', '--no-textconv', '--no-color'];
  const patch = await git(directory, ['diff', ...options, 'HEAD'], signal);
  return {
    state: { commit, branch: branch === 'HEAD' ? null : branch, dirty: status !== '' },
    patch: patch === null || patch.length === 0 ? null : patch,
  };
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
