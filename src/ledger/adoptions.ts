import type { RunId } from '../core/ids.ts';
import type { Starter } from '../core/model/run.ts';
import type { Database, WriteOptions } from './database.ts';
import { appendEvent } from './run-events.ts';

/** Runs of other installations that this one has taken over. */
export class Adoptions {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /**
   * Makes a found run one of this installation, and says so in its timeline.
   *
   * @param id - the run
   * @param from - who started it, as far as known
   * @param at - ms since the epoch
   * @param options - durability and guard
   * @returns false when it is gone, or was no found one any more
   */
  adopt(
    id: RunId,
    from: Starter | null,
    at: number,
    options: WriteOptions = {},
  ): Promise<boolean> {
    return this.database.write(
      (handle) => {
        const sql = 'UPDATE runs SET found_at = NULL WHERE id = ? AND found_at IS NOT NULL';
        if (handle.run(sql, id) === 0) {
          return false;
        }
        const data = from === null ? {} : { from: from.host };
        appendEvent(handle, { runId: id, kind: 'adopted', data, at });
        return true;
      },
      { ...options, topics: ['runs'] },
    );
  }
}
