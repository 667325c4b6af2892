import * as l10n from '@vscode/l10n';
import { formatMetric } from '../../core/format.ts';
import { formatNumber } from '../../core/locale.ts';
import { isActive } from '../../core/model/run.ts';
import type { AccountSnapshot, RunView } from '../../resources/account-snapshot.ts';
import type { Chart, ChartLine, Charts, Selection } from './messages.ts';

/** One point of a series, or several neighbours taken together. */
export interface SeriesPoint {
  /** Training step when the log told one. */
  readonly step: number | null;
  /** Ms since the epoch. */
  readonly at: number;
  /** Last value; may be NaN or infinite. */
  readonly value: number;
  /** Smallest and largest of the neighbours; absent when it is one point. */
  readonly min?: number;
  readonly max?: number;
}

/** One series of one run, oldest first. */
export interface SeriesData {
  readonly runId: string;
  readonly name: string;
  readonly points: readonly SeriesPoint[];
}

/** What was read for the charts. */
export interface ChartData {
  /** Series of the chosen runs. */
  readonly available: readonly string[];
  readonly series: readonly string[];
  readonly data: readonly SeriesData[];
  /** Why it could not be read, for people; may be empty. */
  readonly problem: string;
}

/** Nothing was read. */
export const NO_CHART_DATA: ChartData = { available: [], series: [], data: [], problem: '' };

/** Lines that can be told apart, by colour and dash. */
export const MAX_CHART_RUNS = 6;
/** Charts below each other on one page. */
export const MAX_CHART_SERIES = 8;
/** More points than pixels show nothing more. */
export const MAX_POINTS = 1000;

/**
 * Puts series into charts, one per series, one line per run.
 *
 * @param snapshot - the runs' names and start times
 * @param selected - ids of the charted runs
 * @param data - what was read
 * @returns charts in the order of the chosen series
 */
export function chartsOf(
  snapshot: AccountSnapshot,
  selected: readonly string[],
  data: ChartData,
): Charts {
  const runs = selected.flatMap(
    (id) => snapshot.runs.find(({ run }) => run.id === id) ?? [],
  );
  const charts: Chart[] = data.series.map((series) => ({
    series,
    lines: runs.flatMap((view) => {
      const found = data.data.find((one) => one.runId === view.run.id && one.name === series);
      return found === undefined || found.points.length === 0 ? [] : [lineOf(view, found.points)];
    }),
  }));
  return {
    runIds: runs.map(({ run }) => run.id),
    available: data.available,
    series: data.series,
    charts: charts.filter(({ lines }) => lines.length > 0),
    problem: data.problem,
  };
}

/**
 * Chooses runs to chart.
 *
 * @param snapshot - the runs there are
 * @param selection - what the page asks for
 * @returns ids that exist; without a wish the newest run with metrics, an active one first
 */
export function chosenRuns(snapshot: AccountSnapshot, selection: Selection): string[] {
  if (selection.runIds !== null) {
    const known = new Set<string>(snapshot.runs.map(({ run }) => run.id));
    return [...new Set(selection.runIds)].filter((id) => known.has(id)).slice(0, MAX_CHART_RUNS);
  }
  const measured = snapshot.runs.filter(({ latest }) => Object.keys(latest).length > 0);
  const view = measured.find(({ run }) => isActive(run)) ?? measured[0] ?? snapshot.runs[0];
  return view === undefined ? [] : [view.run.id];
}

/**
 * Chooses series to chart.
 *
 * @param available - names the chosen runs have
 * @param selection - what the page asks for
 * @returns wished names that exist; without a wish the losses, else the first
 */
export function chosenSeries(available: readonly string[], selection: Selection): string[] {
  if (selection.series !== null) {
    const wished = new Set(selection.series);
    return available.filter((name) => wished.has(name)).slice(0, MAX_CHART_SERIES);
  }
  const losses = available.filter((name) => /(?:^|[_/-])loss$/i.test(name)).slice(0, 2);
  return losses.length > 0 ? losses : available.slice(0, 1);
}

function lineOf({ run }: RunView, all: readonly SeriesPoint[]): ChartLine {
  const points = thin(all, MAX_POINTS);
  const start = run.startedAt ?? points[0]?.at ?? 0;
  const finite = all.flatMap(({ value, min, max }) =>
    [value, min ?? value, max ?? value].filter(Number.isFinite),
  );
  const lowest = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const highest = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  return {
    runId: run.id,
    name: run.name,
    steps: points.map(({ step }) => step),
    elapsed: points.map(({ at }) => Math.max(0, at - start)),
    values: points.map(({ value }) => (Number.isFinite(value) ? value : null)),
    lastText: pointText(all.at(-1)),
    lowestText: finite.length === 0 ? '' : formatMetric(lowest),
    highestText: finite.length === 0 ? '' : formatMetric(highest),
    pointsText: formatNumber(all.length),
    problem: problemOf(all),
  };
}

function pointText(point: SeriesPoint | undefined): string {
  if (point === undefined) {
    return '';
  }
  const value = formatMetric(point.value);
  return point.step === null
    ? value
    : l10n.t('{0} at step {1}', value, formatNumber(point.step));
}

// A loss that became NaN draws nothing; without a word it would look like an early end.
function problemOf(points: readonly SeriesPoint[]): string {
  const first = points.find(({ value }) => !Number.isFinite(value));
  if (first === undefined) {
    return '';
  }
  return first.step === null
    ? l10n.t('Not a finite number in places')
    : l10n.t('Not a finite number from step {0}', formatNumber(first.step));
}

/**
 * Takes points out evenly in pairs, the lowest and the highest of each bucket,
 * so that no spike is lost. First and last stay.
 *
 * @param points - oldest first
 * @param limit - at most so many, 4 or more
 * @returns some of the points, oldest first
 */
export function thin(points: readonly SeriesPoint[], limit: number): readonly SeriesPoint[] {
  if (points.length <= limit) {
    return points;
  }
  const buckets = Math.floor((limit - 2) / 2);
  const inner = points.length - 2;
  const kept = new Set<number>([0, points.length - 1]);
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const from = 1 + Math.floor((bucket * inner) / buckets);
    const to = 1 + Math.floor(((bucket + 1) * inner) / buckets);
    const odd = oddPoint(points, from, to);
    if (odd !== undefined) {
      kept.add(odd);
      continue;
    }
    kept.add(extreme(points, from, to, 1)).add(extreme(points, from, to, -1));
  }
  return points.filter((_, index) => kept.has(index));
}

function oddPoint(points: readonly SeriesPoint[], from: number, to: number): number | undefined {
  for (let index = from; index < to; index += 1) {
    if (!Number.isFinite(points[index]?.value)) {
      return index;
    }
  }
  return undefined;
}

function extreme(
  points: readonly SeriesPoint[],
  from: number,
  to: number,
  sign: number,
): number {
  let best = from;
  for (let index = from + 1; index < to; index += 1) {
    if (sign * ((points[index]?.value ?? 0) - (points[best]?.value ?? 0)) < 0) {
      best = index;
    }
  }
  return best;
}
