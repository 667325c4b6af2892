import type { Clock } from '../core/clock.ts';
import { describeError } from '../core/error-chain.ts';
import { CancelledError, LedgerError, MachineError } from '../core/errors.ts';
import type { Disposable } from '../core/events.ts';
import type { Logger } from '../core/logger.ts';
import type { Run } from '../core/model/run.ts';
import { isActive } from '../core/model/run.ts';
import type { Guard } from '../ledger/handle.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Machine } from '../providers/training-provider.ts';
import type { RunStatus } from '../remote/agent/agent-answers.ts';
import { settleUnstarted } from './launch-reconciler.ts';
import { recordTransition } from './record-transition.ts';
import { noteLease } from './run-lease.ts';
import type { RunObserver } from './run-observer.ts';
import { sameStateReason, transitionFor } from './run-transition.ts';
import { noteReason } from './unseen-runs.ts';

/** What watching a run takes. */
export interface RunWatchParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Makes the observer of a run. */
  readonly observe: (run: Run, machine: Machine, guard: Guard) => RunObserver;
  /** Told of an end once it is recorded, with the run as stored. */
  readonly ended: (run: Run) => void;
}

/** Time between two looks for checkpoints, in milliseconds. */
const SCAN_MS = 3000;

/**
 * Watches one run while this window is elected: takes over what its machine
 * says, has its log and checkpoints read, and records its end.
 */
export class RunWatch implements Disposable {
  private readonly parts: RunWatchParts;
  private readonly guard: Guard;
  private observer: RunObserver | undefined;
  private scanAt = Number.NEGATIVE_INFINITY;
  private working = false;
  private disposed = false;

  /**
   * @param parts - see the fields
   * @param guard - refuses writes when this window no longer watches
   */
  constructor(parts: RunWatchParts, guard: Guard) {
    this.parts = parts;
    this.guard = guard;
  }

  /** Whether it still works on an earlier status: a long log takes its time. */
  get busy(): boolean {
    return this.working;
  }

  /**
   * Takes in what the machine says of the run. A failure is logged, and the
   * next status tries again.
   *
   * @param run - as the ledger has it
   * @param status - as the machine has it
   * @param machine - where it is
   * @returns when all of it is stored; at once while it is busy
   */
  async take(run: Run, status: RunStatus, machine: Machine): Promise<void> {
    if (this.working || this.disposed) {
      return;
    }
    this.working = true;
    try {
      await this.update(run, status, machine);
    } catch (error) {
      const level = error instanceof CancelledError ? 'debug' : 'warn';
      this.parts.logger[level](`watching ${run.id}: ${describeError(error)}`);
    } finally {
      this.working = false;
    }
  }

  dispose(): void {
    this.disposed = true;
    this.dropObserver();
  }

  private async update(run: Run, status: RunStatus, machine: Machine): Promise<void> {
    const { ledger, clock } = this.parts;
    const { guard } = this;
    if (run.state === 'queued' && status.state === 'missing') {
      await settleUnstarted(ledger, clock, run, machine, guard);
      return;
    }
    await noteLease(ledger, clock, run, status, guard);
    const transition = transitionFor(run, status, clock.now());
    if (transition === undefined) {
      const reason = sameStateReason(run, status, clock.now());
      if (reason !== undefined) {
        await noteReason(ledger, clock, run, reason, guard);
      }
      await this.observe(run, machine);
      return;
    }
    const next = { ...run, ...transition };
    if (isActive(next)) {
      await recordTransition(ledger, run, transition, clock.now(), { guard });
      await this.observe(next, machine);
      return;
    }
    // The log is read to its end first: an ended run is complete in the ledger.
    await this.finish(next, status, machine);
    const moved = await recordTransition(ledger, run, transition, clock.now(), { guard });
    const stored = await ledger.runs.get(run.id);
    if (moved && stored !== undefined) {
      this.parts.ended(stored);
    }
  }

  private async observe(run: Run, machine: Machine): Promise<void> {
    if (run.state === 'queued' || run.state === 'lost') {
      return;
    }
    const now = this.parts.clock.monotonic();
    const isScan = now >= this.scanAt;
    if (isScan) {
      this.scanAt = now + SCAN_MS;
      this.dropBroken();
    }
    const observer = this.observerOf(run, machine);
    if (isScan) {
      await observer.scan();
    }
  }

  private async finish(run: Run, status: RunStatus, machine: Machine): Promise<void> {
    this.dropBroken();
    const observer = this.observerOf(run, machine);
    try {
      // The observer is older than what is known of the end.
      await observer.finish(run.exitCode, status.log ?? 0);
    } catch (error) {
      if (error instanceof CancelledError || isPassing(error)) {
        throw error;
      }
      this.parts.logger.warn(`the end of ${run.id}'s log: ${describeError(error)}`);
    } finally {
      this.dropObserver();
    }
  }

  private observerOf(run: Run, machine: Machine): RunObserver {
    // What was disposed meanwhile must not begin to read again.
    if (this.disposed) {
      throw new CancelledError();
    }
    this.observer ??= this.parts.observe(run, machine, this.guard);
    return this.observer;
  }

  private dropBroken(): void {
    if (this.observer?.broken === true) {
      this.dropObserver();
    }
  }

  private dropObserver(): void {
    this.observer?.dispose();
    this.observer = undefined;
  }
}

// What the ledger refuses now (full, locked, another window elected) it takes
// later, and a machine that is out of reach comes back, so the end waits; a log
// that cannot be read never gets better.
function isPassing(error: unknown): boolean {
  return error instanceof MachineError
    ? error.code !== 'not-found'
    : error instanceof LedgerError && error.code !== 'ledger-failed';
}
