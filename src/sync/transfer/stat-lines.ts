import type { ChangeSet } from './change-set.ts';
import { runsOf } from './line-patch.ts';
import type { Manifest } from './manifest.ts';
import type { TreeState } from './tree-state.ts';
import { listOf, ownEntries } from './tree-state.ts';

/** How the machine comes to know again what it put: files of a plan. */
export interface StatLines {
  /** `k FROM TO`: lines that hold as they are; `a COUNT`: so many that are looked at anew. */
  readonly patch: string;
  /** Calls that look at those. */
  readonly again: string;
}

/**
 * Tells which of a tree's stat lines hold after a switch: those of what was found
 * as we had put it, and stays. What a run changes meanwhile is never taken for ours.
 *
 * @param wanted - what the tree will hold
 * @param old - how it stands
 * @param changes - what the switch does
 * @returns the lines
 */
export function statLines(wanted: Manifest, old: TreeState, changes: ChangeSet): StatLines {
  const put = new Set([...changes.needed.map(({ entry }) => entry.path), ...changes.fix.map(pathOf)]);
  const own = ownEntries(wanted);
  const places = own.map(({ path }) => {
    const ours = old.entries.get(path);
    return ours?.state === 'clean' && !put.has(path) ? ours.number : undefined;
  });
  const again = own.filter((_entry, at) => places[at] === undefined);
  return { patch: runsOf(places), again: listOf(again) };
}

function pathOf({ path }: { readonly path: string }): string {
  return path;
}
