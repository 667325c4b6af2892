import { open, stat, type FileHandle } from 'node:fs/promises';

import * as l10n from '@vscode/l10n';

import { IoError } from '../../core/errors.ts';

/** Most bytes handed over at once; keeps each turn of the event loop short. */
export const MAX_CHUNK_BYTES = 64 * 1024;

/** How much of what was read last is compared again before reading on. */
const TAIL_BYTES = 64;

/** One open file, read forward from an offset, that notices being rewritten. */
export class FollowedFile {
  /** `dev:ino`, the same as long as it is the same file. */
  readonly identity: string;
  /** The next byte to read. */
  offset: number;
  private readonly handle: FileHandle;
  private readonly path: string;
  // The bytes just before `offset`: a file cut and grown again differs there.
  private tail: Buffer = Buffer.alloc(0);

  private constructor(handle: FileHandle, path: string, identity: string, offset: number) {
    this.handle = handle;
    this.path = path;
    this.identity = identity;
    this.offset = offset;
  }

  /**
   * Opens a file for reading forward.
   *
   * @param path - absolute path
   * @param offset - first byte to read
   * @returns the open file, or `undefined` while there is none
   * @throws {IoError} when it exists and cannot be read
   */
  static async open(path: string, offset: number): Promise<FollowedFile | undefined> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'r');
      const facts = await handle.stat({ bigint: true });
      if (facts.isDirectory()) {
        throw new TypeError('is a directory');
      }
      return new FollowedFile(handle, path, identityOf(facts), offset);
    } catch (error) {
      await handle?.close();
      if (isMissing(error)) {
        return undefined;
      }
      throw unreadable(path, error);
    }
  }

  /**
   * Reads how long the file is now.
   *
   * @returns its size in bytes
   */
  async size(): Promise<number> {
    try {
      return (await this.handle.stat()).size;
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }

  /**
   * Reads the next bytes and moves on.
   *
   * @param end - offset not to read beyond
   * @returns at most 64 KiB, empty at the end of the file, or `'rewritten'`
   *   when what was read before is no longer there
   */
  async read(end: number): Promise<Buffer | 'rewritten'> {
    const known = this.tail.length;
    const wanted = known + Math.min(MAX_CHUNK_BYTES, Math.max(0, end - this.offset));
    // A fresh buffer each time: the receiver may keep what it is given.
    const buffer = Buffer.allocUnsafe(wanted);
    let bytesRead: number;
    try {
      ({ bytesRead } = await this.handle.read(buffer, 0, wanted, this.offset - known));
    } catch (error) {
      throw unreadable(this.path, error);
    }
    if (bytesRead < known || !buffer.subarray(0, known).equals(this.tail)) {
      return 'rewritten';
    }
    const chunk = buffer.subarray(known, bytesRead);
    this.offset += chunk.length;
    // A copy, else these few bytes would keep the whole chunk in memory.
    this.tail = Buffer.from(buffer.subarray(Math.max(0, bytesRead - TAIL_BYTES), bytesRead));
    return chunk;
  }

  /** Goes back to the first byte. */
  rewind(): void {
    this.offset = 0;
    this.tail = Buffer.alloc(0);
  }

  /**
   * Closes the file.
   *
   * @returns when it is closed
   */
  close(): Promise<void> {
    return this.handle.close();
  }
}

/**
 * Tells which file a path names now.
 *
 * @param path - absolute path
 * @returns `dev:ino`, or `undefined` when there is none or it cannot be told
 */
export async function identityAt(path: string): Promise<string | undefined> {
  try {
    return identityOf(await stat(path, { bigint: true }));
  } catch {
    return undefined;
  }
}

function identityOf(facts: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${facts.dev.toString()}:${facts.ino.toString()}`;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function unreadable(path: string, cause: unknown): IoError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new IoError('log-unreadable', l10n.t('The log {0} cannot be read: {1}', path, why), {
    cause,
    details: { path },
    steps: [
      l10n.t('Check that the file exists and that you may read it, then show the log again.'),
    ],
  });
}
