import type { Clock } from '../core/clock.ts';
import { describeError } from '../core/error-chain.ts';
import { CancelledError, LedgerError } from '../core/errors.ts';
import type { Disposable, Event } from '../core/events.ts';
import { Emitter } from '../core/events.ts';
import type { Logger } from '../core/logger.ts';
import type { Run } from '../core/model/run.ts';
import { isActive } from '../core/model/run.ts';
import type { Guard } from '../ledger/handle.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ProviderRegistry } from '../providers/provider-registry.ts';
import type { Machine } from '../providers/training-provider.ts';
import type { RunStatus } from '../remote/agent/agent-answers.ts';
import { settleUnstarted } from './launch-reconciler.ts';
import { recordTransition } from './record-transition.ts';
import type { RunObserver } from './run-observer.ts';
import { isHomeless, statusOf } from './run-status.ts';
import { sameStateReason, transitionFor } from './run-transition.ts';
import { noteReason } from './unseen-runs.ts';

/** What the monitor works with. */
export interface MonitorParts {
  readonly ledger: Ledger;
  readonly registry: ProviderRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** False in an untrusted workspace: such a window is never elected. */
  readonly mayWatch: () => boolean;
  /** Makes the observer of a run. */
  readonly observe: (run: Run, machine: Machine, guard: Guard) => RunObserver;
}

/** How often the machines are asked while a run is active, in milliseconds. */
export const TICK_MS = 1000;
/** Ticks between two looks for checkpoints. */
const SCAN_TICKS = 3;
/** Ticks between two questions about lost runs. */
const LOST_TICKS = 30;
/** Runs among which lost ones are asked about again. */
const NEWEST_RUNS = 50;

/**
 * Watches all active runs for all windows: the elected window asks the
 * machines, reads logs for metrics, finds checkpoints and records ends. When
 * no run is active it does nothing at all, not even wait.
 */
export class RunMonitor implements Disposable {
  private readonly parts: MonitorParts;
  private readonly ended = new Emitter<Run>();
  private readonly observers = new Map<string, RunObserver>();
  private epoch: number | undefined;
  private stopTimer: (() => void) | undefined;
  private ticking: Promise<void> | undefined;
  private ticks = 0;
  private woken = false;
  private disposed = false;

  /** Fires in the window that saw it, with the run as stored. */
  readonly onDidEnd: Event<Run> = this.ended.event;

  constructor(parts: MonitorParts) {
    this.parts = parts;
  }

  /** Looks whether there is something to watch, and watches while there is. */
  async wake(): Promise<void> {
    this.woken = true;
    if (this.disposed || this.stopTimer !== undefined || !this.parts.mayWatch()) {
      return;
    }
    this.stopTimer = this.parts.clock.every(TICK_MS, () => void this.beat());
    await this.tick();
  }

  /**
   * Asks every machine once. Ticks never overlap.
   *
   * @returns when everything learnt is stored
   */
  tick(): Promise<void> {
    this.ticking ??= this.once()
      .catch((error: unknown) => {
        this.parts.logger.warn(`watching runs failed: ${describeError(error)}`);
      })
      .finally(() => {
        this.ticking = undefined;
      });
    return this.ticking;
  }

  /**
   * Waits for what is under way.
   *
   * @returns when no tick runs any more
   */
  async settled(): Promise<void> {
    await this.ticking;
  }

  dispose(): void {
    this.disposed = true;
    this.rest();
    this.ended.dispose();
  }

  // A tick can last longer than the lease (a slow machine, a long log).
  private async beat(): Promise<void> {
    if (this.ticking === undefined) {
      await this.tick();
    } else if (this.epoch !== undefined) {
      await this.parts.ledger.election.campaign().catch((error: unknown) => {
        this.parts.logger.debug(`renewing the election: ${describeError(error)}`);
      });
    }
  }

  private async once(): Promise<void> {
    const { ledger } = this.parts;
    this.woken = false;
    const active = await ledger.runs.list({ active: true });
    const runs = [...active, ...(await this.lostToAskAbout())];
    if (this.isDisposed()) {
      return;
    }
    if (runs.length === 0) {
      // A run can have come while the list was read: the next tick looks again.
      if (!this.isWoken()) {
        this.rest();
        await ledger.election.release();
      }
      return;
    }
    const epoch = await ledger.election.campaign();
    if (epoch !== this.epoch) {
      // Another window watched meanwhile: start over from what is stored.
      this.dropObservers();
      this.epoch = epoch;
    }
    if (epoch === undefined || this.isDisposed()) {
      return;
    }
    this.ticks += 1;
    const guard = ledger.election.guard(epoch);
    for (const group of Map.groupBy(runs, machineKey).values()) {
      await this.askMachine(group, guard);
    }
  }

  // A machine that answers again may know of a run that could not be seen.
  private async lostToAskAbout(): Promise<readonly Run[]> {
    if (this.ticks % LOST_TICKS !== 0) {
      return [];
    }
    const newest = await this.parts.ledger.runs.list({ limit: NEWEST_RUNS });
    return newest.filter((run) => run.state === 'lost');
  }

  // Both change while a tick waits, which the compiler does not see.
  private isWoken(): boolean {
    return this.woken;
  }

  private isDisposed(): boolean {
    return this.disposed;
  }

  private async askMachine(runs: readonly Run[], guard: Guard): Promise<void> {
    const [first] = runs;
    if (first === undefined) {
      return;
    }
    try {
      const machine = await this.parts.registry.get(first.provider).connect(first.machine);
      const statuses = await statusOf(
        this.parts.ledger,
        machine,
        runs.map((run) => run.id),
      );
      for (const [index, run] of runs.entries()) {
        const status = statuses[index];
        if (status?.id === run.id && !this.disposed) {
          await this.update(run, status, machine, guard).catch((error: unknown) => {
            this.parts.logger.warn(`watching ${run.id}: ${describeError(error)}`);
          });
        }
      }
    } catch (error) {
      if (isHomeless(error)) {
        await this.note(runs, error.message, guard);
      }
      // A machine that does not answer ends nothing: its runs stay as they were.
      const level = this.ticks % LOST_TICKS === 1 ? 'warn' : 'debug';
      this.parts.logger[level](`${machineKey(first)} did not answer: ${describeError(error)}`);
    }
  }

  private async note(runs: readonly Run[], reason: string, guard: Guard): Promise<void> {
    const { ledger, clock, logger } = this.parts;
    for (const run of runs) {
      await noteReason(ledger, clock, run, reason, guard).catch((error: unknown) => {
        logger.warn(`noting that ${run.id} cannot be seen: ${describeError(error)}`);
      });
    }
  }

  private async update(
    run: Run,
    status: RunStatus,
    machine: Machine,
    guard: Guard,
  ): Promise<void> {
    const { ledger, clock } = this.parts;
    if (run.state === 'queued' && status.state === 'missing') {
      await settleUnstarted(ledger, clock, run, machine, guard);
      return;
    }
    const transition = transitionFor(run, status, clock.now());
    if (transition === undefined) {
      const reason = sameStateReason(run, status, clock.now());
      if (reason !== undefined) {
        await noteReason(ledger, clock, run, reason, guard);
      }
      await this.observe(run, machine, guard);
      return;
    }
    const next = { ...run, ...transition };
    if (isActive(next)) {
      await recordTransition(ledger, run, transition, clock.now(), { guard });
      await this.observe(next, machine, guard);
      return;
    }
    // The log is read to its end first: an ended run is complete in the ledger.
    await this.finish(next, machine, guard);
    const moved = await recordTransition(ledger, run, transition, clock.now(), { guard });
    const stored = await ledger.runs.get(run.id);
    if (moved && stored !== undefined) {
      this.ended.fire(stored);
    }
  }

  private async observe(run: Run, machine: Machine, guard: Guard): Promise<void> {
    if (run.state === 'queued' || run.state === 'lost') {
      return;
    }
    const isScan = this.ticks % SCAN_TICKS === 0;
    if (isScan) {
      this.dropBroken(run);
    }
    const observer = this.observerOf(run, machine, guard);
    if (isScan) {
      await observer.scan();
    }
  }

  private async finish(run: Run, machine: Machine, guard: Guard): Promise<void> {
    this.dropBroken(run);
    const observer = this.observerOf(run, machine, guard);
    try {
      // The observer is older than what is known of the end.
      await observer.finish(run.exitCode);
    } catch (error) {
      if (error instanceof CancelledError || isPassing(error)) {
        throw error;
      }
      this.parts.logger.warn(`the end of ${run.id}'s log: ${describeError(error)}`);
    } finally {
      observer.dispose();
      this.observers.delete(run.id);
    }
  }

  private observerOf(run: Run, machine: Machine, guard: Guard): RunObserver {
    const known = this.observers.get(run.id);
    if (known !== undefined) {
      return known;
    }
    const observer = this.parts.observe(run, machine, guard);
    this.observers.set(run.id, observer);
    return observer;
  }

  private dropBroken(run: Run): void {
    const observer = this.observers.get(run.id);
    if (observer?.broken === true) {
      observer.dispose();
      this.observers.delete(run.id);
    }
  }

  private rest(): void {
    this.stopTimer?.();
    this.stopTimer = undefined;
    this.dropObservers();
    this.epoch = undefined;
  }

  private dropObservers(): void {
    for (const observer of this.observers.values()) {
      observer.dispose();
    }
    this.observers.clear();
  }
}

// What the ledger refuses now (full, locked, another window elected) it takes
// later, so the end waits; a log that cannot be read never gets better.
function isPassing(error: unknown): boolean {
  return error instanceof LedgerError && error.code !== 'ledger-failed';
}

function machineKey(run: Run): string {
  return `${run.provider}/${run.machine}`;
}
