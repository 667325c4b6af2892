import type { MetricPoint } from '../core/model/records.ts';
import type { WriteHandle } from './handle.ts';
import { thinSeries } from './metric-thinning.ts';
import { integer, maybeReal } from './rows.ts';

interface OpenSeries {
  readonly id: number;
  /** Points before this transaction. */
  readonly stored: number;
  points: number;
  lowest: number;
  highest: number;
  last: MetricPoint;
}

/** Adds points within one transaction and sums each series up once at its end. */
export class SeriesWriter {
  private readonly handle: WriteHandle;
  private readonly runId: string;
  private readonly series = new Map<string, OpenSeries>();

  constructor(handle: WriteHandle, runId: string) {
    this.handle = handle;
    this.runId = runId;
  }

  /**
   * Stores a point.
   *
   * @param point - comes after all earlier points of its series
   */
  add(point: MetricPoint): void {
    const series = this.series.get(point.name) ?? this.open(point);
    // SQLite turns NaN into NULL by itself.
    this.handle.run(
      'INSERT INTO metric_points (series_id, ordinal, value, step, at) VALUES (?, ?, ?, ?, ?)',
      series.id,
      series.points,
      point.value,
      point.step,
      Math.round(point.at),
    );
    series.points += 1;
    series.last = point;
    if (point.value < series.lowest) {
      series.lowest = point.value;
    }
    if (point.value > series.highest) {
      series.highest = point.value;
    }
  }

  /** Stores the sums and thins what has grown old; to be called once, at the end. */
  finish(): void {
    for (const series of this.series.values()) {
      const seen = series.lowest <= series.highest; // Not so while all values were NaN.
      this.handle.run(
        `UPDATE metric_series SET points = ?, lowest = ?, highest = ?,
           last_value = ?, last_step = ?, last_at = ? WHERE id = ?`,
        series.points,
        seen ? series.lowest : null,
        seen ? series.highest : null,
        series.last.value,
        series.last.step,
        Math.round(series.last.at),
        series.id,
      );
      thinSeries(this.handle, series.id, series.stored, series.points);
    }
  }

  private open(point: MetricPoint): OpenSeries {
    const row =
      this.handle.get(
        'SELECT id, points, lowest, highest FROM metric_series WHERE run_id = ? AND name = ?',
        this.runId,
        point.name,
      ) ??
      this.handle.get(
        `INSERT INTO metric_series (run_id, name, points, last_at) VALUES (?, ?, 0, 0)
         RETURNING id, points, lowest, highest`,
        this.runId,
        point.name,
      ) ??
      {};
    const series: OpenSeries = {
      id: integer(row, 'id'),
      stored: integer(row, 'points'),
      points: integer(row, 'points'),
      lowest: maybeReal(row, 'lowest') ?? Infinity,
      highest: maybeReal(row, 'highest') ?? -Infinity,
      last: point,
    };
    this.series.set(point.name, series);
    return series;
  }
}
