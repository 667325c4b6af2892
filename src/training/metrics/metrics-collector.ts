import type { MetricPoint } from '../../core/model/records.ts';
import { stripControls } from '../log/control-stripper.ts';
import type { LogLine } from '../log/line-splitter.ts';

import type { LineFacts } from './line-facts.ts';
import { parseLine } from './parse-line.ts';
import { StepTracker, type TrainingPlace } from './step-tracker.ts';
import { UserPattern } from './user-pattern.ts';

/** How a log is read. */
export interface MetricsOptions {
  /** The user's regular expression; `null` for the known forms only. */
  readonly pattern?: string | null;
  /** Most series taken from anything but the exact protocol; 50 unless told. */
  readonly maxSeries?: number;
  /** The newest point of each series an earlier reader of this log stored. */
  readonly known?: readonly MetricPoint[];
}

/** What was seen so far. */
export interface MetricsCounts {
  readonly lines: number;
  /** Lines that told something. */
  readonly telling: number;
  /** Values that were NaN or infinite; they are points as well. */
  readonly nonFinite: number;
  /** Values not taken because there were too many series. */
  readonly refused: number;
}

/** Series of the number of steps in all, for the time left; NaN when it is unknown again. */
export const TOTAL_STEPS = 'total_steps';

/** Series of the epoch, with a point where it changes. */
export const EPOCH = 'epoch';

const MAX_SERIES = 50;
// Told by the tracker, not among the capped ones.
const COUNTS: ReadonlySet<string> = new Set([TOTAL_STEPS, EPOCH]);
// Progress without news is told this often, in milliseconds.
const PROGRESS_MS = 2000;

/** Turns the lines of one run's log, in order, into metric points. */
export class MetricsCollector {
  private readonly maxSeries: number;
  private readonly pattern: UserPattern | undefined;
  private readonly tracker: StepTracker;
  private readonly series = new Set<string>();
  private readonly last = new Map<string, MetricPoint>();
  private lastTotal: MetricPoint | undefined;
  private lastEpoch: number | undefined;
  private backlogAt: number | undefined;
  private readonly seen = { lines: 0, telling: 0, nonFinite: 0, refused: 0 };

  /**
   * Starts at the beginning of a log, or goes on where `known` ends.
   *
   * @param options - see the fields
   */
  constructor(options: MetricsOptions = {}) {
    this.maxSeries = options.maxSeries ?? MAX_SERIES;
    const known = options.known ?? [];
    const newest = Math.max(...known.map((point) => point.at));
    const steps = known.filter((point) => point.at === newest).map((point) => point.step ?? -1);
    const step = Math.max(-1, ...steps);
    this.tracker = new StepTracker(step < 0 ? null : step);
    for (const { name } of known.filter((point) => !COUNTS.has(point.name))) {
      this.series.add(name);
    }
    this.lastEpoch = known.findLast((point) => point.name === EPOCH)?.value;
    this.pattern =
      options.pattern === undefined || options.pattern === null
        ? undefined
        : new UserPattern(options.pattern);
  }

  /** Why the user's pattern is not used, for people; `null` when all is well. */
  get problem(): string | null {
    return this.pattern?.problem ?? null;
  }

  /** How far the training is. */
  get place(): TrainingPlace {
    return this.tracker.place;
  }

  /** What was seen so far. */
  get counts(): MetricsCounts {
    return { ...this.seen };
  }

  /**
   * Takes the next lines.
   *
   * @param lines - as the splitter gives them
   * @param now - when they were read, ms since the epoch
   * @param live - false for a backlog: all of it then counts as read at one
   *   moment, so that nobody takes the speed of reading for that of training
   * @returns the points they tell, in order
   */
  take(lines: readonly LogLine[], now: number, live = true): MetricPoint[] {
    this.backlogAt = live ? undefined : (this.backlogAt ?? now);
    const at = this.backlogAt ?? now;
    const points: MetricPoint[] = [];
    const matches = this.matchAll(lines);
    for (const [index, line] of lines.entries()) {
      this.seen.lines++;
      // Part of a line too long to be whole in memory says nothing sure.
      if (line.text === '' || line.continued || line.end === 'piece') {
        continue;
      }
      const facts = matches?.[index] ?? parseLine(line.text);
      if (facts !== null) {
        this.seen.telling++;
        this.addAll(points, facts, at);
      }
    }
    return points;
  }

  private matchAll(lines: readonly LogLine[]): readonly (LineFacts | null)[] | undefined {
    const { pattern } = this;
    return pattern?.problem === null
      ? pattern.match(lines.map((line) => stripControls(line.text)))
      : undefined;
  }

  private addAll(points: MetricPoint[], facts: LineFacts, at: number): void {
    const step = this.tracker.advance(facts);
    for (const [name, value] of facts.metrics) {
      if (facts.kind !== 'protocol' && !this.admits(name)) {
        this.seen.refused++;
        continue;
      }
      if (!Number.isFinite(value)) {
        this.seen.nonFinite++;
      }
      const point = { name, value, step, at };
      // Bars repeat themselves: the last frame, then the same once more as a line.
      if (facts.bar === null || !same(this.last.get(name), point)) {
        points.push(point);
      }
      if (facts.bar !== null) {
        this.last.set(name, point);
      }
    }
    // A headline alone is none: guessed epochs shall not be the first or only series.
    if (facts.metrics.length > 0 || facts.kind === 'pattern' || facts.kind === 'protocol') {
      this.addEpoch(points, step, at);
    }
    this.addTotal(points, step, at);
  }

  private admits(name: string): boolean {
    if (!this.series.has(name) && this.series.size < this.maxSeries) {
      this.series.add(name);
    }
    return this.series.has(name);
  }

  private addEpoch(points: MetricPoint[], step: number | null, at: number): void {
    const { epoch } = this.tracker.place;
    if (epoch !== null && epoch !== this.lastEpoch) {
      this.lastEpoch = epoch;
      points.push({ name: EPOCH, value: epoch, step, at });
    }
  }

  private addTotal(points: MetricPoint[], step: number | null, at: number): void {
    const last = this.lastTotal;
    const { total } = this.tracker.place;
    if (total === null && last === undefined) {
      return;
    }
    // NaN takes back a total that turned out to be that of one epoch.
    const value = total ?? Number.NaN;
    const moved = step !== last?.step && at - (last?.at ?? 0) >= PROGRESS_MS;
    if (moved || !Object.is(last?.value, value)) {
      this.lastTotal = { name: TOTAL_STEPS, value, step, at };
      points.push(this.lastTotal);
    }
  }
}

function same(a: MetricPoint | undefined, b: MetricPoint): boolean {
  return a?.step === b.step && Object.is(a.value, b.value);
}
