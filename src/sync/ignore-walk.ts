import { readdirSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { join, relative } from 'node:path';
import { pause } from './breath.ts';
import type { FoundNames } from './git-names.ts';
import { IgnoreRules, readIgnoreFile } from './ignore-rules.ts';
import type { RuleSource } from './ignore-rules.ts';
import type { OwnRules } from './own-rules.ts';
import type { FoundProblem } from './raw-source.ts';

/** Something that is not sent, a whole directory as one. */
export interface LeftOut {
  /** Relative to the root; a directory ends in `/`. */
  readonly path: string;
  /** Unset where git has to be asked. */
  readonly rule?: RuleSource;
}

/** What a walk found. */
export interface WalkedNames extends FoundNames {
  readonly leftOut: readonly LeftOut[];
}

/** How a walk goes. */
export interface WalkOptions {
  /** Where to begin, relative to the root: empty, or ending in `/`. */
  readonly from: string;
  /** Root of the repository around, whose ignore files count too. */
  readonly repository?: string | undefined;
  readonly own: OwnRules;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a tree by its ignore files, where git has no answer.
 *
 * @param root - absolute path
 * @param options - where to begin, the rules above
 * @returns names of all that is not ignored, and what is
 */
export async function namesByIgnoreFiles(
  root: string,
  options: WalkOptions,
): Promise<WalkedNames> {
  const { from, own, signal } = options;
  const repository = options.repository ?? join(root, from);
  const prefix = relative(repository, root).replaceAll('\\', '/');
  const above = prefix === '' || prefix.startsWith('..') ? '' : `${prefix}/`;
  const names: string[] = [];
  const leftOut: LeftOut[] = [];
  const problems: FoundProblem[] = [];
  const stack = [{ directory: from, rules: rulesAbove(repository, above) }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    await pause(signal);
    const { directory } = next;
    if (directory !== '') {
      own.addFile(root, directory);
    }
    const rules = withFile(next.rules, join(root, directory), above, directory, '.gitignore');
    for (const entry of children(join(root, directory), directory, problems)) {
      const path = `${directory}${entry.name}${entry.isDirectory() ? '/' : ''}`;
      const opinion = own.opinion(path);
      const ignored = rules.ignores(`${above}${path}`);
      if (opinion === 'leave' || (opinion === undefined && ignored)) {
        const rule = own.reason(path)?.rule ?? rules.ruleFor(`${above}${path}`);
        leftOut.push({ path, ...(rule === undefined ? {} : { rule }) });
        if (opinion === undefined && entry.isDirectory()) {
          names.push(...(await broughtBack(root, path, own, signal)));
        }
      } else if (entry.isDirectory()) {
        stack.push({ directory: path, rules });
      } else {
        names.push(path);
      }
    }
  }
  return { names, problems, leftOut };
}

/**
 * Finds the files in an ignored directory that rules of ours bring back.
 *
 * @param root - absolute path
 * @param directory - relative to the root, ending in `/`
 * @param own - the rules
 * @param signal - gives up
 * @returns names relative to the root
 */
export async function broughtBack(
  root: string,
  directory: string,
  own: OwnRules,
  signal?: AbortSignal,
): Promise<string[]> {
  const names: string[] = [];
  const stack = own.negations.length === 0 ? [] : [directory];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    await pause(signal);
    if (own.opinion(next) === 'leave' || !mayReach(own.negations, next)) {
      continue;
    }
    for (const entry of children(join(root, next), next, [])) {
      const path = `${next}${entry.name}`;
      if (entry.isDirectory()) {
        stack.push(`${path}/`);
      } else if (own.opinion(path) === 'send') {
        names.push(path);
      }
    }
  }
  return names;
}

// Spares a walk through all packages for the sake of one data file elsewhere.
function mayReach(negations: readonly string[], directory: string): boolean {
  return negations.some((pattern) => {
    const anchored = pattern.replace(/[ /]+$/, '').includes('/');
    const literal = (/^\/?([^*?[\\]*)/.exec(pattern)?.[1] ?? '').trimEnd();
    return !anchored || directory.startsWith(literal) || literal.startsWith(directory);
  });
}

function rulesAbove(repository: string, above: string): IgnoreRules {
  let rules = withFile(IgnoreRules.none, repository, '', '', '.git/info/exclude');
  const parts = above.split('/').slice(0, -1);
  for (const [index] of parts.entries()) {
    const base = parts.slice(0, index).map((part) => `${part}/`).join('');
    rules = withFile(rules, join(repository, base), '', base, '.gitignore');
  }
  return rules;
}

function withFile(
  rules: IgnoreRules,
  folder: string,
  above: string,
  directory: string,
  name: string,
): IgnoreRules {
  const base = `${above}${directory}`;
  const file = readIgnoreFile(join(folder, name), base, `${base}${name}`);
  return file === undefined ? rules : rules.with(file);
}

function children(absolute: string, directory: string, problems: FoundProblem[]): Dirent[] {
  try {
    const entries = readdirSync(absolute, { withFileTypes: true });
    const odd = entries.some(({ name }) => name.includes('\uFFFD'));
    const real = odd ? new Set(readableNames(absolute)) : undefined;
    return entries.filter(({ name }) => {
      const fine = real?.has(name) !== false;
      if (!fine) {
        problems.push({ kind: 'undecodable-name', path: `${directory}${name}` });
      }
      return fine;
    });
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      problems.push({ kind: 'unreadable', path: directory.replace(/\/$/, '') });
    }
    return [];
  }
}

// A name that is no UTF-8 does not come back as the same bytes.
function readableNames(absolute: string): string[] {
  return readdirSync(absolute, { encoding: 'buffer' })
    .filter((bytes) => Buffer.from(bytes.toString('utf8')).equals(bytes))
    .map((bytes) => bytes.toString('utf8'));
}
