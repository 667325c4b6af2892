import type { WriteHandle } from './handle.ts';

/** Newest points of a series that are all kept. */
export const RAW_POINTS = 131_072;
/** Older points are thinned in blocks of so many; a few ms each. */
export const BLOCK_POINTS = 2048;
/** Of so many neighbours the smallest, the largest and the last are kept. */
export const GROUP_POINTS = 64;
/** Shares no factor with the size of a block. */
const STAGGER = 433;

/**
 * Thins what has grown old since a series had fewer points, so that a run of
 * weeks stays small: of every 64 neighbours the smallest, the largest, the
 * last and the first NaN stay, and a chart looks the same.
 *
 * @param handle - of the transaction that added points
 * @param seriesId - the series
 * @param before - how many points it had
 * @param after - how many it has
 */
export function thinSeries(
  handle: WriteHandle,
  seriesId: number,
  before: number,
  after: number,
): void {
  // Series that grow side by side are not all thinned in the same moment.
  const late = (seriesId * STAGGER) % BLOCK_POINTS;
  for (let block = doneBlocks(before - late); block < doneBlocks(after - late); block += 1) {
    const from = block * BLOCK_POINTS;
    const range = [seriesId, from, from + BLOCK_POINTS];
    handle.run(
      `DELETE FROM metric_points WHERE series_id = ? AND ordinal >= ? AND ordinal < ?
       AND ordinal NOT IN (${KEPT.join(' UNION ')})`,
      ...range,
      ...KEPT.flatMap(() => range),
    );
  }
}

function doneBlocks(points: number): number {
  return Math.max(0, Math.floor((points - RAW_POINTS) / BLOCK_POINTS));
}

const GROUPS = `FROM metric_points WHERE series_id = ? AND ordinal >= ? AND ordinal < ?`;
// Beside min() or max() SQLite takes the plain column from the row that has it.
const KEPT = [
  `SELECT max(ordinal) ${GROUPS} GROUP BY ordinal / ${GROUP_POINTS}`,
  `SELECT min(ordinal) ${GROUPS} AND value IS NULL GROUP BY ordinal / ${GROUP_POINTS}`,
  `SELECT ordinal FROM (SELECT ordinal, min(value) ${GROUPS} GROUP BY ordinal / ${GROUP_POINTS})`,
  `SELECT ordinal FROM (SELECT ordinal, max(value) ${GROUPS} GROUP BY ordinal / ${GROUP_POINTS})`,
];
