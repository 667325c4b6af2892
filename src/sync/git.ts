import { isUtf8 } from 'node:buffer';
import { execFile } from 'node:child_process';
import type { ExecFileException } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What git said. */
export interface GitAnswer {
  /** `null` when there is no git. */
  readonly code: number | null;
  readonly stdout: Buffer;
  /** In English. */
  readonly stderr: string;
}

/** What a call of git may be given. */
export interface GitCallOptions {
  /** Standard input. */
  readonly input?: Buffer;
  readonly signal?: AbortSignal | undefined;
}

const MAX_OUTPUT_BYTES = 1024 * 1024 * 1024;
const TIMEOUT_MS = 120_000;

// A repository may name programs of its own; none of them runs for a look.
const SAFE = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '--no-pager'];

// Set where an editor was started from a hook: they would lead to another repository.
const REDIRECTING = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_COMMON_DIR',
  'GIT_PREFIX',
  'GIT_NAMESPACE',
];

/**
 * Asks git, without changing anything and without running what a repository names.
 *
 * @param directory - absolute path
 * @param args - subcommand and arguments
 * @param options - input and signal
 * @returns the answer, whatever the exit code
 * @throws {Error} the reason of the signal when it is aborted; what ended git before its answer
 */
export async function askGit(
  directory: string,
  args: readonly string[],
  options: GitCallOptions = {},
): Promise<GitAnswer> {
  const { input, signal } = options;
  signal?.throwIfAborted();
  const answer = await new Promise<GitAnswer>((resolve, reject) => {
    const child = execFile(
      'git',
      ['--no-optional-locks', ...SAFE, '-C', directory, ...args],
      {
        encoding: 'buffer',
        maxBuffer: MAX_OUTPUT_BYTES,
        timeout: TIMEOUT_MS,
        env: environment(),
        ...(signal === undefined ? {} : { signal }),
      },
      (error, stdout, stderr) => {
        const code = codeOf(error);
        if (code === undefined) {
          reject(error ?? new Error('git ended'));
        } else {
          resolve({ code, stdout, stderr: stderr.toString('utf8') });
        }
      },
    );
    // It may end before it has read all.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
  return answer;
}

/**
 * Finds the repository a directory lies in, by its looks alone.
 *
 * @param directory - absolute path
 * @returns the nearest directory with a `.git`, or `undefined`
 */
export function enclosingRepository(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) {
      return at;
    }
    if (dirname(at) === at) {
      return undefined;
    }
  }
}

/** Names as git writes them with `-z`. */
export interface DecodedNames {
  readonly names: string[];
  /** Names that are no UTF-8, with marks in place of what cannot be read. */
  readonly undecodable: string[];
}

/**
 * Splits a list of names that end in NUL.
 *
 * @param output - of git
 * @returns the names, without repetition
 */
export function decodeNames(output: Buffer): DecodedNames {
  if (isUtf8(output)) {
    const names = new Set(output.toString('utf8').split('\0'));
    names.delete('');
    return { names: [...names], undecodable: [] };
  }
  const names = new Set<string>();
  const undecodable = new Set<string>();
  for (let from = 0; from < output.length; ) {
    const nul = output.indexOf(0, from);
    const end = nul === -1 ? output.length : nul;
    const bytes = output.subarray(from, end);
    (isUtf8(bytes) ? names : undecodable).add(bytes.toString('utf8'));
    from = end + 1;
  }
  return { names: [...names], undecodable: [...undecodable] };
}

// `undefined` when it was ended: other files must not be sent for the sake of a busy host.
function codeOf(error: ExecFileException | null): number | null | undefined {
  if (error === null) {
    return 0;
  }
  if (typeof error.code === 'number') {
    return error.code;
  }
  return ['ENOENT', 'EACCES'].includes(String(error.code)) ? null : undefined;
}

function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !REDIRECTING.includes(name));
  return {
    ...Object.fromEntries(kept),
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  };
}
