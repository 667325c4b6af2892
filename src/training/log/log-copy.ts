import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as l10n from '@vscode/l10n';
import type { Clock } from '../../core/clock.ts';
import { describeError } from '../../core/error-chain.ts';
import { CancelledError, IoError } from '../../core/errors.ts';
import type { Disposable } from '../../core/events.ts';
import type { RunId } from '../../core/ids.ts';
import type { Logger } from '../../core/logger.ts';

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

/** What a copy is made with. */
export interface LogCopyParts {
  readonly source: LogSource;
  readonly clock: Clock;
  readonly logger: Logger;
}

const CHUNK_BYTES = 256 * 1024;
const POLL_MS = 250;
/** Pause after a failure; doubled up to the longest. */
const RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;

/**
 * Copies the log of a run to this host while it grows. Every byte is written
 * at its own offset, so two copiers at once, or one that begins again, write
 * the same file.
 */
export class LogCopy implements Disposable {
  private readonly id: RunId;
  private readonly path: string;
  private readonly parts: LogCopyParts;
  private readonly stop = new AbortController();
  private pulling: Promise<unknown> = Promise.resolve();
  private running = false;

  /**
   * @param id - the run
   * @param path - absolute path of the copy; made when missing
   * @param parts - see the fields
   */
  constructor(id: RunId, path: string, parts: LogCopyParts) {
    this.id = id;
    this.path = path;
    this.parts = parts;
  }

  /** Begins to copy, from where the copy ends. Failures are logged and tried again. */
  start(): void {
    if (!this.running) {
      this.running = true;
      void this.loop();
    }
  }

  /**
   * Copies until the copy is whole.
   *
   * @param size - bytes of the log at its end
   * @returns when the copy has as many
   * @throws {MachineError} when the machine cannot be asked now
   * @throws {IoError} when the copy cannot be written, or the log is shorter than it was
   * @throws {CancelledError} when this copy was disposed meanwhile
   */
  async complete(size: number): Promise<void> {
    while (size > 0) {
      const { length, grew } = await this.pull();
      if (length >= size) {
        return;
      }
      if (!grew) {
        throw new IoError('log-short', l10n.t('The log on the machine is shorter than it was'), {
          details: { run: this.id, length, size },
        });
      }
    }
  }

  dispose(): void {
    this.stop.abort();
  }

  private async loop(): Promise<void> {
    const { clock } = this.parts;
    let retryMs = RETRY_MS;
    while (!this.stop.signal.aborted) {
      const grew = await this.tryPull();
      const pauseMs = grew === undefined ? retryMs : grew ? 0 : POLL_MS;
      retryMs = grew === undefined ? Math.min(LONGEST_RETRY_MS, retryMs * 2) : RETRY_MS;
      await clock.sleep(pauseMs, this.stop.signal).catch(() => undefined);
    }
  }

  // Undefined when it failed.
  private async tryPull(): Promise<boolean | undefined> {
    try {
      return (await this.pull()).grew;
    } catch (error) {
      this.parts.logger.debug(`copying the log of ${this.id}: ${describeError(error)}`);
      return undefined;
    }
  }

  // One after the other: each begins where the file ends.
  private pull(): Promise<{ readonly length: number; readonly grew: boolean }> {
    const next = this.pulling.then(() => this.pullNow());
    this.pulling = next.catch(() => undefined);
    return next;
  }

  private async pullNow(): Promise<{ readonly length: number; readonly grew: boolean }> {
    if (this.stop.signal.aborted) {
      throw new CancelledError();
    }
    const file = await this.openCopy();
    try {
      const { size } = await file.stat();
      const bytes = await this.parts.source.read(this.id, size, CHUNK_BYTES);
      let written = 0;
      while (written < bytes.length) {
        const rest = bytes.length - written;
        written += (await file.write(bytes, written, rest, size + written)).bytesWritten;
      }
      return { length: size + bytes.length, grew: bytes.length > 0 };
    } finally {
      await file.close();
    }
  }

  private async openCopy(): Promise<FileHandle> {
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      return await open(this.path, constants.O_RDWR | constants.O_CREAT, 0o600);
    } catch (cause) {
      throw new IoError('log-copy', l10n.t('Cannot write {0}', this.path), { cause });
    }
  }
}
