import type { Clock } from '../core/clock.ts';
import { describeError } from '../core/error-chain.ts';
import type { LedgerError } from '../core/errors.ts';
import { Emitter, type Disposable, type Event } from '../core/events.ts';
import type { Logger } from '../core/logger.ts';
import { Adoptions } from './adoptions.ts';
import { Checkpoints } from './checkpoints.ts';
import type { Database } from './database.ts';
import { Election } from './election.ts';
import { Intents } from './intents.ts';
import { Intervals } from './intervals.ts';
import { Locks } from './locks.ts';
import { Metrics } from './metrics.ts';
import { Resources } from './resources.ts';
import { integer } from './rows.ts';
import { RunAfters } from './run-afters.ts';
import { RunEvents } from './run-events.ts';
import { Runs } from './runs.ts';
import { changedTopics, topicVersions, type Topic, type TopicVersions } from './topics.ts';

/** What changed in the ledger. */
export interface LedgerChange {
  readonly topics: ReadonlySet<Topic>;
  /** False when another window wrote it. */
  readonly own: boolean;
}

/** What a ledger needs beside its database. */
export interface LedgerParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names this window, unlike any other. */
  readonly owner: string;
}

/** Everything this host remembers, shared by all its windows. Get one from `openLedger`. */
export class Ledger {
  readonly runs: Runs;
  readonly events: RunEvents;
  readonly afters: RunAfters;
  readonly adoptions: Adoptions;
  readonly metrics: Metrics;
  readonly checkpoints: Checkpoints;
  readonly resources: Resources;
  readonly intervals: Intervals;
  readonly intents: Intents;
  readonly locks: Locks;
  readonly election: Election;
  /** Fires once when the file was deleted or replaced: close, open again, rebuild. */
  readonly onDidLose: Event<LedgerError>;
  private readonly database: Database;
  private readonly parts: LedgerParts;
  private readonly changed = new Emitter<LedgerChange>();
  private readonly watches = new Set<() => void>();

  /** Fires after own writes at once, and after those of others while watched. */
  readonly onDidChange: Event<LedgerChange> = this.changed.event;

  constructor(database: Database, parts: LedgerParts) {
    const { clock, owner } = parts;
    this.database = database;
    this.parts = parts;
    this.runs = new Runs(database);
    this.events = new RunEvents(database);
    this.afters = new RunAfters(database);
    this.adoptions = new Adoptions(database);
    this.metrics = new Metrics(database);
    this.checkpoints = new Checkpoints(database);
    this.resources = new Resources(database);
    this.intervals = new Intervals(database);
    this.intents = new Intents(database);
    this.locks = new Locks(database, clock, owner);
    this.election = new Election(database, clock, owner);
    this.onDidLose = database.onDidLose;
    database.onDidWrite((topics) => {
      if (topics.length > 0) {
        this.changed.fire({ topics: new Set(topics), own: true });
      }
    });
  }

  /**
   * Absolute path of the file.
   *
   * @returns the path it was opened by
   */
  get path(): string {
    return this.database.path;
  }

  /**
   * Reads SQLite's own counter of writes by other connections.
   *
   * @returns a number; only a difference means anything
   */
  dataVersion(): Promise<number> {
    return this.database.read((handle) =>
      integer(handle.get('PRAGMA data_version') ?? {}, 'data_version'),
    );
  }

  /**
   * Tells how the file is kept, for a report.
   *
   * @returns the journal mode in SQLite's words, and the version of the tables
   */
  storage(): Promise<{ readonly journal: string; readonly schema: number }> {
    return this.database.read((handle) => ({
      journal: String(handle.get('PRAGMA journal_mode')?.['journal_mode']),
      schema: integer(handle.get('PRAGMA user_version') ?? {}, 'user_version'),
    }));
  }

  /**
   * Looks from time to time for writes of other windows and for the file
   * itself. Renewed leases alone make no event.
   *
   * @param ms - how often, in milliseconds
   * @returns ends the looking
   */
  watch(ms: number): Disposable {
    let seen: Seen | undefined;
    let looking = false;
    const look = async (): Promise<void> => {
      if (looking || !this.database.checkPresent()) {
        return;
      }
      looking = true;
      try {
        seen = await this.look(seen);
      } catch (error) {
        this.parts.logger.debug(`looking for changes: ${describeError(error)}`);
      } finally {
        looking = false;
      }
    };
    const stop = this.parts.clock.every(ms, () => void look());
    this.watches.add(stop);
    void look();
    return {
      dispose: () => {
        stop();
        this.watches.delete(stop);
      },
    };
  }

  /** Ends watching, gives the election up, waits for writes under way and closes. */
  async close(): Promise<void> {
    for (const stop of this.watches) {
      stop();
    }
    this.watches.clear();
    await this.election.release().catch((error: unknown) => {
      this.parts.logger.debug(`giving up the election: ${describeError(error)}`);
    });
    await this.database.close();
    this.changed.dispose();
  }

  private async look(before: Seen | undefined): Promise<Seen> {
    const dataVersion = await this.dataVersion();
    if (before?.dataVersion === dataVersion) {
      return before;
    }
    const versions = await this.database.read(topicVersions);
    if (before !== undefined) {
      const topics = changedTopics(before.versions, versions);
      if (topics.size > 0) {
        this.changed.fire({ topics, own: false });
      }
    }
    return { dataVersion, versions };
  }
}

interface Seen {
  readonly dataVersion: number;
  readonly versions: TopicVersions;
}
