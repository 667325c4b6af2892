import { isUtf8 } from 'node:buffer';
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { isAbsolute, join, posix } from 'node:path';
import { pause } from './breath.ts';
import type { SourceLink } from './model.ts';
import type { FoundProblem, StampedFile } from './raw-source.ts';

/** What names turned out to stand for. */
export interface LookedAt {
  readonly entries: (StampedFile | SourceLink)[];
  /** Relative to the root, without a slash at the end. */
  readonly directories: string[];
  readonly problems: FoundProblem[];
}

const SEPARATORS = process.platform === 'win32' ? /[/\\]/ : '/';
const NANOSECONDS = 1_000_000n;
// Looked at in one go: to ask for the time costs as much as to look at a file.
const FEW = 50;
// As many as Linux follows.
const MOST_LINKS = 40;
const PERMISSIONS = 0o7777n;

/**
 * Looks at each file of a tree. What vanished meanwhile is no longer part of it.
 *
 * @param root - absolute path
 * @param names - relative to the root
 * @param signal - gives up
 * @returns files and links; directories for the caller to read; problems
 */
export async function lookAtFiles(
  root: string,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<LookedAt> {
  const seen: LookedAt = { entries: [], directories: [], problems: [] };
  const prefix = join(root, '/');
  for (const [at, name] of names.entries()) {
    if (at % FEW === 0) {
      await pause(signal);
    }
    const path = name.endsWith('/') ? name.slice(0, -1) : name;
    try {
      const stats = lstatSync(prefix + path, { bigint: true, throwIfNoEntry: false });
      if (stats !== undefined) {
        sort(root, path, stats, seen);
      }
    } catch (error) {
      // ENOTDIR: a directory became a file.
      if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') {
        seen.problems.push({ kind: 'unreadable', path });
      }
    }
  }
  return seen;
}

/**
 * Describes a file as it is now.
 *
 * @param path - relative to the root
 * @param stats - of the file
 * @returns the entry
 */
export function stampedFile(path: string, stats: BigIntStats): StampedFile {
  const identity = `${stats.dev}:${stats.ino}`;
  const last = stats.mtimeNs > stats.ctimeNs ? stats.mtimeNs : stats.ctimeNs;
  return {
    kind: 'file',
    path,
    size: Number(stats.size),
    modifiedAt: Number(stats.mtimeNs / NANOSECONDS),
    mode: Number(stats.mode & PERMISSIONS),
    identity,
    stamp: `${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}:${identity}`,
    touchedAt: Number(last / NANOSECONDS),
  };
}

/**
 * Finds sockets, pipes and devices beside the files of a tree: git passes them over.
 *
 * @param root - absolute path
 * @param entries - what is sent
 * @param signal - gives up
 * @returns paths relative to the root
 */
export async function specialFiles(
  root: string,
  entries: readonly { readonly path: string }[],
  signal?: AbortSignal,
): Promise<string[]> {
  const found: string[] = [];
  for (const directory of new Set(['.', ...entries.map(({ path }) => posix.dirname(path))])) {
    await pause(signal);
    const prefix = directory === '.' ? '' : `${directory}/`;
    for (const entry of readdir(join(root, directory))) {
      const plain = entry.isFile() || entry.isDirectory() || entry.isSymbolicLink();
      if (!plain) {
        found.push(`${prefix}${entry.name}`);
      }
    }
  }
  return found;
}

/**
 * Says what is wrong with links whose target will not be on the machine.
 *
 * @param links - of the tree
 * @param isThere - whether a path will be there: a file, a link, or a directory
 * @returns problems
 */
export function danglingLinks(
  links: readonly SourceLink[],
  isThere: (path: string) => boolean,
): FoundProblem[] {
  return links
    .filter(({ path, target }) => !isThere(lexical(path, target)))
    .map(({ path, target }) => ({ kind: 'dangling-link', path, about: target }));
}

function sort(root: string, path: string, stats: BigIntStats, seen: LookedAt): void {
  if (stats.isFile()) {
    seen.entries.push(stampedFile(path, stats));
  } else if (stats.isDirectory()) {
    seen.directories.push(path);
  } else if (stats.isSymbolicLink()) {
    const link = readLink(root, path);
    if ('target' in link) {
      seen.entries.push(link);
    } else {
      seen.problems.push(link);
    }
  } else {
    seen.problems.push({ kind: 'special-file', path });
  }
}

function readLink(root: string, path: string): SourceLink | FoundProblem {
  const bytes = readlinkSync(join(root, path), { encoding: 'buffer' });
  const written = bytes.toString('utf8');
  const target = process.platform === 'win32' ? written.replaceAll('\\', '/') : written;
  if (!isUtf8(bytes)) {
    return { kind: 'undecodable-name', path, detail: 'target', about: target };
  }
  if (isAbsolute(written)) {
    return { kind: 'outside-link', path, detail: 'absolute', about: target };
  }
  if (leadsOut(root, path, target)) {
    return { kind: 'outside-link', path, about: target };
  }
  return { kind: 'link', path, target };
}

function lexical(path: string, target: string): string {
  return posix.join(posix.dirname(path), target).replace(/\/$/, '');
}

// Step by step as the system would: a link that looks harmless may lead out
// through another one, and its end need not exist.
function leadsOut(root: string, path: string, target: string): boolean {
  const at = path.split('/').slice(0, -1);
  const steps = target.split('/').reverse();
  let links = 0;
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    if (step === '..') {
      if (at.pop() === undefined) {
        return true;
      }
    } else if (step !== '' && step !== '.') {
      at.push(step);
      const next = linkTarget(join(root, ...at));
      if (next !== undefined && (isAbsolute(next) || (links += 1) > MOST_LINKS)) {
        return isAbsolute(next);
      }
      if (next !== undefined) {
        at.pop();
        steps.push(...next.split(SEPARATORS).reverse());
      }
    }
  }
  return false;
}

function linkTarget(absolute: string): string | undefined {
  try {
    return readlinkSync(absolute);
  } catch {
    return undefined;
  }
}

function readdir(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
