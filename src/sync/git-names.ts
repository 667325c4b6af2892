import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { askGit, decodeNames } from './git.ts';
import type { RuleSource } from './ignore-rules.ts';
import type { FoundProblem } from './raw-source.ts';

/** Names of a tree, before anybody has looked at what they stand for. */
export interface FoundNames {
  /** Relative to the root; what ends in `/` is a repository inside. */
  readonly names: readonly string[];
  readonly problems: readonly FoundProblem[];
}

/** Git did not answer. */
export interface GitRefusal {
  /** First line of what it said; empty when there is no git. */
  readonly refusal: string;
}

const LIST = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
const IGNORED = ['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory'];

/**
 * Asks git which files of a directory it tracks, or would.
 *
 * @param root - absolute path of a directory inside a repository
 * @param signal - gives up
 * @returns names relative to the root; or why there are none
 */
export async function namesByGit(
  root: string,
  signal?: AbortSignal,
): Promise<FoundNames | GitRefusal> {
  const { code, stdout, stderr } = await askGit(root, LIST, { signal });
  if (code !== 0) {
    return { refusal: stderr.trim().split('\n')[0] ?? '' };
  }
  const { names, undecodable } = decodeNames(stdout);
  return {
    names,
    problems: [
      ...undecodable.map((path): FoundProblem => ({ kind: 'undecodable-name', path })),
      ...unopened(stderr).map((path): FoundProblem => ({ kind: 'unreadable', path })),
    ],
  };
}

/**
 * Tells whether a directory inside a repository is itself ignored there, such
 * as a project in a home directory whose settings are kept in git.
 *
 * @param root - absolute path
 * @param signal - gives up
 * @returns whether git ignores it as a whole
 */
export async function isIgnoredByGit(root: string, signal?: AbortSignal): Promise<boolean> {
  const { code } = await askGit(root, ['check-ignore', '-q', '--', root], { signal });
  return code === 0;
}

/**
 * Asks git what it ignores, whole directories as one.
 *
 * @param root - absolute path of a directory inside a repository
 * @param signal - gives up
 * @returns paths relative to the root; directories end in `/`
 */
export async function ignoredByGit(root: string, signal?: AbortSignal): Promise<string[]> {
  const { code, stdout } = await askGit(root, IGNORED, { signal });
  return code === 0 ? decodeNames(stdout).names.filter((name) => name !== './') : [];
}

/**
 * Asks git which of some paths it ignores.
 *
 * @param root - absolute path of a directory inside a repository
 * @param paths - relative to the root
 * @param signal - gives up
 * @returns those that are ignored
 */
export async function filterIgnored(
  root: string,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  if (paths.length === 0) {
    return new Set();
  }
  const input = Buffer.from(paths.map((path) => `${path}\0`).join(''));
  const { stdout } = await askGit(root, ['check-ignore', '-z', '--stdin'], { input, signal });
  return new Set(decodeNames(stdout).names);
}

/**
 * Asks git which line of which file ignores some paths.
 *
 * @param root - absolute path of a directory inside a repository
 * @param paths - relative to the root; directories end in `/`
 * @param signal - gives up
 * @returns the rule of each path that one matches
 */
export async function rulesByGit(
  root: string,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, RuleSource>> {
  const rules = new Map<string, RuleSource>();
  if (paths.length === 0) {
    return rules;
  }
  const input = Buffer.from(paths.map((path) => `${path}\0`).join(''));
  const args = ['check-ignore', '--verbose', '-z', '--stdin'];
  const { stdout } = await askGit(root, args, { input, signal });
  const fields = stdout.toString('utf8').split('\0');
  for (let at = 0; at + 3 < fields.length; at += 4) {
    const [source = '', line = '', pattern = '', path = ''] = fields.slice(at, at + 4);
    rules.set(path, { source, line: Number(line), pattern });
  }
  return rules;
}

/**
 * Tells what a directory is that git names as one thing.
 *
 * @param directory - absolute path
 * @returns a repository of its own, a submodule that is not checked out, or neither
 */
export function nestedKind(directory: string): 'repository' | 'empty' | 'other' {
  if (existsSync(join(directory, '.git'))) {
    return 'repository';
  }
  try {
    return readdirSync(directory).length === 0 ? 'empty' : 'other';
  } catch {
    return 'other';
  }
}

// Git goes on without a directory it cannot read, and says so on the side.
function unopened(stderr: string): string[] {
  return [...stderr.matchAll(/^warning: could not open directory '(.*?)\/?': /gm)].flatMap(
    ([, path]) => (path === undefined ? [] : [path]),
  );
}
