import { markOverwritten } from '../checkpoints/overwritten.ts';
import type { Clock } from '../core/clock.ts';
import type { RunId } from '../core/ids.ts';
import type { MetricPoint } from '../core/model/records.ts';
import type { Run } from '../core/model/run.ts';
import { isActive } from '../core/model/run.ts';
import { runCost } from '../costs/summary.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { TOTAL_STEPS } from '../training/metrics/metrics-collector.ts';
import { progressOf } from '../training/metrics/progress.ts';
import type { RunView } from './account-snapshot.ts';

/** Runs kept in sight; older ones stay in the ledger. */
const MAX_RUNS = 10_000;
/** Rows read at once. SQLite answers within the turn, so pauses are of our making. */
const PAGE_RUNS = 200;
/** Runs looked at between two pauses. */
const PAUSE_EVERY = 100;
/** Points of the step series that tell the pace. */
const PACE_POINTS = 50;

/**
 * Reads runs from the ledger with everything the views show of them: once all,
 * then what changed, whichever window changed it.
 */
export class RunReader {
  private readonly ledger: Ledger;
  private readonly clock: Clock;
  private readonly runs = new Map<RunId, Run>();
  private newestFirst: readonly Run[] = [];
  // The last change that is in them; none before the first reading.
  private version: number | undefined;
  private readonly ended = new Map<RunId, RunView>();

  /**
   * @param ledger - the open ledger
   * @param clock - source of time
   */
  constructor(ledger: Ledger, clock: Clock) {
    this.ledger = ledger;
    this.clock = clock;
  }

  /**
   * Reads all runs, newest first. One reading at a time.
   *
   * @param busy - what is happening to runs right now, by id
   * @returns one view per run
   */
  async read(busy: ReadonlyMap<string, string>): Promise<readonly RunView[]> {
    await this.catchUp();
    const views: RunView[] = [];
    for (const [index, run] of this.newestFirst.entries()) {
      if (index % PAUSE_EVERY === PAUSE_EVERY - 1) {
        await pause();
      }
      const view = await this.view(run);
      const text = busy.get(run.id) ?? null;
      views.push(text === null ? view : { ...view, busy: text });
    }
    return markOverwritten(views);
  }

  private async catchUp(): Promise<void> {
    let done = false;
    while (!done) {
      const whole = this.version === undefined;
      const since = this.version ?? (await this.ledger.runs.changes()).version;
      if (whole) {
        await this.readAll();
      }
      const { version, ids } = await this.ledger.runs.changes(since);
      const full = this.runs.size >= MAX_RUNS;
      const gone = await this.readChanged(ids);
      // The rest moved up: one may have slipped from a page not yet read to one
      // that was, or into sight.
      done = !(gone && (whole || full));
      this.version = done ? version : undefined;
      if (whole || ids.length > 0) {
        this.sort();
      }
    }
  }

  private async readAll(): Promise<void> {
    this.runs.clear();
    this.ended.clear();
    for (let offset = 0; offset < MAX_RUNS; offset += PAGE_RUNS) {
      const page = await this.ledger.runs.list({ limit: PAGE_RUNS, offset });
      for (const run of page) {
        this.runs.set(run.id, run);
      }
      if (page.length < PAGE_RUNS) {
        break;
      }
      await pause();
    }
  }

  // Tells whether a run is gone.
  private async readChanged(ids: readonly RunId[]): Promise<boolean> {
    let gone = false;
    for (const [index, id] of ids.entries()) {
      if (index % PAUSE_EVERY === PAUSE_EVERY - 1) {
        await pause();
      }
      this.ended.delete(id);
      const run = await this.ledger.runs.get(id);
      if (run === undefined) {
        gone = this.runs.delete(id) || gone;
      } else {
        this.runs.set(id, run);
      }
    }
    return gone;
  }

  private sort(): void {
    const sorted = [...this.runs.values()].sort(byAge);
    for (const { id } of sorted.splice(MAX_RUNS)) {
      this.runs.delete(id);
      this.ended.delete(id);
    }
    this.newestFirst = sorted;
  }

  private async view(run: Run): Promise<RunView> {
    const known = this.ended.get(run.id);
    if (known !== undefined) {
      return known;
    }
    const view = await this.readView(run);
    if (!isActive(run)) {
      this.ended.set(run.id, view);
    }
    return view;
  }

  private async readView(run: Run): Promise<RunView> {
    const { ledger, clock } = this;
    const checkpoints = (await ledger.checkpoints.list(run.id)).toReversed();
    const points = await ledger.metrics.latest(run.id);
    const shown = points.filter((point) => point.name !== TOTAL_STEPS);
    const total = points.find((point) => point.name === TOTAL_STEPS)?.value ?? Number.NaN;
    const latest = Object.fromEntries(shown.map((point) => [point.name, point]));
    const intervals = await ledger.intervals.of(`run:${run.id}`);
    return {
      run,
      checkpoints,
      latest,
      progress: await this.progress(run, Number.isFinite(total) ? total : null, points),
      cost: runCost(intervals, clock.now()),
      busy: null,
    };
  }

  private async progress(
    run: Run,
    total: number | null,
    latest: readonly MetricPoint[],
  ): Promise<RunView['progress']> {
    const steps = await this.ledger.metrics.recentSteps(run.id, PACE_POINTS);
    const reached = latest.flatMap(({ step, at }) => (step === null ? [] : [{ step, at }]));
    return progressOf(steps, total, this.clock.now(), reached);
  }
}

// Lets whatever else waits have its turn.
function pause(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

// As the ledger lists them.
function byAge(left: Run, right: Run): number {
  return right.createdAt - left.createdAt || (left.id < right.id ? 1 : -1);
}
