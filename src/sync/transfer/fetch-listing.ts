import { sep } from 'node:path';
import * as l10n from '@vscode/l10n';
import { MachineError, TransferError } from '../../core/errors.ts';
import { staysInside } from './inside.ts';
import type { ScriptRecord } from './machine-script.ts';
import { checkPath } from './manifest.ts';
import type { LeftOut } from './transfer-types.ts';

/** A file on the machine. */
export interface ListedFile {
  /** Relative to the folder, or the name of the one file. */
  readonly path: string;
  readonly size: number;
  /** Seconds since the epoch. */
  readonly stamp: number;
  readonly mode: number;
  /** Differs when the file was replaced or written. */
  readonly version: string;
  /** Hex; absent when hashes were not asked for; `-` when it could not be read. */
  readonly sum: string | undefined;
}

/** What is to be copied. */
export interface Listing {
  readonly kind: 'file' | 'directory';
  readonly sum: string;
  readonly gzip: boolean;
  readonly files: readonly ListedFile[];
  readonly folders: readonly string[];
  readonly links: readonly { readonly path: string; readonly target: string }[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * Reads the answer of `list`.
 *
 * @param records - what the script said
 * @returns what is there; `undefined` when it changed while it was listed
 * @throws {TransferError} when a name could lead out of the destination
 */
export function readListing(records: readonly ScriptRecord[]): Listing | undefined {
  const files: ListedFile[] = [];
  const folders: string[] = [];
  const links: { path: string; target: string }[] = [];
  const leftOut: LeftOut[] = [];
  let kind: Listing['kind'] | undefined;
  let tools: readonly string[] = [];
  let names: string[] = [];
  let link = '';
  let isWhole = true;
  for (const { key, value } of records) {
    switch (key) {
      case 'tools':
        tools = value.split(' ');
        break;
      case 'root':
        kind = value === 'file' ? 'file' : 'directory';
        break;
      case 'n':
        names.push(relative(value));
        break;
      case 'stats': {
        const lines = linesOf(value);
        isWhole &&= lines.length === names.length;
        names.forEach((path, at) => {
          files.push(readStat(path, lines[at] ?? ''));
        });
        names = [];
        break;
      }
      case 'sums': {
        const sums = linesOf(value);
        const first = files.length - sums.length;
        sums.forEach((sum, at) => {
          const file = files[first + at];
          if (file !== undefined) {
            files[first + at] = { ...file, sum };
          }
        });
        break;
      }
      case 'dir':
        folders.push(relative(value));
        break;
      case 'link':
        link = relative(value);
        break;
      case 'to':
        if (staysInside(link, value)) {
          links.push({ path: link, target: value });
        } else {
          leftOut.push({ path: link, why: 'outside-link' });
        }
        break;
      case 'special':
        leftOut.push({ path: relative(value), why: 'special-file' });
        break;
      case 'unreadable':
        leftOut.push({ path: value.replace(/^\.\//u, ''), why: 'unreadable' });
        break;
      default:
    }
  }
  if (kind === undefined) {
    throw new MachineError('sync-answer', l10n.t('The machine gave an answer that cannot be read'));
  }
  checkShape([...files, ...links].map((item) => item.path), folders);
  const [sum = 'none', , gzip] = tools;
  const listing = { kind, sum, gzip: gzip === 'gzip', files, folders, links, leftOut };
  return isWhole ? listing : undefined;
}

function relative(name: string): string {
  const path = name.replace(/^\.\//u, '');
  checkPath(path);
  // Where these part names, a machine could lead a file out of its folder by them.
  if (sep !== '/' && /[\\:]/u.test(path)) {
    throw new TransferError('bad-name', l10n.t('This computer takes no file of this name: {0}', path));
  }
  return path;
}

function linesOf(value: string): readonly string[] {
  return value === '' ? [] : value.replace(/\n$/u, '').split('\n');
}

// GNU and busybox: size, seconds, date, time, zone, inode, hexadecimal mode. BSD: octal.
function readStat(path: string, line: string): ListedFile {
  const words = line.split(' ');
  const mode = Number.parseInt(words.at(-1) ?? '0', words.length > 6 ? 16 : 8);
  const [size = '0', stamp = '0'] = words;
  return {
    path,
    size: Number(size),
    stamp: Number(stamp),
    mode: mode & 0o777,
    version: line,
    sum: undefined,
  };
}

// Two things at one place, or a file that is a folder too: a machine that lies.
function checkShape(paths: readonly string[], folders: readonly string[]): void {
  const taken = new Set(paths);
  const isBelow = (path: string): boolean => {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      if (taken.has(path.slice(0, at))) {
        return true;
      }
    }
    return false;
  };
  const all = [...paths, ...folders];
  if (new Set(all).size !== all.length || all.some(isBelow)) {
    throw new TransferError('bad-name', l10n.t('The machine listed two things at one place'));
  }
}
