import type { Clock } from '../../core/clock.ts';
import { describeError, toRunctlError } from '../../core/error-chain.ts';
import { LedgerError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { RunAfter } from '../../core/model/run-after.ts';
import type { Run } from '../../core/model/run.ts';
import type { Guard } from '../../ledger/handle.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Machine } from '../../providers/training-provider.ts';
import type { RunStatus } from '../../remote/agent/agent-answers.ts';
import { STOOD_MS } from '../checkpoint-settler.ts';
import { afterEvents, afterOf, isForWindow, isSaved, isUnderWay, NOT_BEGUN } from './after-state.ts';
import { noteCopies } from './note-copies.ts';
import type { WindowSaver } from './window-saver.ts';

/** What watching over results takes. */
export interface AfterWatchParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly saver: Pick<WindowSaver, 'save'>;
  /** Called once for each failure of a run, with the run as stored. */
  readonly notSaved: (run: Run) => void;
}

/** What a look at a run is based on. */
export interface AfterLook {
  readonly status: RunStatus;
  readonly machine: Machine;
  /** Refuses writes when this window no longer watches. */
  readonly guard: Guard;
  readonly signal: AbortSignal;
}

interface Pace {
  /** What was known at the last look. */
  readonly key: string;
  /** Looks since that changed. */
  readonly count: number;
  readonly nextAt: number;
}

/** Waits between looks while all goes well, in milliseconds; the last one again and again. */
const LOOK_MS = [1000, 2000, 5000, 10_000] as const;
/** The same after a failure. */
const FAILED_MS = [10_000, 60_000, 300_000] as const;

/** Follows what becomes of the results of ended runs, and brings here what is to come here. */
export class AfterWatch {
  private readonly parts: AfterWatchParts;
  private readonly paces = new Map<string, Pace>();
  /** Failures on end; a try that begins is no success yet. */
  private readonly failures = new Map<string, number>();

  /**
   * @param parts - see the fields
   */
  constructor(parts: AfterWatchParts) {
    this.parts = parts;
  }

  /**
   * Tells when a run wants to be looked at. What changed it since the last
   * look, a wish to save again for one, makes that at once.
   *
   * @param run - ended, with results under way
   * @returns on the monotonic clock, ms
   */
  dueAt(run: Run): number {
    const { clock } = this.parts;
    const pace = this.paces.get(run.id);
    if (pace?.key === keyOf(run, run.after)) {
      return pace.nextAt;
    }
    const sinceEnd = Math.min(STOOD_MS, Math.max(0, clock.now() - run.stateSince));
    return clock.monotonic() + STOOD_MS - sinceEnd;
  }

  /**
   * Looks at a run once, which takes as long as bringing its results here.
   * A failure is stored, logged and tried again.
   *
   * @param run - see `dueAt`
   * @param look - what its machine says, and the right to write
   * @returns when what is known is stored
   */
  async tend(run: Run, look: AfterLook): Promise<void> {
    this.postpone(run);
    if (run.after?.error == null) {
      this.failures.delete(run.id);
    }
    try {
      const after = await this.outcome(run, look);
      if (after !== undefined) {
        await this.store(run, after, look.guard);
      }
    } catch (error) {
      await this.failed(run, error, look);
    }
  }

  /**
   * Puts a run off: its machine did not answer.
   *
   * @param run - see `dueAt`
   */
  postpone(run: Run): void {
    this.pace(run, run.after);
  }

  private async outcome(run: Run, look: AfterLook): Promise<RunAfter | undefined> {
    const there = afterOf(run, look.status, this.parts.clock.now());
    if (there === undefined || !isForWindow(run)) {
      return there;
    }
    // Its machine has only the webhook to call.
    const isHere = run.after?.state === 'calling';
    const here = isHere ? run.after : await this.bring(run, look);
    const { webhook } = there;
    if (isUnderWay(here)) {
      return { ...here, webhook };
    }
    return { ...here, webhook, state: there.state === 'done' ? 'done' : 'calling' };
  }

  private bring(run: Run, { status, machine, guard, signal }: AfterLook): Promise<RunAfter> {
    const began = (after: RunAfter): Promise<void> => this.store(run, after, guard);
    return this.parts.saver.save({ run, status, machine, guard, signal, began });
  }

  private async failed(run: Run, error: unknown, { guard, signal }: AfterLook): Promise<void> {
    const { logger } = this.parts;
    if (signal.aborted) {
      return;
    }
    logger.warn(`results of ${run.id}: ${describeError(error)}`);
    if (error instanceof LedgerError) {
      return;
    }
    this.failures.set(run.id, (this.failures.get(run.id) ?? 0) + 1);
    const why = toRunctlError(error).message;
    await this.store(run, { ...NOT_BEGUN, error: why }, guard).catch((failure: unknown) => {
      logger.warn(`noting that results of ${run.id} are not saved: ${describeError(failure)}`);
    });
  }

  private async store(run: Run, after: RunAfter, guard: Guard): Promise<void> {
    const { ledger, clock } = this.parts;
    const stored = await ledger.runs.get(run.id);
    if (stored === undefined) {
      return;
    }
    if (keyOf(run, stored.after) !== keyOf(run, after)) {
      const events = afterEvents(run.after, after);
      if (isSaved(after)) {
        await noteCopies(ledger, run, after, clock.now(), guard);
      }
      await ledger.afters.set(run.id, after, events, clock.now(), { guard });
      if (events.some(({ kind }) => kind === 'not-saved')) {
        this.parts.notSaved({ ...stored, after });
      }
    }
    this.pace(run, after);
  }

  private pace(run: Run, after: RunAfter | null): void {
    const key = keyOf(run, after);
    const known = this.paces.get(run.id);
    const count = known?.key === key ? known.count : 0;
    const failures = this.failures.get(run.id);
    const wait = failures === undefined ? nth(LOOK_MS, count) : nth(FAILED_MS, failures - 1);
    const nextAt = this.parts.clock.monotonic() + wait;
    this.paces.set(run.id, { key, count: count + 1, nextAt });
  }
}

function nth(waits: readonly number[], index: number): number {
  return waits[Math.min(index, waits.length - 1)] ?? 0;
}

function keyOf({ stateSince }: Run, after: RunAfter | null): string {
  return JSON.stringify([stateSince, after]);
}
