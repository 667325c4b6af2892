import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as l10n from '@vscode/l10n';
import { CancelledError, IoError } from '../../core/errors.ts';
import type { Disposable } from '../../core/events.ts';
import type { RunId } from '../../core/ids.ts';

/** Where a log that lies on another machine is read. */
export interface LogSource {
  /**
   * Reads a part of it.
   *
   * @param id - the run
   * @param offset - first byte
   * @param max - most bytes
   * @returns its bytes; empty at the present end
   */
  read(id: RunId, offset: number, max: number): Promise<Buffer>;
}

const CHUNK_BYTES = 256 * 1024;

/**
 * The copy of a run's log on this host. Every byte is written at its own
 * offset, so two copiers at once, or one that begins again, write the same file.
 */
export class LogCopy implements Disposable {
  readonly id: RunId;
  private readonly path: string;
  private readonly source: LogSource;
  private disposed = false;

  /**
   * @param id - the run
   * @param path - absolute path of the copy; made when missing
   * @param source - the machine's log
   */
  constructor(id: RunId, path: string, source: LogSource) {
    this.id = id;
    this.path = path;
    this.source = source;
  }

  /**
   * Tells how much is there.
   *
   * @returns bytes
   * @throws {IoError} when the copy cannot be written
   */
  size(): Promise<number> {
    return this.withFile(async (file) => (await file.stat()).size);
  }

  /**
   * Writes a part of the log.
   *
   * @param offset - of its first byte in the log
   * @param bytes - the part
   * @throws {IoError} when the copy cannot be written
   */
  async take(offset: number, bytes: Buffer): Promise<void> {
    await this.withFile((file) => writeWhole(file, bytes, offset));
  }

  /** Empties it: the log was begun anew. */
  async restart(): Promise<void> {
    await this.withFile((file) => file.truncate(0));
  }

  /**
   * Reads what is missing until the copy is whole.
   *
   * @param size - bytes of the log at its end
   * @returns when the copy has as many
   * @throws {MachineError} when the machine cannot be asked now
   * @throws {IoError} when the copy cannot be written, or the log is shorter than it was
   * @throws {CancelledError} when this copy was disposed meanwhile
   */
  async complete(size: number): Promise<void> {
    for (let length = size > 0 ? await this.size() : 0; length < size; ) {
      if (this.disposed) {
        throw new CancelledError();
      }
      const bytes = await this.source.read(this.id, length, CHUNK_BYTES);
      if (bytes.length === 0) {
        throw new IoError('log-short', l10n.t('The log on the machine is shorter than it was'), {
          details: { run: this.id, length, size },
        });
      }
      await this.take(length, bytes);
      length += bytes.length;
    }
  }

  dispose(): void {
    this.disposed = true;
  }

  private async withFile<T>(action: (file: FileHandle) => Promise<T>): Promise<T> {
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      const file = await open(this.path, constants.O_RDWR | constants.O_CREAT, 0o600);
      try {
        return await action(file);
      } finally {
        await file.close();
      }
    } catch (cause) {
      throw new IoError('log-copy', l10n.t('Cannot write {0}', this.path), { cause });
    }
  }
}

async function writeWhole(file: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const rest = bytes.length - written;
    written += (await file.write(bytes, written, rest, offset + written)).bytesWritten;
  }
}
