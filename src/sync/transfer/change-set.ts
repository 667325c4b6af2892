import type { Manifest, ManifestEntry, ManifestFile } from './manifest.ts';
import { isPersistent } from './manifest.ts';
import type { SumBook } from './sum-book.ts';
import type { OurEntry, TreeState } from './tree-state.ts';
import { foldersOf } from './tree-state.ts';

/** Something that has to be put in place. */
export interface NeededEntry {
  readonly entry: ManifestEntry;
  /** Where it waits on the machine, relative to the stage. */
  readonly stagePath: string;
  /** `put`: over ours; `fresh`: what stands there is a run's; `seed`: only where nothing is. */
  readonly how: 'put' | 'fresh' | 'seed';
}

/** All that makes a tree into what it should be. */
export interface ChangeSet {
  readonly needed: readonly NeededEntry[];
  /** Ours, as we put them, no longer wanted. */
  readonly gone: readonly string[];
  /** Ours, changed by a run, no longer wanted. */
  readonly changed: readonly string[];
  /** Folders no longer wanted, innermost first. */
  readonly prune: readonly string[];
  /** Right content, other times or permissions. */
  readonly fix: readonly ManifestFile[];
  /** No longer folders of runs. */
  readonly unlink: readonly string[];
  /** Paths of ours that a run changed. */
  readonly drifted: ReadonlySet<string>;
}

/**
 * Finds what has to change.
 *
 * @param wanted - what the tree should hold
 * @param old - what it holds of ours, if anything
 * @param sums - hashes in the machine's words
 * @returns the changes
 */
export function changeSet(
  wanted: Manifest,
  old: TreeState | undefined,
  sums: SumBook,
): ChangeSet {
  const needed: NeededEntry[] = [];
  const fix: ManifestFile[] = [];
  const oldSeeds = seedsOf(old);
  for (const entry of wanted.entries) {
    const { path } = entry;
    if (isPersistent(path, wanted.persistent)) {
      if (!isSameContent(entry, oldSeeds.get(path))) {
        needed.push({ entry, stagePath: `seed/${path}`, how: 'seed' });
      }
      continue;
    }
    const ours = old?.entries.get(path);
    const stand = ours === undefined ? 'missing' : standing(entry, ours, sums);
    if (stand === 'fix' && entry.kind === 'file') {
      fix.push(entry);
    } else if (stand !== 'right') {
      const isOurs = ours !== undefined && ours.state !== 'drift' && ours.state !== 'gone';
      needed.push({ entry, stagePath: `f/${path}`, how: isOurs ? 'put' : 'fresh' });
    }
  }
  return { needed, fix, ...removals(wanted, old) };
}

/**
 * Counts what a change puts and takes.
 *
 * @param changes - the changes
 * @returns whether there is none
 */
export function isNothing(changes: ChangeSet): boolean {
  const { needed, gone, changed, fix, unlink } = changes;
  return [needed, gone, changed, fix, unlink].every((list) => list.length === 0);
}

function standing(entry: ManifestEntry, ours: OurEntry, sums: SumBook): 'right' | 'fix' | 'wrong' {
  const { state, found } = ours;
  if (entry.kind === 'file' && state === 'drift') {
    // A run wrote what we want anyway, such as formatted code.
    return found === sums.sumOf(entry) ? 'fix' : 'wrong';
  }
  if (state === 'gone' || state === 'drift' || !isSameContent(entry, ours.entry)) {
    return 'wrong';
  }
  if (entry.kind === 'link' || ours.entry.kind === 'link') {
    return 'right';
  }
  const { mode, stamp } = ours.entry;
  return state === 'clean' && mode === entry.mode && stamp === entry.stamp ? 'right' : 'fix';
}

function removals(
  wanted: Manifest,
  old: TreeState | undefined,
): Omit<ChangeSet, 'needed' | 'fix'> {
  const gone: string[] = [];
  const changed: string[] = [];
  const drifted = new Set<string>();
  const kept = new Set(wanted.entries.map((entry) => entry.path));
  for (const [path, { state }] of old?.entries ?? []) {
    if (state === 'drift') {
      drifted.add(path);
    }
    // What is now in a folder of runs moves there with its folder.
    if (!kept.has(path) && !isPersistent(path, wanted.persistent)) {
      if (state === 'drift') {
        changed.push(path);
      } else if (state !== 'gone') {
        gone.push(path);
      }
    }
  }
  const folders = new Set(foldersOf(wanted));
  const prune = (old === undefined ? [] : foldersOf(old.manifest))
    .filter((folder) => !folders.has(folder) && !isPersistent(folder, wanted.persistent))
    .reverse();
  const unlink = (old?.manifest.persistent ?? []).filter(
    (path) => !wanted.persistent.includes(path),
  );
  return { gone, changed, prune, unlink, drifted };
}

function seedsOf(old: TreeState | undefined): ReadonlyMap<string, ManifestEntry> {
  const { persistent = [], entries = [] } = old?.manifest ?? {};
  const seeds = entries.filter((entry) => isPersistent(entry.path, persistent));
  return new Map(seeds.map((entry) => [entry.path, entry]));
}

function isSameContent(entry: ManifestEntry, other: ManifestEntry | undefined): boolean {
  if (entry.kind === 'link') {
    return other?.kind === 'link' && other.target === entry.target;
  }
  return other?.kind === 'file' && other.hash !== '' && other.hash === entry.hash;
}
