import type { Clock } from '../../core/clock.ts';
import type { AccountSnapshot } from '../../resources/account-snapshot.ts';
import { lossOf } from '../../resources/loss.ts';

/**
 * How long rows stay as they are while only their figures change. Writing a
 * row anew closes its tooltip and takes its buttons from under the pointer.
 */
export const FIGURES_MS = 5000;

/** Decides when rows are written anew: events at once, mere figures now and then. */
export class RefreshPace {
  private readonly clock: Clock;
  private readonly refresh: () => void;
  private readonly abort = new AbortController();
  private shape = '';
  private last = Number.NEGATIVE_INFINITY;
  private waiting = false;

  constructor(clock: Clock, refresh: () => void) {
    this.clock = clock;
    this.refresh = refresh;
  }

  /**
   * Takes note of a new snapshot.
   *
   * @param snapshot - the newest
   */
  changed(snapshot: AccountSnapshot): void {
    const shape = shapeOf(snapshot);
    const rest = this.last + FIGURES_MS - this.clock.monotonic();
    if (shape !== this.shape || rest <= 0) {
      this.shape = shape;
      this.now();
    } else if (!this.waiting) {
      this.waiting = true;
      void this.later(rest);
    }
  }

  /** Writes all rows anew. */
  now(): void {
    this.last = this.clock.monotonic();
    this.refresh();
  }

  dispose(): void {
    this.abort.abort();
  }

  private async later(ms: number): Promise<void> {
    const due = await this.clock.sleep(ms, this.abort.signal).then(
      () => true,
      () => false,
    );
    this.waiting = false;
    // An event in between has written everything already.
    if (due && this.clock.monotonic() - this.last >= FIGURES_MS) {
      this.now();
    }
  }
}

// All of a snapshot that a person waits for; figures that only move on are left out.
function shapeOf({ runs, providers }: AccountSnapshot): string {
  return JSON.stringify([
    runs.map(({ run, busy, checkpoints, latest, progress }) => [
      run.id,
      run.name,
      run.note,
      run.state,
      run.foundAt === null,
      busy,
      progress === null,
      lossOf({ latest }) !== undefined,
      checkpoints.map(({ path, complete, marks, overwrittenBy }) => [
        path,
        complete,
        marks,
        overwrittenBy?.name,
      ]),
    ]),
    providers.map(({ id, problem, machines, resources }) => [
      id,
      problem,
      machines.map((machine) => [machine.id, machine.state, machine.rate, machine.facts === null]),
      resources.map((item) => [item.id, item.state, item.rate]),
    ]),
  ]);
}
