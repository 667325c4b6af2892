import { posix } from 'node:path';
import * as l10n from '@vscode/l10n';
import { IoError, MachineError, NotFoundError } from '../../core/errors.ts';
import type { AgentClient } from '../agent/agent-client.ts';
import type { ListedEntry } from '../agent/entry-lists.ts';
import { parseEntryList } from '../agent/entry-lists.ts';

/** Something in a folder of a machine; `path` is its name. */
export type FolderEntry = Pick<ListedEntry, 'kind' | 'size' | 'modifiedAt'> & {
  readonly name: string;
};

/** A folder of a machine, as it was when it was looked at. */
export interface RemoteFolder {
  readonly kind: 'folder';
  /** Absolute, links resolved. */
  readonly path: string;
  /** Folders and links first, then by name. */
  readonly entries: readonly FolderEntry[];
  /** Whether it holds more than was listed. */
  readonly isCut: boolean;
  /** Entries whose names are no UTF-8: nothing can be asked about them. */
  readonly unnamed: number;
}

/** A path that is no folder. */
export interface RemoteFile {
  readonly kind: 'file';
  readonly path: string;
}

const TIMEOUT_MS = 30_000;
/** The most that is listed of a folder: some five thousand names. */
const MAX_BYTES = 512 * 1024;

/**
 * Looks into a folder of a machine, in one round trip. Works wherever the agent
 * does: it needs no tool but those of the agent.
 *
 * @param agent - of the machine
 * @param path - absolute path
 * @param signal - gives up
 * @param maxBytes - the most that is listed
 * @returns the folder, or that it is a file
 * @throws {NotFoundError} when nothing is there
 * @throws {IoError} with code `denied` when this user may not look into it
 * @throws {MachineError} when the machine cannot be reached
 */
export async function readRemoteFolder(
  agent: Pick<AgentClient, 'ask'>,
  path: string,
  signal?: AbortSignal,
  maxBytes = MAX_BYTES,
): Promise<RemoteFolder | RemoteFile> {
  const options = { timeoutMs: TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
  const inspect = async (what: string, depth: number): Promise<Buffer | null> =>
    agent.ask(['inspect', what, String(depth), String(maxBytes)], options).catch(noFile(path));
  // By the dot a link is followed, and what is no folder is not there.
  const output = await inspect(path === '/' ? '/.' : `${path}/.`, 1);
  if (output === null) {
    return { kind: 'file', path: await fileAt(path, inspect) };
  }
  const cut = output.indexOf(0);
  const real = output.toString('utf8', 0, cut).replace(/\/\.?$/u, '');
  const list = output.subarray(cut + 1);
  const { entries, complaint } = parse(path, list);
  const isCut = list.length >= maxBytes;
  const inside = (isCut ? entries.slice(0, -1) : entries)
    .filter((entry) => entry.path !== '.')
    .map((entry) => ({ ...entry, name: entry.path.replace(/^\.\//u, '') }));
  if (complaint !== null && inside.length === 0) {
    throw denied(path, new Error(complaint));
  }
  const named = inside.filter(({ name }) => !name.includes('\uFFFD'));
  return {
    kind: 'folder',
    path: real === '' ? '/' : real,
    entries: named
      .map(({ name, kind, size, modifiedAt }) => ({ name, kind, size, modifiedAt }))
      .sort(byKindAndName),
    isCut,
    unnamed: inside.length - named.length,
  };
}

/**
 * Understands a path as a person types it.
 *
 * @param typed - absolute, from `~`, or from the folder that is shown
 * @param home - absolute home directory on the machine
 * @param shown - absolute path of the folder that is shown
 * @returns absolute path without a slash at its end
 */
export function pathTyped(typed: string, home: string, shown: string): string {
  const text = typed === '~' || typed.startsWith('~/') ? `${home}/${typed.slice(1)}` : typed;
  const path = posix.normalize(text.startsWith('/') ? text : `${shown}/${text}`);
  return path === '/' ? path : path.replace(/\/+$/u, '');
}

async function fileAt(
  path: string,
  inspect: (what: string, depth: number) => Promise<Buffer | null>,
): Promise<string> {
  const output = path === '/' ? null : await inspect(path, 0);
  if (output === null) {
    throw new NotFoundError('path-gone', l10n.t('There is no {0} on the machine, or this user may not see it', path));
  }
  const cut = output.indexOf(0);
  const [own] = parse(path, output.subarray(cut + 1)).entries;
  if (own?.kind === 'directory') {
    throw denied(path, undefined);
  }
  return path;
}

function parse(path: string, list: Buffer): ReturnType<typeof parseEntryList> {
  try {
    return parseEntryList(list);
  } catch (cause) {
    throw new IoError('unreadable', l10n.t('The folder {0} cannot be read.', path), { cause });
  }
}

function noFile(path: string): (error: unknown) => null {
  return (error) => {
    const code = error instanceof MachineError ? error.code : '';
    if (code === 'no-file') {
      return null;
    }
    throw code === 'denied' ? denied(path, error) : error;
  };
}

function denied(path: string, cause: unknown): IoError {
  return new IoError('denied', l10n.t('The machine does not let this user look into {0}', path), {
    cause,
    steps: [l10n.t('Check the owner and the permissions of the directory on the machine.')],
  });
}

function byKindAndName(left: FolderEntry, right: FolderEntry): number {
  const rank = ({ kind }: FolderEntry): number => (kind === 'directory' || kind === 'link' ? 0 : 1);
  return rank(left) - rank(right) || NAMES.compare(left.name, right.name) || (left.name < right.name ? -1 : 1);
}

const NAMES = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
