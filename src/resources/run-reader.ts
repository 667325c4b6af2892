import type { Clock } from '../core/clock.ts';
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

/** Reads runs from the ledger with everything the views show of them. */
export class RunReader {
  private readonly ledger: Ledger;
  private readonly clock: Clock;
  private runs: readonly Run[] | undefined;
  private version = 0;
  // What an ended run shows changes only when its row or its checkpoints do.
  private readonly ended = new Map<string, { readonly run: Run; readonly view: RunView }>();

  /**
   * @param ledger - the open ledger
   * @param clock - source of time
   */
  constructor(ledger: Ledger, clock: Clock) {
    this.ledger = ledger;
    this.clock = clock;
  }

  /** Forgets what was read of the runs themselves; metrics change without it. */
  invalidate(): void {
    this.version += 1;
    this.runs = undefined;
  }

  /** Forgets what was read of ended runs, too. */
  invalidateEnded(): void {
    this.invalidate();
    this.ended.clear();
  }

  /**
   * Reads all runs, newest first.
   *
   * @param busy - what is happening to runs right now, by id
   * @returns one view per run
   */
  async read(busy: ReadonlyMap<string, string>): Promise<readonly RunView[]> {
    const runs = await this.current();
    const views: RunView[] = [];
    for (const [index, run] of runs.entries()) {
      if (index % PAUSE_EVERY === PAUSE_EVERY - 1) {
        await pause();
      }
      const view = await this.view(run);
      const text = busy.get(run.id) ?? null;
      views.push(text === null ? view : { ...view, busy: text });
    }
    return views;
  }

  private async current(): Promise<readonly Run[]> {
    const { version } = this;
    const runs = this.runs ?? (await this.list());
    // A change that came while reading makes this the last use of what was read.
    if (version === this.version) {
      this.runs = runs;
    }
    return runs;
  }

  private async list(): Promise<readonly Run[]> {
    const runs: Run[] = [];
    for (let offset = 0; offset < MAX_RUNS; offset += PAGE_RUNS) {
      const page = await this.ledger.runs.list({ limit: PAGE_RUNS, offset });
      runs.push(...page);
      if (page.length < PAGE_RUNS) {
        break;
      }
      await pause();
    }
    return runs;
  }

  private async view(run: Run): Promise<RunView> {
    const known = this.ended.get(run.id);
    if (known !== undefined && sameRow(known.run, run)) {
      return known.view;
    }
    const view = await this.readView(run);
    if (isActive(run)) {
      this.ended.delete(run.id);
    } else {
      this.ended.set(run.id, { run, view });
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
      progress: await this.progress(run, Number.isFinite(total) ? total : null),
      cost: runCost(intervals, clock.now()),
      busy: null,
    };
  }

  private async progress(run: Run, total: number | null): Promise<RunView['progress']> {
    const steps = await this.ledger.metrics.recentSteps(run.id, PACE_POINTS);
    return progressOf(steps, total, this.clock.now());
  }
}

// Lets whatever else waits have its turn.
function pause(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function sameRow(left: Run, right: Run): boolean {
  return (
    left.state === right.state &&
    left.stateSince === right.stateSince &&
    left.name === right.name &&
    left.note === right.note
  );
}
