import { CheckpointScanner } from '../checkpoints/checkpoint-scanner.ts';
import { SETTLE_MS } from '../checkpoints/completeness.ts';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type { Run } from '../core/model/run.ts';
import type { Guard } from '../ledger/handle.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Machine } from '../providers/training-provider.ts';
import type { LogCopies } from './log/machine-logs.ts';
import { MetricsTap } from './metrics-tap.ts';
import { RunObserver } from './run-observer.ts';

/** What every observer shares. */
export interface ObserverContext {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly guard: Guard;
  /** Brings logs of other machines to this host. */
  readonly copies: LogCopies;
}

/**
 * Makes the observer of a run.
 *
 * @param run - what to watch
 * @param machine - where it is
 * @param context - ledger, time and the right to write
 * @returns the observer, its log already followed
 */
export function createObserver(run: Run, machine: Machine, context: ObserverContext): RunObserver {
  const { logPath } = run;
  const tap = logPath === null ? null : new MetricsTap(run, logPath, context);
  const isElsewhere = logPath !== null && !machine.sameHost;
  const copy = isElsewhere ? context.copies.start(machine.agent, run.id, logPath) : null;
  const scanner = scannerOf(run, machine);
  const { clockAhead } = machine.agent;
  return new RunObserver(run, { ...context, scanner, copy, tap, clockAhead });
}

/**
 * Makes a scanner of a run's checkpoints.
 *
 * @param run - whose directory and globs
 * @param machine - where it is
 * @param settleMs - age in ms after which an unchanged file counts as finished
 * @returns a scanner that has not looked yet
 */
export function scannerOf(run: Run, machine: Machine, settleMs = SETTLE_MS): CheckpointScanner {
  const { checkpointDirectory: directory, checkpointGlobs: globs, best } = run.spec;
  return new CheckpointScanner(machine.files, { runId: run.id, directory, globs, best, settleMs });
}
