import { describeError } from '../core/error-chain.ts';
import type { Disposable, Event } from '../core/events.ts';
import { Emitter } from '../core/events.ts';
import type { Run } from '../core/model/run.ts';
import type { Guard } from '../ledger/handle.ts';
import type { AfterWatchParts } from './after/after-watch.ts';
import { AfterWatch } from './after/after-watch.ts';
import type { MachineWatchParts } from './machine-watch.ts';
import { MachineWatch } from './machine-watch.ts';
import type { AftercareParts } from './run-aftercare.ts';
import { RunAftercare } from './run-aftercare.ts';
import type { WatchList } from './watch-list.ts';
import { byMachine, newsIn, NO_RUNS, pastRuns } from './watch-list.ts';

/** What the monitor works with. */
export interface MonitorParts
  extends Omit<MachineWatchParts, 'aftercare' | 'ended' | 'results'>,
    Pick<AftercareParts, 'settler'>,
    Pick<AfterWatchParts, 'saver'> {
  /** False in an untrusted workspace: such a window is never elected. */
  readonly mayWatch: () => boolean;
}

/** How often the machines are asked while a run is active, in milliseconds. */
export const TICK_MS = 1000;
/** How often past runs are looked up while another one is active, in milliseconds. */
const PAST_MS = 5000;

/**
 * Watches all runs for all windows: the elected window asks the machines,
 * reads logs for metrics, finds checkpoints, records ends and settles what
 * they left. It looks seldom for lost runs, and does nothing at all, not even
 * wait, when there is nothing to watch.
 */
export class RunMonitor implements Disposable {
  private readonly parts: MonitorParts;
  private readonly machineParts: MachineWatchParts;
  private readonly didEnd = new Emitter<Run>();
  private readonly didNotSave = new Emitter<Run>();
  private readonly machines = new Map<string, MachineWatch>();
  private readonly ticks = new Set<Promise<void>>();
  private planning: Promise<readonly Promise<void>[]> | undefined;
  private epoch: number | undefined;
  private guard: Guard | undefined;
  private stopTimer: (() => void) | undefined;
  private period: number | undefined;
  private pastAt = Number.NEGATIVE_INFINITY;
  private begun = false;
  private woken = false;
  private disposed = false;
  /** Active runs as the last look found them. */
  private seen: readonly Run[] = [];

  /** Fires in the window that saw it, with the run as stored. */
  readonly onDidEnd: Event<Run> = this.didEnd.event;
  /** Fires once for each failure to save results of a run, in the window that saw it. */
  readonly onDidNotSave: Event<Run> = this.didNotSave.event;

  /**
   * @param parts - see the fields
   */
  constructor(parts: MonitorParts) {
    this.parts = parts;
    const ended = (run: Run): void => {
      this.pastAt = Number.NEGATIVE_INFINITY;
      this.didEnd.fire(run);
    };
    const notSaved = (run: Run): void => this.didNotSave.fire(run);
    const results = new AfterWatch({ ...parts, notSaved });
    this.machineParts = { ...parts, ended, aftercare: new RunAftercare(parts), results };
  }

  /**
   * Looks whether there is something to watch, and watches while there is.
   * Awake already, it looks before its time when a run has come or moved: the
   * first lines of a log are not to wait for the next tick.
   *
   * @returns when everything learnt by that look is stored
   */
  async wake(): Promise<void> {
    this.woken = true;
    if (this.disposed || !this.parts.mayWatch()) {
      return;
    }
    // One that is being planned has read its list already: its end sees to it.
    const isHeard = this.planning !== undefined;
    if (!isHeard && (this.period !== TICK_MS || (await this.hasNews()))) {
      await this.tick();
    }
  }

  /**
   * Asks every machine that is to be asked and not being asked already.
   *
   * @returns when everything learnt by it is stored
   */
  tick(): Promise<void> {
    this.planning ??= this.plan()
      .catch((error: unknown) => {
        this.parts.logger.warn(`watching runs failed: ${describeError(error)}`);
        this.beat(TICK_MS);
        return [];
      })
      .finally(() => {
        this.planning = undefined;
        if (this.woken && this.guard !== undefined) {
          void this.track(this.wake());
        }
      });
    return this.track(this.planning.then((looks) => Promise.all(looks)));
  }

  /**
   * Waits for what is under way.
   *
   * @returns when no tick runs any more
   */
  async settled(): Promise<void> {
    while (this.ticks.size > 0) {
      await Promise.allSettled(this.ticks);
    }
  }

  dispose(): void {
    this.disposed = true;
    this.rest();
    for (const machine of this.machines.values()) {
      machine.dispose();
    }
    this.didEnd.dispose();
  }

  private track(work: Promise<unknown>): Promise<void> {
    const tick = work
      .catch((error: unknown) => {
        this.parts.logger.warn(`watching machines failed: ${describeError(error)}`);
      })
      .then(() => {
        this.ticks.delete(tick);
      });
    this.ticks.add(tick);
    return tick;
  }

  private async hasNews(): Promise<boolean> {
    if (this.guard === undefined) {
      return false;
    }
    this.woken = false;
    const active = await this.parts.ledger.runs.list({ active: true });
    return !this.isDisposed() && newsIn(this.seen, active).length > 0;
  }

  // Gives what was begun: machines are asked side by side, past the end of this.
  private async plan(): Promise<readonly Promise<void>[]> {
    const { ledger, clock } = this.parts;
    this.woken = false;
    const active = await ledger.runs.list({ active: true });
    this.seen = active;
    const lists = byMachine({ ...(await this.past(active.length === 0)), active });
    if (this.isDisposed()) {
      return [];
    }
    const dues = [...lists].map(([key, list]) => this.machine(key).dueAt(list));
    const wait = Math.min(Number.POSITIVE_INFINITY, ...dues) - clock.monotonic();
    const isBusy = [...this.machines.values()].some((machine) => machine.busy);
    if (active.length === 0 && !isBusy && wait > 0) {
      await this.idle(wait);
      return [];
    }
    await this.campaign();
    if (this.isDisposed()) {
      return [];
    }
    this.beat(TICK_MS);
    if (this.guard === undefined) {
      return [];
    }
    this.begun = true;
    return [...this.machines].map(([key, machine]) => machine.look(lists.get(key) ?? NO_RUNS));
  }

  private async past(isQuiet: boolean): Promise<WatchList> {
    const now = this.parts.clock.monotonic();
    if (!isQuiet && now < this.pastAt) {
      return NO_RUNS;
    }
    this.pastAt = now + PAST_MS;
    return pastRuns(this.parts.ledger, this.parts.clock.now(), !this.begun);
  }

  private machine(key: string): MachineWatch {
    let machine = this.machines.get(key);
    if (machine === undefined) {
      machine = new MachineWatch(key, this.machineParts);
      machine.elect(this.guard);
      this.machines.set(key, machine);
    }
    return machine;
  }

  private async campaign(): Promise<void> {
    const { election } = this.parts.ledger;
    const epoch = await election.campaign();
    if (epoch !== this.epoch) {
      // Another window watched meanwhile: start over from what is stored.
      this.elect(epoch);
    }
  }

  private elect(epoch: number | undefined): void {
    this.epoch = epoch;
    this.guard = epoch === undefined ? undefined : this.parts.ledger.election.guard(epoch);
    for (const machine of this.machines.values()) {
      machine.elect(this.guard);
    }
  }

  private async idle(wait: number): Promise<void> {
    if (this.isWoken()) {
      // A run can have come while the list was read: the next tick looks again.
      this.beat(TICK_MS);
    } else if (wait < Number.POSITIVE_INFINITY) {
      this.beat(Math.max(TICK_MS, wait));
    } else {
      this.rest();
      await this.parts.ledger.election.release();
    }
  }

  // Both change while a tick waits, which the compiler does not see.
  private isWoken(): boolean {
    return this.woken;
  }

  private isDisposed(): boolean {
    return this.disposed;
  }

  private beat(ms: number): void {
    if (this.disposed || this.period === ms) {
      return;
    }
    this.stopTimer?.();
    this.period = ms;
    this.stopTimer = this.parts.clock.every(ms, () => void this.tick());
  }

  private rest(): void {
    this.stopTimer?.();
    this.stopTimer = undefined;
    this.period = undefined;
    this.elect(undefined);
  }
}
