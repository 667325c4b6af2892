import type { Clock } from '../core/clock.ts';
import { LedgerError } from '../core/errors.ts';
import { Emitter, type Event } from '../core/events.ts';
import { BackOff, Courtesy } from './back-off.ts';
import {
  CachingHandle,
  refusePromise,
  type Guard,
  type ReadHandle,
  type WriteHandle,
} from './handle.ts';
import type { JournalMode } from './journal-mode.ts';
import { createPrivately } from './ledger-file.ts';
import { Presence } from './presence.ts';
import { asLedgerError, busyError, closedError, isBusy, loadSqlite } from './sqlite.ts';
import type { Connection } from './sqlite.ts';
import { bumpTopics, type Topic } from './topics.ts';

/** Choices for one write. */
export interface WriteOptions {
  /** Survives a power cut once acknowledged; otherwise a killed process only. */
  readonly durable?: boolean;
  /** Runs first in the transaction and throws to refuse it. */
  readonly guard?: Guard | undefined;
}

/** A write with the parts of the ledger it changes. */
export interface TopicWriteOptions extends WriteOptions {
  readonly topics?: readonly Topic[];
}

/** Longest time SQLite itself may hold up the event loop for a lock, in ms. */
const BUSY_TIMEOUT_MS = 1;
/** How long to keep trying for a lock without holding up anything, in ms. */
const DEADLINE_MS = 10_000;
/** How long to wait for others to let the journal mode change, in ms. */
const JOURNAL_DEADLINE_MS = 1000;
/** The write-ahead log is cut back to this, in bytes. */
const JOURNAL_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * One connection with an asynchronous face. A lock held by another process is
 * waited for between short attempts, never inside SQLite. Callbacks must be
 * synchronous and may run more than once.
 */
export class Database {
  readonly path: string;
  /** Fires once when the file was deleted or replaced under us. */
  readonly onDidLose: Event<LedgerError>;
  private readonly connection: Connection;
  private readonly clock: Clock;
  private readonly handle: CachingHandle;
  private readonly presence: Presence;
  private readonly courtesy: Courtesy;
  private readonly writeEmitter = new Emitter<readonly Topic[]>();
  private queue: Promise<unknown> = Promise.resolve();
  /** Set while a transaction stays open across turns of the event loop. */
  private committing: Promise<void> | undefined;
  private durable: boolean | undefined;
  private closing = false;
  private open = true;

  /**
   * Use `Database.open`.
   *
   * @param path - its file
   * @param connection - open on that file
   * @param clock - source of time
   */
  private constructor(path: string, connection: Connection, clock: Clock) {
    this.path = path;
    this.connection = connection;
    this.clock = clock;
    this.handle = new CachingHandle(connection);
    this.presence = new Presence(path);
    this.courtesy = new Courtesy(clock);
    this.onDidLose = this.presence.onDidLose;
    connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  }

  /** Fires after each own write that named topics. */
  readonly onDidWrite: Event<readonly Topic[]> = this.writeEmitter.event;

  /**
   * Opens a file, making an empty one when there is none. Reads nothing yet.
   *
   * @param path - absolute path; its folder exists
   * @param clock - source of time for waiting
   * @returns the open database
   */
  static async open(path: string, clock: Clock): Promise<Database> {
    const { DatabaseSync } = await loadSqlite();
    createPrivately(path);
    try {
      return new Database(path, new DatabaseSync(path, { enableForeignKeyConstraints: true }), clock);
    } catch (error) {
      throw asLedgerError(error, path);
    }
  }

  /**
   * Sets how transactions are kept whole. Other open windows can make a change
   * impossible; then the present mode stays.
   *
   * @param mode - the wanted mode
   * @returns the mode now in use, in SQLite's words
   */
  async useJournal(mode: JournalMode): Promise<string> {
    const set = (): string => {
      // For a file that is still empty; it cannot be said later.
      this.connection.exec('PRAGMA auto_vacuum = INCREMENTAL');
      this.connection.exec(`PRAGMA journal_size_limit = ${JOURNAL_LIMIT_BYTES}`);
      const row = this.connection.prepare(`PRAGMA journal_mode = ${mode}`).get();
      return String(row?.['journal_mode']);
    };
    try {
      return await this.retry(set, new BackOff(this.clock, JOURNAL_DEADLINE_MS));
    } catch (error) {
      if (!(error instanceof LedgerError && error.code === 'ledger-busy')) {
        throw error;
      }
      const row = await this.read((handle) => handle.get('PRAGMA journal_mode'));
      return String(row?.['journal_mode']);
    }
  }

  /**
   * Reads one consistent state.
   *
   * @param callback - synchronous; may run again when a lock was in the way
   * @returns what the callback returned
   * @throws {LedgerError} `ledger-busy` after ten seconds, or what SQLite met
   */
  read<T>(callback: (handle: ReadHandle) => T): Promise<T> {
    return this.retry(() => {
      this.connection.exec('BEGIN');
      try {
        const value = callback(this.handle);
        this.connection.exec('COMMIT');
        return value;
      } catch (error) {
        this.rollback();
        throw error;
      }
    });
  }

  /**
   * Writes in one transaction, after all earlier writes of this connection.
   *
   * @param callback - synchronous; may run again when a lock was in the way
   * @param options - durability, guard and topics
   * @returns what the callback returned, once it is committed
   * @throws {LedgerError} `ledger-busy` after ten seconds, `ledger-gone`, or what SQLite met
   */
  write<T>(callback: (handle: WriteHandle) => T, options: TopicWriteOptions = {}): Promise<T> {
    if (this.closing) {
      return Promise.reject(closedError());
    }
    const result = this.queue.then(() => this.transact(callback, options));
    this.queue = result.catch(() => undefined);
    return result;
  }

  /**
   * Compares the open file with the one at its path.
   *
   * @returns false once it was deleted or replaced; `onDidLose` has fired then
   */
  checkPresent(): boolean {
    return !this.open || this.presence.check() === undefined;
  }

  /** Waits for writes under way, then closes; later calls are refused. */
  async close(): Promise<void> {
    this.closing = true;
    await this.queue;
    if (this.open) {
      this.open = false;
      this.connection.close();
    }
    this.writeEmitter.dispose();
    this.presence.dispose();
  }

  private async transact<T>(
    callback: (handle: WriteHandle) => T,
    options: TopicWriteOptions,
  ): Promise<T> {
    await this.courtesy.giveWay();
    const backOff = new BackOff(this.clock, DEADLINE_MS);
    const attempt = (): Attempt<T> => this.attempt(callback, options, backOff);
    const { value, commit } = await this.retry(attempt, backOff);
    await commit;
    this.courtesy.done();
    if (options.topics !== undefined) {
      this.writeEmitter.fire(options.topics);
    }
    return value;
  }

  private attempt<T>(
    callback: (handle: WriteHandle) => T,
    options: TopicWriteOptions,
    backOff: BackOff,
  ): Attempt<T> {
    this.setDurable(options.durable ?? false);
    this.connection.exec('BEGIN IMMEDIATE');
    try {
      options.guard?.(this.handle);
      const value = callback(this.handle);
      refusePromise(value);
      bumpTopics(this.handle, options.topics ?? []);
      const loss = this.presence.check();
      if (loss !== undefined) {
        throw loss;
      }
      return { value, commit: this.commit(backOff) };
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  // Readers of a rollback journal can hold up a commit. The transaction then
  // stays open, and `committing` keeps reads of this connection out of it.
  private commit(backOff: BackOff): Promise<void> | undefined {
    try {
      this.connection.exec('COMMIT');
      return undefined;
    } catch (error) {
      if (!isBusy(error)) {
        throw error;
      }
      const commit = this.commitLater(backOff, error);
      this.committing = commit.catch(() => undefined);
      return commit;
    }
  }

  private async commitLater(backOff: BackOff, cause: unknown): Promise<void> {
    try {
      for (;;) {
        await backOff.wait(() => busyError(this.path, cause));
        try {
          this.connection.exec('COMMIT');
          return;
        } catch (error) {
          if (!isBusy(error)) {
            throw this.translate(error);
          }
        }
      }
    } catch (error) {
      this.rollback();
      throw error;
    } finally {
      this.committing = undefined;
    }
  }

  private async retry<T>(
    attempt: () => T,
    backOff = new BackOff(this.clock, DEADLINE_MS),
  ): Promise<T> {
    for (;;) {
      while (this.committing !== undefined) {
        await this.committing;
      }
      this.assertUsable();
      try {
        return attempt();
      } catch (error) {
        if (!isBusy(error)) {
          throw this.translate(error);
        }
        await backOff.wait(() => busyError(this.path, error));
      }
    }
  }

  private setDurable(durable: boolean): void {
    if (this.durable !== durable) {
      // Full: the commit is on the disk itself, with macOS's own stronger flush.
      this.connection.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`);
      this.connection.exec(`PRAGMA fullfsync = ${durable ? 'ON' : 'OFF'}`);
      this.durable = durable;
    }
  }

  private rollback(): void {
    try {
      this.connection.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself after some errors; nothing is open then.
    }
  }

  // A failure of a file that is gone is told as that, whatever SQLite makes of it.
  private translate(error: unknown): unknown {
    const translated = asLedgerError(error, this.path);
    return translated === error ? error : (this.presence.check() ?? translated);
  }

  private assertUsable(): void {
    const loss = this.presence.known();
    if (loss !== undefined) {
      throw loss;
    }
    if (!this.open) {
      throw closedError();
    }
  }
}

/** What an attempt left behind: a value, and a commit still to wait for. */
interface Attempt<T> {
  readonly value: T;
  readonly commit: Promise<void> | undefined;
}
