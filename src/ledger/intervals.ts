import type { StateInterval } from '../core/model/records.ts';
import type { MicroDollarsPerHour } from '../core/money.ts';
import type { Database, WriteOptions } from './database.ts';
import type { Row, SqlValue, WriteHandle } from './handle.ts';
import { integer, maybeInteger, maybeRate, text } from './rows.ts';

/** A subject entering a state. */
export interface StateChange {
  /** `run:<id>` or `<provider>:<resource id>`. */
  readonly subject: string;
  readonly state: string;
  /** Since when, ms since the epoch. */
  readonly at: number;
  /** Micro-dollars per hour from then on; `null` when unknown. */
  readonly rate: MicroDollarsPerHour | null;
}

/** Which intervals to list. */
export interface IntervalFilter {
  /** Those that last longer than this moment. */
  readonly since?: number;
  /** Those that began before this moment. */
  readonly until?: number;
}

const TOPICS = { topics: ['intervals'] } as const;
const COLUMNS = 'subject, state, from_at, to_at, rate';

/** Who was in which state, when, at what rate. At most one interval of a subject is open. */
export class Intervals {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /**
   * Ends the open interval, when there is one, and begins another at the same
   * moment. Does nothing when state and rate stay the same.
   *
   * @param change - what the subject enters
   * @param options - durability and guard
   * @returns when it is stored
   */
  transition(change: StateChange, options: WriteOptions = {}): Promise<void> {
    return this.database.write((handle) => enterState(handle, change), { ...options, ...TOPICS });
  }

  /**
   * Ends the open interval, when there is one.
   *
   * @param subject - whose
   * @param at - when, ms since the epoch
   * @param options - durability and guard
   * @returns when it is stored
   */
  close(subject: string, at: number, options: WriteOptions = {}): Promise<void> {
    return this.database.write((handle) => leaveState(handle, subject, at), {
      ...options,
      ...TOPICS,
    });
  }

  /**
   * Lists what a meter counts, all subjects together.
   *
   * @param filter - all time unless told
   * @returns oldest first within each subject
   */
  list(filter: IntervalFilter = {}): Promise<readonly StateInterval[]> {
    const { since = Number.MIN_SAFE_INTEGER, until = Number.MAX_SAFE_INTEGER } = filter;
    return this.database.read((handle) => [
      ...handle
        .all(
          `SELECT ${COLUMNS} FROM state_intervals
           WHERE to_at > ? AND from_at < ? ORDER BY id`,
          since,
          until,
        )
        .map(intervalOf),
      ...handle
        .all(
          `SELECT ${COLUMNS} FROM state_intervals WHERE to_at IS NULL AND from_at < ? ORDER BY id`,
          until,
        )
        .map(intervalOf),
    ]);
  }

  /**
   * Lists the history of one subject.
   *
   * @param subject - whose
   * @returns oldest first
   */
  of(subject: string): Promise<readonly StateInterval[]> {
    return this.database.read((handle) =>
      handle
        .all(`SELECT ${COLUMNS} FROM state_intervals WHERE subject = ? ORDER BY id`, subject)
        .map(intervalOf),
    );
  }
}

/**
 * Does `Intervals.transition` inside another write.
 *
 * @param handle - the open transaction
 * @param change - what the subject enters
 */
export function enterState(handle: WriteHandle, change: StateChange): void {
  const last = lastInterval(handle, change.subject);
  const open = last?.['to_at'] === null;
  if (open && text(last, 'state') === change.state && maybeRate(last, 'rate') === change.rate) {
    return;
  }
  const at = last === undefined ? Math.round(change.at) : notBefore(last, change.at);
  if (open) {
    endInterval(handle, last, at);
  }
  const values: SqlValue[] = [change.subject, change.state, at, change.rate];
  handle.run(
    'INSERT INTO state_intervals (subject, state, from_at, rate) VALUES (?, ?, ?, ?)',
    ...values,
  );
}

/**
 * Does `Intervals.close` inside another write.
 *
 * @param handle - the open transaction
 * @param subject - whose
 * @param at - when, ms since the epoch
 */
export function leaveState(handle: WriteHandle, subject: string, at: number): void {
  const last = lastInterval(handle, subject);
  if (last?.['to_at'] === null) {
    endInterval(handle, last, notBefore(last, at));
  }
}

function lastInterval(handle: WriteHandle, subject: string): Row | undefined {
  return handle.get(
    `SELECT id, ${COLUMNS} FROM state_intervals WHERE subject = ? ORDER BY id DESC LIMIT 1`,
    subject,
  );
}

function endInterval(handle: WriteHandle, row: Row, at: number): void {
  handle.run('UPDATE state_intervals SET to_at = ? WHERE id = ?', at, integer(row, 'id'));
}

// The wall clock may be set back; no interval may run backwards or overlap.
function notBefore(row: Row, at: number): number {
  return Math.max(Math.round(at), maybeInteger(row, 'to_at') ?? integer(row, 'from_at'));
}

function intervalOf(row: Row): StateInterval {
  return {
    subject: text(row, 'subject'),
    state: text(row, 'state'),
    from: integer(row, 'from_at'),
    to: maybeInteger(row, 'to_at'),
    rate: maybeRate(row, 'rate'),
  };
}
