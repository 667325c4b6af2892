import type { StatementSync } from 'node:sqlite';
import type { Connection } from './sqlite.ts';

/** What can be stored in one column. */
export type SqlValue = null | number | string;

/** One row by column name, unchecked: read it with `rows.ts`. */
export type Row = Readonly<Record<string, unknown>>;

/** What a synchronous read callback may do. */
export interface ReadHandle {
  /** The first row, or `undefined`. */
  get(sql: string, ...values: readonly SqlValue[]): Row | undefined;
  /** All rows; the caller bounds their number. */
  all(sql: string, ...values: readonly SqlValue[]): readonly Row[];
}

/** What a synchronous write callback may do. */
export interface WriteHandle extends ReadHandle {
  /** Runs one statement and tells how many rows it changed. */
  run(sql: string, ...values: readonly SqlValue[]): number;
  /** Runs a script of statements without values. */
  exec(script: string): void;
}

/** Checks that this window may still write; throws when it may not. */
export type Guard = (handle: WriteHandle) => void;

/** A handle over a connection that prepares each statement once. */
export class CachingHandle implements WriteHandle {
  private readonly connection: Connection;
  private readonly statements = new Map<string, StatementSync>();

  constructor(connection: Connection) {
    this.connection = connection;
  }

  get(sql: string, ...values: readonly SqlValue[]): Row | undefined {
    return this.statement(sql).get(...values);
  }

  all(sql: string, ...values: readonly SqlValue[]): readonly Row[] {
    return this.statement(sql).all(...values);
  }

  run(sql: string, ...values: readonly SqlValue[]): number {
    return Number(this.statement(sql).run(...values).changes);
  }

  exec(script: string): void {
    this.connection.exec(script);
  }

  private statement(sql: string): StatementSync {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.connection.prepare(sql);
      this.statements.set(sql, statement);
    }
    return statement;
  }
}

/**
 * Refuses an asynchronous callback: its transaction would be over before it.
 *
 * @param value - what the callback returned
 */
export function refusePromise(value: unknown): void {
  if (value instanceof Promise) {
    value.catch(() => undefined);
    throw new TypeError('a transaction callback must be synchronous');
  }
}
