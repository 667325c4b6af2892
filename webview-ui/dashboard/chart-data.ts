import type { Chart, ChartLine } from '../../src/ui/dashboard/messages.ts';

export type Axis = 'step' | 'time';

/**
 * Columns for the chart: the x values, then one column per line. `undefined`
 * where a line has no point at that x (draw on), `null` where its value was no
 * number (a gap).
 */
export type Columns = [number[], ...(number | null | undefined)[][]];

/** Puts lines with points at different places onto one axis. */
export function columnsOf(lines: readonly ChartLine[], axis: Axis, log: boolean): Columns {
  const byX = lines.map((line) => pointsByX(line, axis, log));
  const xs = [...new Set(byX.flatMap((points) => [...points.keys()]))].sort((a, b) => a - b);
  return [xs, ...byX.map((points) => xs.map((x) => points.get(x)))];
}

/** The axis that can be drawn: time when the log told no steps. */
export function usableAxis(chart: Chart, wished: Axis): Axis {
  const hasSteps = chart.lines.some((line) => line.steps.some((step) => step !== null));
  return hasSteps ? wished : 'time';
}

/** One row of the text table. */
export interface SampledRow {
  readonly step: number | null;
  /** Ms since the run started. */
  readonly elapsed: number;
  readonly value: number | null;
}

/** Rows of the text table: what the chart draws, at most so many per line, newest first. */
export function sampledRows(line: ChartLine, limit: number): readonly SampledRow[] {
  const count = line.values.length;
  const stride = Math.max(1, Math.ceil(count / limit));
  const rows = [];
  // From the end, so that the last value is always there.
  for (let index = count - 1; index >= 0; index -= stride) {
    rows.push({
      step: line.steps[index] ?? null,
      elapsed: line.elapsed[index] ?? 0,
      value: line.values[index] ?? null,
    });
  }
  return rows;
}

/** Writes a time since the start, as on a stopwatch. */
export function clockText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const pad = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0
    ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}`
    : `${minutes}:${pad(seconds % 60)}`;
}

/** Writes a value in at most five significant digits. */
export function valueText(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size >= 1e6 || size < 1e-4)
    ? value.toExponential(2)
    : String(Number(value.toPrecision(5)));
}

// A resumed or repeated step counts once, as it was last.
function pointsByX(line: ChartLine, axis: Axis, log: boolean): Map<number, number | null> {
  const points = new Map<number, number | null>();
  line.values.forEach((value, index) => {
    const x = axis === 'step' ? line.steps[index] : (line.elapsed[index] ?? 0) / 1000;
    if (x != null) {
      points.set(x, log && value !== null && value <= 0 ? null : value);
    }
  });
  return points;
}
