import type { Database } from './database.ts';
import type { Row } from './handle.ts';
import { integer, maybeReal } from './rows.ts';

/** Neighbouring points of a series taken together. Values may be NaN. */
export interface MetricBucket {
  readonly min: number;
  readonly max: number;
  readonly last: number;
  /** Step and time of the last point. */
  readonly step: number | null;
  readonly at: number;
}

/** Points looked at in one read; a few ms each. */
const STEP = 20_000;

/**
 * Sums a series up for a chart.
 *
 * @param database - the ledger's
 * @param seriesId - the series
 * @param points - how many it has; later ones are left out
 * @param maxBuckets - at least 1
 * @returns at most `maxBuckets` buckets of nearly equal size, oldest first
 */
export async function readBuckets(
  database: Database,
  seriesId: number,
  points: number,
  maxBuckets: number,
): Promise<readonly MetricBucket[]> {
  const count = Math.min(points, Math.max(1, Math.trunc(maxBuckets)));
  const perRead = Math.max(1, Math.floor((STEP * count) / Math.max(1, points)));
  const startOf = (bucket: number): number => Math.ceil((bucket * points) / count);
  const buckets: MetricBucket[] = [];
  for (let first = 0; first < count; first += perRead) {
    const from = startOf(first);
    const to = startOf(Math.min(count, first + perRead));
    // CROSS JOIN keeps SQLite from looping over all points for each bucket.
    const rows = await database.read((handle) =>
      handle.all(
        `SELECT g.low, g.high, p.value, p.step, p.at
         FROM (SELECT max(ordinal) AS ordinal, min(value) AS low, max(value) AS high
               FROM metric_points WHERE series_id = ? AND ordinal >= ? AND ordinal < ?
               GROUP BY CAST(ordinal * ? / ? AS INTEGER)) g
         CROSS JOIN metric_points p ON p.series_id = ? AND p.ordinal = g.ordinal
         ORDER BY g.ordinal`,
        seriesId,
        from,
        to,
        count,
        points,
        seriesId,
      ),
    );
    buckets.push(...rows.map(bucketOf));
    await nextTurn();
  }
  return buckets;
}

function bucketOf(row: Row): MetricBucket {
  return {
    min: maybeReal(row, 'low') ?? NaN,
    max: maybeReal(row, 'high') ?? NaN,
    last: maybeReal(row, 'value') ?? NaN,
    step: maybeReal(row, 'step'),
    at: integer(row, 'at'),
  };
}

// Reads resolve at once when nobody else writes; timers and input get their turn here.
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
