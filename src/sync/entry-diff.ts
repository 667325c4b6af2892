import type { HashedStampedFile } from './hash-tree.ts';
import type { SourceLink } from './model.ts';

/** An entry as the thread keeps it. */
export type KeptEntry = HashedStampedFile | SourceLink;

/** A stretch of a new list: one that stands in the old list as it is, or new entries. */
export type EntryPart =
  | { readonly from: number; readonly count: number }
  | { readonly entries: readonly KeptEntry[] };

/**
 * Tells a list of entries by how it differs from an older one.
 *
 * @param old - sorted by path
 * @param now - sorted by path
 * @returns parts, which one after the other are the new list
 */
export function entryParts(old: readonly KeptEntry[], now: readonly KeptEntry[]): EntryPart[] {
  const parts: EntryPart[] = [];
  const places = new Map(old.map((entry, at) => [entry.path, at]));
  let kept = { from: 0, count: 0 };
  let fresh: KeptEntry[] = [];
  const flush = (): void => {
    if (kept.count > 0) {
      parts.push(kept);
    }
    if (fresh.length > 0) {
      parts.push({ entries: fresh });
    }
    fresh = [];
    kept = { from: 0, count: 0 };
  };
  for (const entry of now) {
    const next = kept.from + kept.count;
    const at = old[next]?.path === entry.path ? next : places.get(entry.path);
    const before = at === undefined ? undefined : old[at];
    if (at === undefined || before === undefined || !isSame(before, entry)) {
      fresh.push(entry);
      continue;
    }
    if (fresh.length > 0 || at !== next) {
      flush();
      kept = { from: at, count: 0 };
    }
    kept.count += 1;
  }
  flush();
  return parts;
}

function isSame(one: KeptEntry, other: KeptEntry): boolean {
  if (one.kind === 'link') {
    return other.kind === 'link' && one.target === other.target;
  }
  return (
    other.kind === 'file' &&
    one.stamp === other.stamp &&
    one.hash === other.hash &&
    one.mode === other.mode
  );
}
