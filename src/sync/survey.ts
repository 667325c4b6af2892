import type { MissingImport } from './import-check.ts';
import type { HashedTree, SourceEntry, SourceProblem, SourceTree } from './model.ts';

/** A file or directory and its size. */
export interface SizedPath {
  /** Relative to the root; a directory ends in `/`. */
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
}

/** What a person should know before the first send. */
export interface SyncSurvey {
  readonly files: number;
  readonly links: number;
  readonly bytes: number;
  /** At most ten, largest first. */
  readonly largestFiles: readonly SizedPath[];
  /** Directories at the top, at most ten, largest first. */
  readonly largestDirectories: readonly SizedPath[];
  readonly problems: readonly SourceProblem[];
  readonly missingImports: readonly MissingImport[];
}

const MOST = 10;

/**
 * Sums up a tree.
 *
 * @param tree - what would be sent
 * @param missingImports - what the script needs and would not find
 * @returns the survey
 */
export function surveyOf(
  tree: SourceTree | HashedTree,
  missingImports: readonly MissingImport[] = [],
): SyncSurvey {
  const entries: readonly SourceEntry[] = tree.entries;
  const files = entries.filter((entry) => entry.kind === 'file');
  return {
    files: files.length,
    links: entries.length - files.length,
    bytes: tree.bytes,
    largestFiles: largest(files.map(({ path, size }) => ({ path, files: 1, bytes: size }))),
    largestDirectories: largest(topDirectories(files)),
    problems: tree.problems,
    missingImports,
  };
}

function topDirectories(files: readonly { readonly path: string; readonly size: number }[]) {
  const sums = new Map<string, SizedPath>();
  for (const { path, size } of files) {
    const slash = path.indexOf('/');
    if (slash !== -1) {
      const top = path.slice(0, slash + 1);
      const sum = sums.get(top) ?? { path: top, files: 0, bytes: 0 };
      sums.set(top, { path: top, files: sum.files + 1, bytes: sum.bytes + size });
    }
  }
  return [...sums.values()];
}

function largest(all: readonly SizedPath[]): SizedPath[] {
  return all.toSorted((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1)).slice(0, MOST);
}
