import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { lstat, open } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { newFilePatch } from './new-file-patch.ts';

/** Files that git knows nothing of, as far as they are code. */
export interface UntrackedCode {
  /** In git's own form: puts the files where they were. */
  readonly patch: Buffer;
  /** What is not in the patch, and why; one line each. */
  readonly leftOut: readonly string[];
}

/** Largest file that is taken. */
const MAX_FILE_BYTES = 1024 * 1024;
/** Of all files together. */
const MAX_TOTAL_BYTES = 8 * 1024 * 1024;
/** A dataset in the folder must not hold a launch up. */
const MAX_FILES = 2000;
const MAX_NAMED = 200;

/** Taken first, when there is more than fits. */
const CODE = new Set([
  ...['.py', '.pyi', '.ipynb', '.toml', '.yaml', '.yml', '.json', '.cfg', '.ini', '.sh'],
  ...['.c', '.cc', '.cpp', '.cu', '.cuh', '.h', '.hpp', '.rs', '.go', '.jl', '.r', '.js', '.ts'],
  ...['.txt', '.md'],
]);

/** Names of what is a secret, or keeps one; such files are only named. */
const SECRET_NAMES: readonly RegExp[] = [
  /^\.env(?:\..*)?$|\.env$/i,
  /\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk|asc|gpg)$/i,
  // Not `id_map.py`.
  /^id_[^.]*(?:\.pub)?$/i,
  /^\.(?:netrc|npmrc|pypirc|pgpass|git-credentials|htpasswd)$/i,
  /^_netrc$|^credentials(?:\.\w+)?$|^secrets?(?:\.\w+)?$|^service[-_]account.*\.json$/i,
];
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/**
 * Reads the text files among those that git does not track.
 *
 * @param root - absolute path of the repository
 * @param names - relative to the root, `/` between parts; a directory ends in `/`
 * @param skip - tells of a name that it is no code, such as what runs write
 * @param signal - gives up
 * @returns a patch that makes the files, and what is not in it
 */
export async function readUntracked(
  root: string,
  names: readonly string[],
  skip: (name: string) => boolean,
  signal?: AbortSignal,
): Promise<UntrackedCode> {
  const inOrder = [...names].sort((left, right) => rank(left) - rank(right) || order(left, right));
  const patches = new Map<string, Buffer>();
  const leftOut = new Map<string, string>();
  let room = MAX_TOTAL_BYTES;
  for (const name of inOrder.slice(0, MAX_FILES)) {
    signal?.throwIfAborted();
    const found = await readCode(root, name, skip(name), room);
    if (typeof found === 'string') {
      leftOut.set(name, found);
    } else {
      room -= found.content.length;
      patches.set(name, newFilePatch(name, found.content, found.executable));
    }
  }
  const rest = inOrder.slice(MAX_FILES);
  return {
    patch: Buffer.concat([...patches].sort(byName).map(([, patch]) => patch)),
    leftOut: linesOf(leftOut, rest.length),
  };
}

interface Code {
  readonly content: Buffer;
  readonly executable: boolean;
}

// The content, or why there is none.
async function readCode(
  root: string,
  name: string,
  skipped: boolean,
  room: number,
): Promise<Code | string> {
  const path = join(root, name);
  try {
    const { size, mode } = await lstat(path);
    const isFile = (mode & constants.S_IFMT) === constants.S_IFREG;
    if (!isFile) {
      return name.endsWith('/') ? 'another repository' : 'not a plain file';
    }
    const reason = objection(basename(name), size, skipped, room);
    if (reason !== null) {
      return reason;
    }
    const content = await readAtMost(path, size + 1);
    if (content.length > size) {
      return `${size} bytes, growing`;
    }
    if (content.includes(0)) {
      return `${size} bytes, binary`;
    }
    return PRIVATE_KEY.test(content.toString('latin1'))
      ? `${size} bytes, holds a private key`
      : { content, executable: (mode & constants.S_IXUSR) !== 0 };
  } catch (error) {
    return `cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
  }
}

function objection(name: string, size: number, skipped: boolean, room: number): string | null {
  if (SECRET_NAMES.some((pattern) => pattern.test(name))) {
    return `${size} bytes, may hold secrets`;
  }
  if (skipped) {
    return `${size} bytes, written by runs`;
  }
  return size > MAX_FILE_BYTES || size > room ? `${size} bytes, too large` : null;
}

// Never more than was looked for: the file may grow meanwhile. No link is followed.
async function readAtMost(path: string, bytes: number): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    const buffer = Buffer.alloc(bytes);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes; length += read) {
      ({ bytesRead: read } = await file.read(buffer, length, bytes - length));
    }
    return buffer.subarray(0, length);
  } finally {
    await file?.close();
  }
}

function linesOf(leftOut: ReadonlyMap<string, string>, unseen: number): readonly string[] {
  const all = [...leftOut].sort(byName);
  const lines = all
    .slice(0, MAX_NAMED)
    .map(([name, reason]) => `${JSON.stringify(name)}: ${reason}`);
  const more = all.length - lines.length + unseen;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}

function rank(name: string): number {
  return CODE.has(extname(name).toLowerCase()) ? 0 : 1;
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return order(left, right);
}

function order(left: string, right: string): number {
  if (left === right) {
    return 0;
  }
  return left < right ? -1 : 1;
}
