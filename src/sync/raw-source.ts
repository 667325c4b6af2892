import type { SourceFile, SourceLink, SourceProblemKind, SourceTree } from './model.ts';

// What threads hand each other: plain data without any text for people, which
// only the thread that knows the language of the display can write.

/** A problem before it is put into words. */
export interface FoundProblem {
  readonly kind: SourceProblemKind;
  readonly path: string;
  /** What tells cases of one kind apart; see `describeProblem`. */
  readonly detail?: string;
  /** The other path, the target, or what git said. */
  readonly about?: string;
}

/** A file with what tells, without reading it, that its content is the same as before. */
export interface StampedFile extends SourceFile {
  /** Size, times in nanoseconds, identity. */
  readonly stamp: string;
  /** The later of its two times, milliseconds since the epoch; any change moves it. */
  readonly touchedAt: number;
}

/** What a look at the tree found. */
export interface RawTree {
  /** Absolute directory. */
  readonly root: string;
  readonly rule: SourceTree['rule'];
  /** Sorted by path, bytewise. */
  readonly entries: readonly (StampedFile | SourceLink)[];
  readonly problems: readonly FoundProblem[];
}

/**
 * Sorts by path in the order of the bytes of UTF-8.
 *
 * @param items - sorted in place
 * @returns the same array
 */
export function sortByPath<T extends { readonly path: string }>(items: T[]): T[] {
  // UTF-16 orders alike, but for characters it writes in two halves.
  if (!items.some((item) => /[\uD800-\uDFFF]/.test(item.path))) {
    return items.sort((a, b) => (a.path < b.path ? -1 : Number(a.path !== b.path)));
  }
  return items.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}
