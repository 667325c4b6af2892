import type { Database } from './database.ts';
import { integer } from './rows.ts';

/** Points removed in one transaction; keeps each below a few tens of ms. */
const STEP = 20_000;
/** Pages of 4 KiB given back in one transaction. */
const STEP_PAGES = 1000;
/** What `PRAGMA auto_vacuum` answers for it. */
const INCREMENTAL = 2;

/**
 * Removes metrics of runs that were deleted, in steps that hold up nothing.
 * What an interrupted call left is removed by the next one.
 *
 * @param database - the ledger's
 */
export async function purgeOrphanedSeries(database: Database): Promise<void> {
  for (;;) {
    const more = await database.write((handle) => {
      const row = handle.get(
        'SELECT id, points FROM metric_series WHERE run_id NOT IN (SELECT id FROM runs) LIMIT 1',
      );
      if (row === undefined) {
        return false;
      }
      const series = integer(row, 'id');
      const left = Math.max(0, integer(row, 'points') - STEP);
      handle.run('DELETE FROM metric_points WHERE series_id = ? AND ordinal >= ?', series, left);
      if (left === 0) {
        handle.run('DELETE FROM metric_series WHERE id = ?', series);
      } else {
        handle.run('UPDATE metric_series SET points = ? WHERE id = ?', left, series);
      }
      return true;
    });
    if (!more) {
      break;
    }
  }
  await shrink(database);
}

// Gives the freed pages back to the file system; a file of before this was set has none to give.
async function shrink(database: Database): Promise<void> {
  for (;;) {
    const left = await database.write((handle) => {
      handle.exec(`PRAGMA incremental_vacuum(${STEP_PAGES})`);
      return integer(handle.get('PRAGMA freelist_count') ?? {}, 'freelist_count');
    });
    const mode = await database.read((handle) => handle.get('PRAGMA auto_vacuum'));
    if (left === 0 || mode?.['auto_vacuum'] !== INCREMENTAL) {
      return;
    }
  }
}
