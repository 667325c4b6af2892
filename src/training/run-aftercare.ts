import type { Clock } from '../core/clock.ts';
import { describeError } from '../core/error-chain.ts';
import type { Logger } from '../core/logger.ts';
import type { Run } from '../core/model/run.ts';
import type { RunStatus } from '../remote/agent/agent-answers.ts';
import { STOOD_MS, type CheckpointSettler } from './checkpoint-settler.ts';

/** What aftercare takes. */
export interface AftercareParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settler: Pick<CheckpointSettler, 'settle'>;
}

/** Waits between looks that settled not everything, in milliseconds; then a resume must ask. */
const AGAIN_MS = [STOOD_MS, 10_000, 60_000, 300_000] as const;

/** Looks after runs that have ended until it is known which of their checkpoints are whole. */
export class RunAftercare {
  private readonly parts: AftercareParts;
  // By the end that was looked after: a lost run can come back and end again.
  private readonly looks = new Map<string, { readonly count: number; readonly nextAt: number }>();

  /**
   * @param parts - time, log and who tells what is whole
   */
  constructor(parts: AftercareParts) {
    this.parts = parts;
  }

  /**
   * Tells when a run wants to be looked at.
   *
   * @param run - ended, with checkpoints not known to be whole
   * @returns on the monotonic clock, ms; `Infinity` for never again
   */
  dueAt(run: Run): number {
    const { clock } = this.parts;
    const sinceEnd = Math.min(STOOD_MS, Math.max(0, clock.now() - run.stateSince));
    return this.looks.get(keyOf(run))?.nextAt ?? clock.monotonic() + STOOD_MS - sinceEnd;
  }

  /**
   * Looks at a run once. A failure is logged, and tried again some times.
   *
   * @param run - see `dueAt`
   * @param status - what its machine says of it
   * @returns when what was found is stored
   */
  async tend(run: Run, status: RunStatus): Promise<void> {
    this.postpone(run);
    try {
      const { final } = await this.parts.settler.settle(run, status);
      if (final) {
        this.looks.set(keyOf(run), { count: 0, nextAt: Number.POSITIVE_INFINITY });
      }
    } catch (error) {
      this.parts.logger.warn(`checkpoints of ${run.id}, which ended: ${describeError(error)}`);
    }
  }

  /**
   * Puts a run off: its machine did not answer.
   *
   * @param run - see `dueAt`
   */
  postpone(run: Run): void {
    const count = this.looks.get(keyOf(run))?.count ?? 0;
    const wait = AGAIN_MS[count] ?? Number.POSITIVE_INFINITY;
    const nextAt = this.parts.clock.monotonic() + wait;
    this.looks.set(keyOf(run), { count: count + 1, nextAt });
  }
}

function keyOf(run: Run): string {
  return `${run.id} ${run.stateSince}`;
}
