import type { TreeReport } from './check-answer.ts';
import type { Manifest, ManifestEntry } from './manifest.ts';
import { foldersAbove, isPersistent } from './manifest.ts';
import { callOf, callsOf } from './words.ts';

// Each call starts a program on the machine.
const FEW_WORDS = 1000;
const MANY_WORDS = 2000;

// A manifest is never changed, and each sync asks several times for these.
const owns = new WeakMap<Manifest, readonly ManifestEntry[]>();
const folders = new WeakMap<Manifest, readonly string[]>();

/**
 * How one thing of ours stands in a tree. `clean`: as we put it; `touched`: its
 * content is; `drift`: a run changed it; `gone`: a run took it away.
 */
export type EntryState = 'clean' | 'touched' | 'drift' | 'gone';

/** A tree on the machine, as far as it is ours. */
export interface TreeState {
  readonly slot: string;
  readonly manifest: Manifest;
  /** Things of ours in the tree by path, without those in folders of runs. */
  readonly entries: ReadonlyMap<string, OurEntry>;
}

/** One thing of ours, and how it stands. */
export interface OurEntry {
  readonly entry: ManifestEntry;
  readonly state: EntryState;
  /** Its place in the tree's list on the machine, from 1. */
  readonly number: number;
  /** Hash in the machine's words, of what drifted. */
  readonly found: string | undefined;
}

/**
 * Joins what we put with what the machine found.
 *
 * @param report - of the machine
 * @param manifest - what we put
 * @returns the state of each thing
 */
export function treeState(report: TreeReport, manifest: Manifest): TreeState {
  const bad = foldersOf(manifest).filter((_folder, at) => report.badFolders.has(at + 1));
  const entries = new Map<string, OurEntry>();
  ownEntries(manifest).forEach((entry, at) => {
    const number = at + 1;
    const found = report.drift.get(number);
    const lost = report.gone.has(number) || isPersistent(entry.path, bad);
    const drifted = found === undefined ? 'clean' : 'drift';
    const state = report.touched.has(number) ? 'touched' : drifted;
    entries.set(entry.path, { entry, state: lost ? 'gone' : state, number, found });
  });
  return { slot: report.slot, manifest, entries };
}

/**
 * Lists what stands in the tree itself, in the order of its list on the machine.
 *
 * @param manifest - all of ours
 * @returns those that are not in folders of runs
 */
export function ownEntries(manifest: Manifest): readonly ManifestEntry[] {
  const known = owns.get(manifest);
  if (known !== undefined) {
    return known;
  }
  const own = manifest.entries.filter((entry) => !isPersistent(entry.path, manifest.persistent));
  owns.set(manifest, own);
  return own;
}

/**
 * Lists the folders we need in the tree.
 *
 * @param manifest - all of ours
 * @returns relative folders, outer ones first
 */
export function foldersOf(manifest: Manifest): readonly string[] {
  const known = folders.get(manifest);
  if (known !== undefined) {
    return known;
  }
  const paths = ownEntries(manifest).map((entry) => entry.path);
  const found = foldersAbove([...paths, ...manifest.persistent]);
  folders.set(manifest, found);
  return found;
}

/**
 * Writes the list of a tree for the machine: what it looks at for drift.
 *
 * @param manifest - all of ours
 * @returns calls of `s` and `l`
 */
export function listText(manifest: Manifest): string {
  return listOf(ownEntries(manifest));
}

/**
 * Writes a list of things in a tree for the machine.
 *
 * @param own - the things, files first
 * @returns calls of `s` and `l`
 */
export function listOf(own: readonly ManifestEntry[]): string {
  let text = '';
  let folder = '';
  let words: string[] = [];
  // Calls end where folders do, so that a new file changes few lines.
  for (const { kind, path } of own) {
    if (kind === 'file') {
      const at = path.slice(0, path.lastIndexOf('/') + 1);
      if (at !== folder && words.length >= FEW_WORDS) {
        text += callsOf('s', [], words, MANY_WORDS);
        words = [];
      }
      folder = at;
      words.push(`./${path}`);
    }
  }
  text += callsOf('s', [], words, MANY_WORDS);
  for (const entry of own) {
    if (entry.kind === 'link') {
      text += callOf('l', `./${entry.path}`, entry.target);
    }
  }
  return text;
}

/**
 * Writes the folders of a tree for the machine.
 *
 * @param manifest - all of ours
 * @returns calls of `d` and `k`
 */
export function foldersText(manifest: Manifest): string {
  const paths = foldersOf(manifest).map((folder) => `./${folder}`);
  const keeps = manifest.persistent.map((path) =>
    callOf('k', `./${path}`, keepTarget(path), path),
  );
  return callsOf('d', [], paths) + keeps.join('');
}

/**
 * Tells where the link to a folder of runs leads.
 *
 * @param path - relative folder
 * @returns relative target of the link
 */
export function keepTarget(path: string): string {
  return `${'../'.repeat(path.split('/').length)}keep/${path}`;
}
