import type { RunId } from '../core/ids.ts';
import type { RunEvent } from '../core/model/records.ts';
import type { RunAfter } from '../core/model/run-after.ts';
import type { Database, WriteOptions } from './database.ts';
import { appendEvent } from './run-events.ts';

/** Something to add to the timeline of a run. */
export type NewEvent = Pick<RunEvent, 'kind' | 'data'>;

/** What has become of the results of each run. */
export class RunAfters {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /**
   * Sets what has become of a run's results, together with what is to be told
   * of that in its timeline.
   *
   * @param id - the run; nothing happens when it is gone
   * @param after - as it is now
   * @param events - what happened
   * @param at - ms since the epoch
   * @param options - durability and guard
   * @returns when it is stored
   */
  set(
    id: RunId,
    after: RunAfter,
    events: readonly NewEvent[],
    at: number,
    options: WriteOptions = {},
  ): Promise<void> {
    return this.database.write(
      (handle) => {
        const sql = 'UPDATE runs SET after = ? WHERE id = ?';
        if (handle.run(sql, JSON.stringify(after), id) === 1) {
          for (const event of events) {
            appendEvent(handle, { ...event, runId: id, at });
          }
        }
      },
      { ...options, topics: ['runs'] },
    );
  }
}
