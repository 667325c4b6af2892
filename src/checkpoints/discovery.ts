import { posix } from 'node:path';
import picomatch from 'picomatch';
import { directoryTotals } from './checkpoint-files.ts';
import type { CheckpointEntry, CheckpointFiles } from './checkpoint-files.ts';
import {
  DEFAULT_CHECKPOINT_GLOBS,
  DIRECTORY_DEPTH,
  directoryLayout,
  isShard,
  isTemporary,
  SEARCH_DEPTH,
} from './layout.ts';
import type { DirectoryLayout } from './layout.ts';

/** A checkpoint as the file system shows it, before anyone looked into it. */
export interface CheckpointCandidate {
  /** Absolute path on the machine. */
  readonly path: string;
  readonly kind: 'file' | 'directory';
  /** `null` for a file. */
  readonly layout: DirectoryLayout | null;
  /** Bytes, all files of a directory together. */
  readonly size: number;
  /** Last change of it or of anything in it, ms, the machine's clock. */
  readonly modifiedAt: number;
  /** Of a directory: everything below it. */
  readonly inside: readonly CheckpointEntry[];
}

/** Why something that looks like a checkpoint is not taken as one, or not wholly. */
export interface CheckpointProblem {
  /** Absolute path on the machine. */
  readonly path: string;
  /** English, for the log. */
  readonly reason: string;
}

/** What a directory holds. */
export interface Discovery {
  readonly candidates: readonly CheckpointCandidate[];
  readonly problems: readonly CheckpointProblem[];
  /** Every entry by absolute path, for side files. */
  readonly entries: ReadonlyMap<string, CheckpointEntry>;
}

/**
 * Finds checkpoints below a directory.
 *
 * @param files - the way to the machine's files
 * @param directory - absolute path on the machine
 * @param globs - what is a checkpoint, relative to the directory; none for the defaults
 * @returns checkpoints in no order; a file within a directory checkpoint is none itself
 * @throws {IoError} when the directory cannot be read
 */
export async function discoverCheckpoints(
  files: CheckpointFiles,
  directory: string,
  globs: readonly string[] = [],
): Promise<Discovery> {
  const listed = await files.list(directory, SEARCH_DEPTH + DIRECTORY_DEPTH);
  const usable = listed.filter((entry) => entry.kind !== 'other' && !isTemporary(entry.path));
  const tree = new Tree(usable);
  const wanted = new Globs(globs.length === 0 ? DEFAULT_CHECKPOINT_GLOBS : globs);
  const candidates: CheckpointCandidate[] = [];
  const problems: CheckpointProblem[] = [];
  const visit = (parent: string, depth: number): void => {
    for (const entry of tree.children(parent)) {
      const path = posix.join(directory, entry.path);
      if (entry.kind === 'file') {
        if (wanted.file(entry.path)) {
          if (isShard(entry.path)) {
            problems.push({ path, reason: 'one shard of several files in the top directory' });
          } else {
            candidates.push({ ...facts(entry, path), kind: 'file', layout: null, inside: [] });
          }
        }
        continue;
      }
      const inside = tree.below(entry.path);
      const layout = layoutOf(entry, tree, inside, wanted);
      if (layout !== null) {
        const totals = directoryTotals(entry.modifiedAt, inside);
        candidates.push({ path, kind: 'directory', layout, inside, ...totals });
      } else if (depth < SEARCH_DEPTH) {
        visit(entry.path, depth + 1);
      }
    }
  };
  visit('', 1);
  const entries = new Map(usable.map((entry) => [posix.join(directory, entry.path), entry]));
  return { candidates, problems, entries };
}

function facts(
  entry: CheckpointEntry,
  path: string,
): Pick<CheckpointCandidate, 'path' | 'size' | 'modifiedAt'> {
  return { path, size: entry.size, modifiedAt: entry.modifiedAt };
}

// A directory of known shape counts when the user's globs want it or something in it.
function layoutOf(
  entry: CheckpointEntry,
  tree: Tree,
  inside: readonly CheckpointEntry[],
  wanted: Globs,
): DirectoryLayout | null {
  const names = tree.children(entry.path).map((child) => posix.basename(child.path));
  const layout = directoryLayout(posix.basename(entry.path), new Set(names));
  const named = wanted.directory(entry.path);
  if (layout === null) {
    return named && inside.length > 0 ? 'plain' : null;
  }
  const holdsWanted = inside.some((child) => child.kind === 'file' && wanted.file(child.path));
  return wanted.isDefault || named || holdsWanted ? layout : null;
}

class Globs {
  readonly isDefault: boolean;
  private readonly matches: (path: string) => boolean;
  private readonly matchesDirectory: (path: string) => boolean;

  constructor(globs: readonly string[]) {
    this.isDefault = globs === DEFAULT_CHECKPOINT_GLOBS;
    this.matches = picomatch([...globs]);
    // `*` or `**/*` would make every directory one big checkpoint.
    const naming = globs
      .map((glob) => glob.replace(/\/$/, ''))
      .filter((glob) => /[a-z0-9]/i.test(posix.basename(glob)));
    this.matchesDirectory = naming.length === 0 ? () => false : picomatch(naming);
  }

  file(path: string): boolean {
    return this.matches(path);
  }

  directory(path: string): boolean {
    return this.matchesDirectory(path);
  }
}

/** Parent to children, so that a deep list is walked once. */
class Tree {
  private readonly byParent = new Map<string, CheckpointEntry[]>();

  constructor(entries: readonly CheckpointEntry[]) {
    for (const entry of entries) {
      const cut = entry.path.lastIndexOf('/');
      const parent = cut < 0 ? '' : entry.path.slice(0, cut);
      const siblings = this.byParent.get(parent);
      if (siblings === undefined) {
        this.byParent.set(parent, [entry]);
      } else {
        siblings.push(entry);
      }
    }
  }

  children(parent: string): readonly CheckpointEntry[] {
    return this.byParent.get(parent) ?? [];
  }

  below(parent: string): CheckpointEntry[] {
    return this.children(parent).flatMap((entry) =>
      entry.kind === 'directory' ? [entry, ...this.below(entry.path)] : [entry],
    );
  }
}
