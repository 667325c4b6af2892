import type { RunId } from '../core/ids.ts';
import type { RunEvent } from '../core/model/records.ts';
import type { Database, WriteOptions } from './database.ts';
import type { Row, WriteHandle } from './handle.ts';
import { integer, jsonObject, runIdOf, text, type JsonObject } from './rows.ts';

/** The timeline of each run. */
export class RunEvents {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /**
   * Adds an event.
   *
   * @param runId - a stored run
   * @param kind - such as `stop-requested`
   * @param data - plain JSON data without secrets
   * @param at - ms since the epoch
   * @param options - durability and guard
   * @returns its number, higher than all before
   */
  append(
    runId: RunId,
    kind: string,
    data: JsonObject,
    at: number,
    options: WriteOptions = {},
  ): Promise<number> {
    return this.database.write((handle) => appendEvent(handle, { runId, kind, data, at }), {
      ...options,
      topics: ['runs'],
    });
  }

  /**
   * Lists events of a run.
   *
   * @param runId - the run
   * @param afterSeq - only those numbered higher
   * @param limit - at most so many
   * @returns oldest first
   */
  list(runId: RunId, afterSeq = 0, limit = 1000): Promise<readonly RunEvent[]> {
    return this.database.read((handle) =>
      handle
        .all(
          `SELECT seq, run_id, at, kind, data FROM run_events
           WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?`,
          runId,
          afterSeq,
          limit,
        )
        .map(eventOf),
    );
  }
}

/**
 * Does `RunEvents.append` inside another write.
 *
 * @param handle - the open transaction
 * @param event - what happened
 * @returns its number
 */
export function appendEvent(handle: WriteHandle, event: Omit<RunEvent, 'seq'>): number {
  const row = handle.get(
    'INSERT INTO run_events (run_id, at, kind, data) VALUES (?, ?, ?, ?) RETURNING seq',
    event.runId,
    Math.round(event.at),
    event.kind,
    JSON.stringify(event.data),
  );
  return integer(row ?? {}, 'seq');
}

function eventOf(row: Row): RunEvent {
  return {
    seq: integer(row, 'seq'),
    runId: runIdOf(row, 'run_id'),
    at: integer(row, 'at'),
    kind: text(row, 'kind'),
    data: jsonObject(row, 'data'),
  };
}
