import { createHash } from 'node:crypto';
import { CHUNKED_FROM } from '../cut-chunks.ts';
import type { HashedFile } from '../model.ts';
import type { ChangeSet, NeededEntry } from './change-set.ts';
import type { Delta } from './delta.ts';
import { deltaOf } from './delta.ts';
import { isPersistent } from './manifest.ts';
import type { ManifestFile } from './manifest.ts';
import type { SentStore } from './sent-store.ts';
import { isBlake2b } from './sum-book.ts';
import type { ChunkSource } from './transfer-types.ts';
import type { TreeState } from './tree-state.ts';

/** A file that the machine makes from an old version. */
export interface Built {
  readonly needed: NeededEntry;
  readonly file: ManifestFile;
  /** Slot and relative path of the old version. */
  readonly slot: string;
  readonly old: string;
  /** Its place in that tree's list when it is as we put it, else 0. */
  readonly number: number;
  readonly delta: Delta;
  /** Hex; names the literal bytes on the machine. */
  readonly literalName: string;
  /** Whether those go in a stream of their own. */
  readonly streamed: boolean;
}

/** A file whose content is on the machine under another name. */
export interface Alike {
  readonly needed: NeededEntry;
  readonly file: ManifestFile;
  /** Relative to a tree, or to the stage without `slot`. */
  readonly from: string;
  readonly slot: string | undefined;
}

/** A thing that stands at the same path in another tree. */
export interface Copied {
  readonly needed: NeededEntry;
  readonly slot: string;
  /** Set when the copy needs other times or permissions. */
  readonly fit: ManifestFile | undefined;
}

/** A file that goes in a stream of its own. */
export interface Streamed {
  readonly needed: NeededEntry;
  readonly file: ManifestFile;
  /** Bytes that came when it was packed, before that was cut. */
  readonly begun: number;
}

/** Where each needed thing comes from. */
export interface Supply {
  readonly packed: readonly NeededEntry[];
  /** Large files, and what was cut in the middle. */
  readonly streamed: readonly Streamed[];
  readonly built: readonly Built[];
  readonly copied: readonly Copied[];
  readonly alike: readonly Alike[];
}

/** What is known when choosing. */
export interface SupplyFacts {
  readonly changes: ChangeSet;
  readonly own: TreeState | undefined;
  readonly from: TreeState | undefined;
  /** Stage paths whose content is there and right. */
  readonly staged: ReadonlySet<string>;
  /** Stage paths of which so many bytes are there and right. */
  readonly begun: ReadonlyMap<string, number>;
  /** Stage paths that failed their proof: sent whole. */
  readonly resend: ReadonlySet<string>;
  readonly hashedFiles: ReadonlyMap<string, HashedFile>;
  readonly chunks: ChunkSource;
  readonly sent: SentStore;
  /** Program that proves content on the machine. */
  readonly sum: string;
  /** How often the way broke during this transfer. */
  readonly breaks: number;
}

const STREAM_FROM = [32 * 1024 * 1024, 1024 * 1024, 64 * 1024];
// Below, a copy on the machine costs more than sending.
const ALIKE_FROM = 16 * 1024;

/**
 * Tells from which size on a file goes in a stream of its own, which costs a
 * round trip, and goes on where it was cut.
 *
 * @param breaks - how often the way broke so far
 * @returns bytes
 */
export function streamFrom(breaks: number): number {
  return STREAM_FROM[Math.min(breaks, STREAM_FROM.length - 1)] ?? 0;
}

/**
 * Chooses where each needed thing comes from: the machine itself, if it can.
 *
 * @param facts - what is known
 * @returns the choice
 */
export async function chooseSupply(facts: SupplyFacts): Promise<Supply> {
  const packed: NeededEntry[] = [];
  const streamed: Streamed[] = [];
  const built: Built[] = [];
  const copied: Copied[] = [];
  const alike: Alike[] = [];
  const placeOf = placesByHash(facts);
  const limit = streamFrom(facts.breaks);
  const firsts = new Map<string, string>();
  for (const needed of facts.changes.needed) {
    const { entry, stagePath } = needed;
    if (facts.staged.has(stagePath)) {
      continue;
    }
    const isResent = facts.resend.has(stagePath);
    const copy = isResent ? undefined : copyOf(facts.from, needed);
    if (copy !== undefined) {
      copied.push(copy);
      continue;
    }
    if (entry.kind === 'link' || (isResent && entry.size < limit)) {
      packed.push(needed);
      continue;
    }
    const place = entry.size >= ALIKE_FROM ? placeOf(entry.hash) : undefined;
    const first = firsts.get(entry.hash);
    if (!isResent && place !== undefined) {
      alike.push({ needed, file: entry, from: place.path, slot: place.slot });
      continue;
    }
    if (!isResent && entry.size >= ALIKE_FROM && first !== undefined) {
      alike.push({ needed, file: entry, from: first, slot: undefined });
      continue;
    }
    firsts.set(entry.hash, stagePath);
    const begun = (isResent ? undefined : facts.begun.get(stagePath)) ?? 0;
    const delta = isResent ? undefined : await tryDelta(facts, needed, entry);
    if (delta !== undefined) {
      built.push(delta);
    } else if (entry.size >= limit || begun > 0) {
      streamed.push({ needed, file: entry, begun });
    } else {
      packed.push(needed);
    }
  }
  return { packed, streamed, built, copied, alike };
}

async function tryDelta(
  facts: SupplyFacts,
  needed: NeededEntry,
  file: ManifestFile,
): Promise<Built | undefined> {
  const hashed = facts.hashedFiles.get(file.path);
  const old = oldVersion(facts, file);
  if (hashed === undefined || old === undefined || !isBlake2b(facts.sum)) {
    return undefined;
  }
  const oldChunks = await facts.sent.chunks(old.hash);
  if (oldChunks === undefined) {
    return undefined;
  }
  const delta = deltaOf(oldChunks, await facts.chunks.chunksOf(hashed));
  if (delta.literal > file.size * 0.9) {
    return undefined;
  }
  const names = createHash('sha256').update(`${old.hash} ${file.hash}`);
  return {
    needed,
    file,
    slot: old.slot,
    old: file.path,
    number: old.number,
    delta,
    literalName: names.digest('hex'),
    streamed: delta.literal >= streamFrom(facts.breaks),
  };
}

function oldVersion(
  facts: SupplyFacts,
  file: ManifestFile,
): { readonly slot: string; readonly hash: string; readonly number: number } | undefined {
  if (file.size < CHUNKED_FROM) {
    return undefined;
  }
  for (const state of [facts.own, facts.from]) {
    const ours = state?.entries.get(file.path);
    const isThere = ours?.state === 'clean' || ours?.state === 'touched';
    if (state !== undefined && isThere && ours.entry.kind === 'file') {
      if (ours.entry.size >= CHUNKED_FROM) {
        const number = ours.state === 'clean' ? ours.number : 0;
        return { slot: state.slot, hash: ours.entry.hash, number };
      }
    }
  }
  return undefined;
}

function copyOf(from: TreeState | undefined, needed: NeededEntry): Copied | undefined {
  const { entry, how } = needed;
  const there = from?.entries.get(entry.path);
  if (from === undefined || how === 'seed' || there?.state !== 'clean') {
    return undefined;
  }
  const { slot } = from;
  const old = there.entry;
  if (entry.kind === 'link') {
    const isSame = old.kind === 'link' && old.target === entry.target;
    return isSame ? { needed, slot, fit: undefined } : undefined;
  }
  if (old.kind !== 'file' || old.hash === '' || old.hash !== entry.hash) {
    return undefined;
  }
  const fits = old.mode === entry.mode && old.stamp === entry.stamp;
  return { needed, slot, fit: fits ? undefined : entry };
}

interface Place {
  readonly slot: string;
  readonly path: string;
}

// All contents are looked through only where one is asked for: few are large enough.
function placesByHash(facts: SupplyFacts): (hash: string) => Place | undefined {
  let places: ReadonlyMap<string, Place> | undefined;
  return (hash) => {
    places ??= allPlaces(facts);
    return places.get(hash);
  };
}

function allPlaces(facts: SupplyFacts): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const state of [facts.from, facts.own]) {
    for (const [path, ours] of state?.entries ?? []) {
      const { entry } = ours;
      const isThere = ours.state === 'clean' || ours.state === 'touched';
      if (state !== undefined && isThere && entry.kind === 'file' && entry.hash !== '') {
        if (!isPersistent(path, state.manifest.persistent)) {
          places.set(entry.hash, { slot: state.slot, path });
        }
      }
    }
  }
  return places;
}
