import type { CheckpointScanner } from '../checkpoints/checkpoint-scanner.ts';
import type { Writer } from '../checkpoints/completeness.ts';
import { writtenAt } from '../checkpoints/written-at.ts';
import type { Clock } from '../core/clock.ts';
import { describeError } from '../core/error-chain.ts';
import { LedgerError } from '../core/errors.ts';
import type { Disposable } from '../core/events.ts';
import type { Logger } from '../core/logger.ts';
import type { Checkpoint } from '../core/model/records.ts';
import type { Run } from '../core/model/run.ts';
import type { Guard } from '../ledger/handle.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RunningCopy } from './log/machine-logs.ts';
import type { MetricsTap } from './metrics-tap.ts';

/** What an observer works with. */
export interface ObserverParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly scanner: CheckpointScanner;
  /** Brings the log to this host; `null` when it is there. */
  readonly copy: RunningCopy | null;
  readonly tap: MetricsTap | null;
  /** Refuses writes when this window no longer watches. */
  readonly guard: Guard;
  /** Milliseconds by which the machine's clock is ahead of this host's. */
  readonly clockAhead: number;
}

/** Files may carry the time of a coarser clock than the run's start. */
const CLOCK_SLACK_MS = 2000;

/** Watches one run: its log for metrics, its directory for checkpoints. */
export class RunObserver implements Disposable {
  private readonly run: Run;
  private readonly parts: ObserverParts;

  constructor(run: Run, parts: ObserverParts) {
    this.run = run;
    this.parts = parts;
    parts.tap?.start();
  }

  /**
   * Looks for checkpoints once; a failure is logged and tried again later.
   *
   * @returns when what was found is stored
   */
  scan(): Promise<void> {
    return this.look('alive');
  }

  /** Whether it has stopped reading the log; another one goes on from what is stored. */
  get broken(): boolean {
    return this.parts.tap?.broken ?? false;
  }

  /**
   * Reads the log to its present end and looks at the checkpoints once more.
   * What was written right before a bad end stays incomplete.
   *
   * @param exitCode - of the run; `null` when it is not known
   * @param logBytes - length of the log on its machine
   * @returns when everything is stored
   * @throws {LedgerError} when it could not be stored
   * @throws {MachineError} when the rest of the log cannot be had now
   * @throws {CancelledError} when this observer was disposed meanwhile
   */
  async finish(exitCode: number | null = this.run.exitCode, logBytes = 0): Promise<void> {
    await this.look(exitCode === 0 ? 'done' : 'cut-off');
    await this.parts.copy?.complete(logBytes);
    await this.parts.tap?.finish();
  }

  dispose(): void {
    this.parts.copy?.dispose();
    this.parts.tap?.dispose();
  }

  private async look(writer: Writer): Promise<void> {
    const { ledger, clock, logger, scanner, guard, clockAhead } = this.parts;
    try {
      const own = (found: { modifiedAt: number }): boolean => this.isOwn(found);
      const { checkpoints, problems } = await scanner.scan(clock.now(), { writer, own, clockAhead });
      for (const problem of problems) {
        logger.debug(`${this.run.id}: ${problem.path}: ${problem.reason}`);
      }
      // Read anew each time: a clean-up in any window changes the stored set too.
      if (!sameSet(checkpoints, await ledger.checkpoints.list(this.run.id))) {
        await ledger.checkpoints.replace(this.run.id, checkpoints, { guard });
      }
    } catch (error) {
      if (writer !== 'alive' && error instanceof LedgerError) {
        throw error;
      }
      logger.warn(`checkpoints of ${this.run.id}: ${describeError(error)}`);
    }
  }

  // A directory used by several runs in turn holds the checkpoints of all.
  private isOwn({ modifiedAt }: { modifiedAt: number }): boolean {
    const since = this.run.startedAt ?? this.run.createdAt;
    const { clockAhead } = this.parts;
    return writtenAt({ modifiedAt, clockAhead }) >= since - CLOCK_SLACK_MS;
  }
}

function sameSet(found: readonly Checkpoint[], stored: readonly Checkpoint[]): boolean {
  const keys = new Set(stored.map(keyOf));
  return found.length === stored.length && found.every((item) => keys.has(keyOf(item)));
}

// Times are stored as whole milliseconds.
function keyOf(checkpoint: Checkpoint): string {
  const { path, kind, size, modifiedAt, step, epoch, loss, complete, marks } = checkpoint;
  const time = Math.round(modifiedAt);
  // Measured anew with each connection, never quite the same.
  const minutesAhead = Math.round((checkpoint.clockAhead ?? 0) / 60_000);
  return JSON.stringify([path, kind, size, time, minutesAhead, step, epoch, loss, complete, marks]);
}
