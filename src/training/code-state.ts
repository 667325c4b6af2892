import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CodeState } from '../core/model/run.ts';

const run = promisify(execFile);
const MAX_PATCH_BYTES = 32 * 1024 * 1024;

/** The code a run starts from: where it stood and what was not committed. */
export interface CapturedCode {
  readonly state: CodeState | null;
  /** Patch against the commit; empty when clean, `null` when unknown or too large. */
  readonly patch: string | null;
}

/**
 * Asks git about a folder, without changing anything in it.
 *
 * @param directory - absolute path on this host
 * @param signal - gives up
 * @returns what git tells; nulls when it is no repository or there is no git
 */
export async function captureCode(directory: string, signal?: AbortSignal): Promise<CapturedCode> {
  try {
    const commit = (await git(directory, ['rev-parse', 'HEAD'], signal)).trim();
    const branch = (await git(directory, ['rev-parse', '--abbrev-ref', 'HEAD'], signal)).trim();
    const status = await git(directory, ['status', '--porcelain'], signal);
    const patch = await git(directory, ['diff', '--binary', 'HEAD'], signal);
    return {
      state: { commit, branch: branch === 'HEAD' ? null : branch, dirty: status !== '' },
      patch,
    };
  } catch {
    // No repository, no commit yet, no git, or a patch beyond the limit: a run
    // must start all the same, and its record says that the code is unknown.
    return { state: null, patch: null };
  }
}

async function git(
  directory: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const { stdout } = await run('git', ['--no-optional-locks', '-C', directory, ...args], {
    maxBuffer: MAX_PATCH_BYTES,
    timeout: 10_000,
    ...(signal === undefined ? {} : { signal }),
  });
  return stdout;
}
