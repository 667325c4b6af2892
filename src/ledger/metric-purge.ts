import type { Database } from './database.ts';
import { integer } from './rows.ts';

/** Points removed in one transaction; keeps each below a few tens of ms. */
const STEP = 20_000;

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
      return;
    }
  }
}
