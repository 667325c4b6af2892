import * as l10n from '@vscode/l10n';
import { LedgerError, NotFoundError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { MetricPoint } from '../core/model/records.ts';
import type { Database, WriteOptions } from './database.ts';
import type { ReadHandle, Row, WriteHandle } from './handle.ts';
import { readBuckets, type MetricBucket } from './metric-buckets.ts';
import { SeriesWriter } from './metric-writer.ts';
import { integer, maybeReal, text } from './rows.ts';

/** How far a run's log has been turned into metrics. */
export interface LogCursor {
  /** Which file, as the log follower names it. */
  readonly identity: string;
  /** Bytes of it that are done. */
  readonly offset: number;
}

/** A step of the cursor; points of the bytes in between come with it. */
export interface CursorMove {
  /** Where the writer began; `null` for the very first time. */
  readonly from: LogCursor | null;
  readonly to: LogCursor;
}

/** One series without its points. */
export interface MetricSeries {
  readonly name: string;
  readonly points: number;
  /** Smallest and largest value; `null` when all were NaN. */
  readonly lowest: number | null;
  readonly highest: number | null;
  readonly last: MetricPoint;
}

/** A point that tells how far the training was. */
export type StepPoint = MetricPoint & { readonly step: number };

/** The newest of so many parts of a series tell its pace. */
const PACE_PARTS = 8;

const SERIES_COLUMNS = 'id, name, points, lowest, highest, last_value, last_step, last_at';

/** Values read from logs. A value may be NaN or infinite: that is news, too. */
export class Metrics {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /**
   * Stores points together with the log position they reach, so that no byte
   * of a log counts twice, whoever reads it. About 1,000 points a call are best.
   *
   * @param runId - a stored run
   * @param points - in the order of the log
   * @param move - from and to which position
   * @param options - durability and guard
   * @returns when it is stored
   * @throws {LedgerError} `cursor-moved` when another reader was there; nothing is stored
   * @throws {NotFoundError} when there is no such run
   */
  append(
    runId: RunId,
    points: readonly MetricPoint[],
    move: CursorMove,
    options: WriteOptions = {},
  ): Promise<void> {
    return this.database.write(
      (handle) => {
        moveCursor(handle, runId, move);
        const writer = new SeriesWriter(handle, runId);
        for (const point of points) {
          writer.add(point);
        }
        writer.finish();
      },
      { ...options, topics: points.length > 0 ? ['metrics'] : [] },
    );
  }

  /**
   * Tells where the next reader of a run's log begins.
   *
   * @param runId - the run
   * @returns the position, or `null` when nothing was read
   */
  cursor(runId: RunId): Promise<LogCursor | null> {
    return this.database.read((handle) => cursorOf(handle, runId));
  }

  /**
   * Lists the series of a run.
   *
   * @param runId - the run
   * @returns in the order they first appeared
   */
  series(runId: RunId): Promise<readonly MetricSeries[]> {
    return this.database.read((handle) =>
      handle
        .all(`SELECT ${SERIES_COLUMNS} FROM metric_series WHERE run_id = ? ORDER BY id`, runId)
        .map(seriesOf),
    );
  }

  /**
   * Reads the last point of each series.
   *
   * @param runId - the run
   * @returns one point a series
   */
  async latest(runId: RunId): Promise<readonly MetricPoint[]> {
    const series = await this.series(runId);
    return series.map((item) => item.last);
  }

  /**
   * Reads the newest points of the fullest series that tells its step. Of a
   * long series only one of so many, so that they span enough time to tell
   * the pace.
   *
   * @param runId - the run
   * @param limit - at most so many
   * @returns oldest first; none when no series tells its step
   */
  recentSteps(runId: RunId, limit: number): Promise<readonly StepPoint[]> {
    return this.database.read((handle) => {
      const row = handle.get(
        `SELECT id, name, points FROM metric_series WHERE run_id = ? AND last_step IS NOT NULL
         ORDER BY points DESC, id LIMIT 1`,
        runId,
      );
      if (row === undefined) {
        return [];
      }
      const name = text(row, 'name');
      const points = integer(row, 'points');
      const stride = Math.max(1, Math.floor(points / (limit * PACE_PARTS)));
      return handle
        .all(
          `SELECT max(ordinal) AS ordinal, value, step, at FROM metric_points
           WHERE series_id = ? AND ordinal > ? - 1 - ? * ?
           GROUP BY (? - 1 - ordinal) / ? ORDER BY ordinal DESC LIMIT ?`,
          ...[integer(row, 'id'), points, stride, limit, points, stride, limit],
        )
        .flatMap((point) => {
          const step = maybeReal(point, 'step');
          const value = maybeReal(point, 'value') ?? NaN;
          return step === null ? [] : [{ name, value, step, at: integer(point, 'at') }];
        })
        .reverse();
    });
  }

  /**
   * Reads a series for a chart, in steps that hold up nothing.
   *
   * @param runId - the run
   * @param name - the series
   * @param maxBuckets - points wanted at most; with that many or fewer stored, each is one bucket
   * @returns oldest first
   */
  async chart(runId: RunId, name: string, maxBuckets: number): Promise<readonly MetricBucket[]> {
    const row = await this.database.read((handle) =>
      handle.get('SELECT id, points FROM metric_series WHERE run_id = ? AND name = ?', runId, name),
    );
    return row === undefined
      ? []
      : readBuckets(this.database, integer(row, 'id'), integer(row, 'points'), maxBuckets);
  }
}

function moveCursor(handle: WriteHandle, runId: RunId, { from, to }: CursorMove): void {
  if (handle.get('SELECT 1 FROM runs WHERE id = ?', runId) === undefined) {
    throw new NotFoundError('run-not-found', l10n.t('There is no run {0}', runId));
  }
  const stored = cursorOf(handle, runId);
  if (stored?.identity !== from?.identity || stored?.offset !== from?.offset) {
    throw new LedgerError('cursor-moved', l10n.t('Another window reads this log already.'), {
      details: { stored, from },
    });
  }
  handle.run(
    `INSERT INTO metric_cursors (run_id, log_identity, log_offset) VALUES (?, ?, ?)
     ON CONFLICT (run_id) DO UPDATE SET log_identity = excluded.log_identity,
       log_offset = excluded.log_offset`,
    runId,
    to.identity,
    to.offset,
  );
}

function cursorOf(handle: ReadHandle, runId: RunId): LogCursor | null {
  const row = handle.get(
    'SELECT log_identity, log_offset FROM metric_cursors WHERE run_id = ?',
    runId,
  );
  return row === undefined
    ? null
    : { identity: text(row, 'log_identity'), offset: integer(row, 'log_offset') };
}

function seriesOf(row: Row): MetricSeries {
  const name = text(row, 'name');
  return {
    name,
    points: integer(row, 'points'),
    lowest: maybeReal(row, 'lowest'),
    highest: maybeReal(row, 'highest'),
    last: {
      name,
      value: maybeReal(row, 'last_value') ?? NaN,
      step: maybeReal(row, 'last_step'),
      at: integer(row, 'last_at'),
    },
  };
}
