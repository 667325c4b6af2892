import type { Clock } from '../core/clock.ts';
import type { MetricPoint } from '../core/model/records.ts';
import type { Run } from '../core/model/run.ts';
import { isActive } from '../core/model/run.ts';
import type { MicroDollars } from '../core/money.ts';
import { costOver } from '../core/money.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { progressOf } from '../training/metrics/progress.ts';
import type { RunView } from './account-snapshot.ts';

/** Runs kept in sight; older ones stay in the ledger. */
const MAX_RUNS = 10_000;
/** Points of the step series that tell the pace. */
const PACE_POINTS = 50;

/** Reads runs from the ledger with everything the views show of them. */
export class RunReader {
  private readonly ledger: Ledger;
  private readonly clock: Clock;
  // What an ended run shows never changes unless the run does.
  private readonly ended = new Map<string, { readonly version: string; readonly view: RunView }>();

  /**
   * @param ledger - the open ledger
   * @param clock - source of time
   */
  constructor(ledger: Ledger, clock: Clock) {
    this.ledger = ledger;
    this.clock = clock;
  }

  /**
   * Reads all runs, newest first.
   *
   * @param busy - what is happening to runs right now, by id
   * @returns one view per run
   */
  async read(busy: ReadonlyMap<string, string>): Promise<readonly RunView[]> {
    const runs = await this.ledger.runs.list({ limit: MAX_RUNS });
    const views: RunView[] = [];
    for (const run of runs) {
      const view = await this.view(run);
      const text = busy.get(run.id) ?? null;
      views.push(text === null ? view : { ...view, busy: text });
    }
    return views;
  }

  private async view(run: Run): Promise<RunView> {
    const version = JSON.stringify([run.state, run.name, run.note, run.stateSince]);
    const known = this.ended.get(run.id);
    if (known?.version === version) {
      return known.view;
    }
    const view = await this.readView(run);
    if (!isActive(run)) {
      this.ended.set(run.id, { version, view });
    }
    return view;
  }

  private async readView(run: Run): Promise<RunView> {
    const { ledger } = this;
    const checkpoints = (await ledger.checkpoints.list(run.id)).toReversed();
    const points = await ledger.metrics.latest(run.id);
    const latest = Object.fromEntries(points.map((point) => [point.name, point]));
    return {
      run,
      checkpoints,
      latest,
      progress: await this.progress(run, latest),
      cost: this.cost(run),
      busy: null,
    };
  }

  private async progress(
    run: Run,
    latest: Readonly<Record<string, MetricPoint>>,
  ): Promise<RunView['progress']> {
    const total = latest['total_steps']?.value ?? null;
    const steps = await this.ledger.metrics.recentSteps(run.id, PACE_POINTS);
    return progressOf(steps, total, this.clock.now());
  }

  private cost(run: Run): MicroDollars | null {
    if (run.rate === null || run.startedAt === null) {
      return run.rate === null ? null : costOver(run.rate, 0);
    }
    return costOver(run.rate, (run.endedAt ?? this.clock.now()) - run.startedAt);
  }
}
