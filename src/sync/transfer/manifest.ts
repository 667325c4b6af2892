import { createHash } from 'node:crypto';
import * as l10n from '@vscode/l10n';
import { z } from 'zod';
import { TransferError } from '../../core/errors.ts';
import type { HashedTree } from '../model.ts';
import { byText } from './words.ts';

/** A file as the machine should hold it. */
export interface ManifestFile {
  readonly kind: 'file';
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Last change, whole seconds since the epoch: what every `touch` can set. */
  readonly stamp: number;
  /** Permission bits. */
  readonly mode: number;
  /** BLAKE2b-512, hex; empty when it was lost, which equals no hash. */
  readonly hash: string;
}

/** A link as the machine should hold it. */
export interface ManifestLink {
  readonly kind: 'link';
  readonly path: string;
  readonly target: string;
}

/** One thing of ours in a tree. */
export type ManifestEntry = ManifestFile | ManifestLink;

/** All that we put into a tree. */
export interface Manifest {
  /** Relative directories that belong to runs, sorted, none inside another. */
  readonly persistent: readonly string[];
  /** Files first, then links, each sorted by path. */
  readonly entries: readonly ManifestEntry[];
}

// They are never changed, and asked for several times in each transfer.
const texts = new WeakMap<Manifest, string>();

// A tree that did not change comes as the very same list.
const made = new WeakMap<HashedTree['entries'], Manifest>();

const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 3500;

const lineSchema = z.union([
  z.tuple([z.literal('p'), z.string()]),
  z.tuple([z.literal('f'), z.string(), z.number(), z.number(), z.number(), z.string()]),
  z.tuple([z.literal('l'), z.string(), z.string()]),
]);

/**
 * Makes the manifest of a tree.
 *
 * @param tree - what the machine should hold
 * @param persistent - relative directories that belong to runs
 * @returns the manifest
 * @throws {TransferError} when a name could lead out of the tree or cannot be a file's
 */
export function manifestOf(tree: HashedTree, persistent: readonly string[]): Manifest {
  const folders = outermost(persistent);
  const before = made.get(tree.entries);
  if (before?.persistent.join('\0') === folders.join('\0')) {
    return before;
  }
  folders.forEach(checkPath);
  const files: ManifestFile[] = [];
  const links: ManifestLink[] = [];
  for (const entry of tree.entries) {
    checkPath(entry.path);
    if (entry.kind === 'link') {
      checkTarget(entry.path, entry.target);
      links.push({ kind: 'link', path: entry.path, target: entry.target });
    } else {
      const { path, size, hash } = entry;
      const stamp = Math.max(0, Math.floor(entry.modifiedAt / 1000));
      files.push({ kind: 'file', path, size, stamp, mode: safeMode(entry.mode), hash });
    }
  }
  const order = (left: ManifestEntry, right: ManifestEntry): number =>
    byText(left.path, right.path);
  const entries = [...files.sort(order), ...links.sort(order)];
  checkShape(entries, folders);
  const manifest = { persistent: folders, entries };
  made.set(tree.entries, manifest);
  return manifest;
}

/**
 * Writes a manifest, a line for each entry.
 *
 * @param manifest - what to write
 * @returns its text; the same content gives the same text
 */
export function formatManifest(manifest: Manifest): string {
  const known = texts.get(manifest);
  if (known !== undefined) {
    return known;
  }
  const lines = [
    ...manifest.persistent.map((path) => ['p', path]),
    ...manifest.entries.map((entry) =>
      entry.kind === 'file'
        ? ['f', entry.path, entry.size, entry.stamp, entry.mode, entry.hash]
        : ['l', entry.path, entry.target],
    ),
  ];
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  texts.set(manifest, text);
  return text;
}

/**
 * Reads a manifest.
 *
 * @param text - what `formatManifest` wrote
 * @returns the manifest
 * @throws {Error} when it is no manifest
 */
export function parseManifest(text: string): Manifest {
  const persistent: string[] = [];
  const entries: ManifestEntry[] = [];
  for (const line of text.split('\n')) {
    if (line === '') {
      continue;
    }
    const parsed = lineSchema.parse(JSON.parse(line));
    if (parsed[0] === 'p') {
      persistent.push(parsed[1]);
    } else if (parsed[0] === 'l') {
      entries.push({ kind: 'link', path: parsed[1], target: parsed[2] });
    } else {
      const [, path, size, stamp, mode, hash] = parsed;
      entries.push({ kind: 'file', path, size, stamp, mode, hash });
    }
  }
  const manifest = { persistent, entries };
  texts.set(manifest, text);
  return manifest;
}

/**
 * Names a manifest by its content.
 *
 * @param text - what `formatManifest` wrote
 * @returns hex
 */
export function manifestId(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

/**
 * Tells whether a path lies in a folder of runs.
 *
 * @param path - relative path
 * @param persistent - folders of runs
 * @returns whether it is one of them or inside one
 */
export function isPersistent(path: string, persistent: readonly string[]): boolean {
  return persistent.some((folder) => path === folder || path.startsWith(`${folder}/`));
}

/**
 * Lists all folders above paths.
 *
 * @param paths - relative paths
 * @returns relative folders, outer ones before inner ones, without the root
 */
export function foldersAbove(paths: Iterable<string>): readonly string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    let at = path.lastIndexOf('/');
    while (at > 0) {
      const folder = path.slice(0, at);
      if (folders.has(folder)) {
        break;
      }
      folders.add(folder);
      at = folder.lastIndexOf('/');
    }
  }
  return [...folders].sort(byText);
}

/**
 * Refuses a path that could lead out of a tree or that no file system takes.
 *
 * @param path - relative path
 * @throws {TransferError} when it does
 */
export function checkPath(path: string): void {
  const parts = path.split('/');
  const bad = parts.some((part) => part === '' || part === '.' || part === '..');
  if (bad || path.includes('\0')) {
    throw new TransferError('bad-name', l10n.t('This is no path inside a folder: {0}', path));
  }
  const tooLong = parts.some((part) => Buffer.byteLength(part) > MAX_NAME_BYTES);
  if (tooLong || Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new TransferError('bad-name', l10n.t('This name is too long to send: {0}', path));
  }
}

// Else it could not be read there to be proved.
function safeMode(mode: number): number {
  return (mode & 0o777) | 0o400;
}

function checkTarget(path: string, target: string): void {
  const parts = [...path.split('/').slice(0, -1)];
  let inside = target !== '' && !target.startsWith('/') && !/[\0\n]$|\0/u.test(target);
  for (const part of target.split('/')) {
    if (part === '..') {
      inside &&= parts.pop() !== undefined;
    } else if (part !== '' && part !== '.') {
      parts.push(part);
    }
  }
  if (!inside) {
    throw new TransferError('bad-link', l10n.t('The link {0} leads out of its folder', path));
  }
}

function checkShape(entries: readonly ManifestEntry[], persistent: readonly string[]): void {
  const paths = new Set(entries.map((entry) => entry.path));
  const folders = new Set(foldersAbove([...paths, ...persistent]));
  const clash =
    paths.size === entries.length
      ? [...paths].find((path) => folders.has(path) || persistent.includes(path))
      : entries.find((entry, at) => entry.path === entries[at - 1]?.path)?.path;
  if (clash !== undefined || paths.size !== entries.length) {
    throw new TransferError(
      'bad-name',
      l10n.t('{0} cannot be a file and something else', clash ?? '?'),
    );
  }
}

function outermost(folders: readonly string[]): readonly string[] {
  const clean = [...new Set(folders.map((folder) => folder.replace(/^\.\/|\/+$/gu, '')))];
  return clean
    .filter((folder) => !clean.some((other) => folder.startsWith(`${other}/`)))
    .sort(byText);
}
