import * as l10n from '@vscode/l10n';
import { LedgerError, RunError } from '../core/errors.ts';
import type { Run } from '../core/model/run.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LockScope } from '../ledger/locks.ts';

/**
 * Names the lock row under which a window acts on a run.
 *
 * @param id - the run
 * @returns the resource name
 */
export function runLockName(id: string): string {
  return `run:${id}`;
}

/**
 * Acts on a run under its lock. What a dead or silent window held is waited
 * for; only one still at work is in the way.
 *
 * @param ledger - the ledger
 * @param run - as it was before; it may be another by the time `action` begins
 * @param command - what the user asked for, to be offered again
 * @param action - what to do
 * @returns what the action returned
 * @throws {RunError} `run-busy` when another command is at work on the run
 */
export async function withRunLock<T>(
  ledger: Ledger,
  run: Run,
  command: string,
  action: (scope: LockScope) => Promise<T>,
): Promise<T> {
  try {
    return await ledger.locks.withLock(runLockName(run.id), action);
  } catch (error) {
    if (!(error instanceof LedgerError && error.code === 'locked')) {
      throw error;
    }
    throw new RunError('run-busy', busyText(run, error.details['own'] === true), {
      cause: error,
      steps: [l10n.t('Wait a few seconds, then try again.')],
      nextAction: { title: l10n.t('Try Again'), command, arguments: [run.id] },
    });
  }
}

function busyText({ name, state }: Run, own: boolean): string {
  if (state === 'queued' || state === 'starting') {
    return own
      ? l10n.t('Run “{0}” is still being started', name)
      : l10n.t('Run “{0}” is still being started by another window', name);
  }
  return own
    ? l10n.t('Something else is being done to run “{0}” right now', name)
    : l10n.t('Another window is doing something to run “{0}” right now', name);
}
