import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as l10n from '@vscode/l10n';
import { TransferError } from '../../core/errors.ts';
import { contentHasher } from '../content-hash.ts';
import type { HashedFile, SourceLink } from '../model.ts';
import { staysInside } from './inside.ts';
import type { Manifest } from './manifest.ts';
import { checkPath, manifestOf } from './manifest.ts';
import type { LeftOut, PutRequest } from './transfer-types.ts';

/** A folder of what is copied to a machine. */
export interface PutFolder {
  /** Relative; empty for the outermost one. */
  readonly path: string;
  /** Permission bits; always open to its owner. */
  readonly mode: number;
}

/** What is copied to a machine, all of it hashed. */
export interface PutSource {
  /** Absolute directory on this host. */
  readonly root: string;
  readonly manifest: Manifest;
  readonly files: ReadonlyMap<string, HashedFile>;
  /** Outer ones before inner ones; none for a single file. */
  readonly folders: readonly PutFolder[];
  readonly leftOut: readonly LeftOut[];
  readonly isSingle: boolean;
}

const PIECE = 1024 * 1024;
const UNREADABLE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ENOENT']);

/**
 * Reads and hashes what is to be copied. Links are told, never followed; those
 * that lead out of it are left out.
 *
 * @param request - what to read
 * @returns what is there
 * @throws {TransferError} when nothing is there, or it is no file and no folder
 */
export async function readPutSource(request: PutRequest): Promise<PutSource> {
  const { source } = request;
  const info = await lstat(source).catch((cause: unknown) => {
    throw new TransferError('missing', l10n.t('There is nothing at {0}', source), { cause });
  });
  const isSingle = !info.isDirectory();
  const reading = new SourceReading(request, isSingle ? dirname(source) : source);
  await reading.add(isSingle ? basename(source) : '');
  const { root, entries, folders, leftOut } = reading;
  const [first] = leftOut;
  if (isSingle && first !== undefined) {
    throw refusal(source, first.why);
  }
  const tree = { root, rule: 'ignore-files', entries, problems: [], bytes: 0 } as const;
  const files = entries.filter((entry) => entry.kind === 'file');
  return {
    root,
    manifest: manifestOf(tree, []),
    files: new Map(files.map((file) => [file.path, file])),
    folders,
    leftOut,
    isSingle,
  };
}

class SourceReading {
  readonly root: string;
  readonly entries: (HashedFile | SourceLink)[] = [];
  readonly folders: PutFolder[] = [];
  readonly leftOut: LeftOut[] = [];
  private readonly request: PutRequest;

  constructor(request: PutRequest, root: string) {
    this.request = request;
    this.root = root;
  }

  async add(path: string): Promise<void> {
    this.request.signal?.throwIfAborted();
    try {
      await this.read(path, join(this.root, ...path.split('/')));
    } catch (error) {
      // What cannot be read, and what vanished meanwhile.
      if (path === '' || !UNREADABLE.has(codeOf(error))) {
        throw error;
      }
      this.leftOut.push({ path, why: 'unreadable' });
    }
  }

  private async read(path: string, file: string): Promise<void> {
    const found = await lstat(file);
    const mode = found.mode & 0o777;
    if (found.isDirectory()) {
      if (path !== '') {
        checkPath(path);
      }
      const names = await readdir(file);
      this.folders.push({ path, mode: mode | 0o700 });
      for (const name of names) {
        await this.add(path === '' ? name : `${path}/${name}`);
      }
    } else if (found.isSymbolicLink()) {
      const target = await readlink(file);
      if (staysInside(path, target)) {
        this.entries.push({ kind: 'link', path, target });
      } else {
        this.leftOut.push({ path, why: 'outside-link' });
      }
    } else if (found.isFile()) {
      this.request.onProgress?.({ sent: 0, total: 0, what: l10n.t('reading {0}', basename(file)) });
      const hash = await this.hash(file);
      const modifiedAt = Math.floor(found.mtimeMs);
      const identity = `${found.dev}:${found.ino}`;
      this.entries.push({ kind: 'file', path, size: found.size, modifiedAt, mode, identity, hash });
    } else {
      this.leftOut.push({ path, why: 'special-file' });
    }
  }

  private async hash(path: string): Promise<string> {
    const hash = await contentHasher();
    const { signal } = this.request;
    const stream: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: PIECE, signal });
    for await (const piece of stream) {
      hash.update(piece);
    }
    return hash.digest();
  }
}

function refusal(source: string, why: LeftOut['why']): TransferError {
  switch (why) {
    case 'outside-link':
      return new TransferError('bad-link', l10n.t('{0} is a link that leads elsewhere', source));
    case 'special-file':
      return new TransferError('special', l10n.t('{0} is no file and no folder', source));
    case 'unreadable':
      return new TransferError('unreadable', l10n.t('{0} cannot be read', source), {
        steps: [l10n.t('Check who owns it and what its permissions are.')],
      });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
