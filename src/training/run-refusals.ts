import * as l10n from '@vscode/l10n';
import { MachineError, RunctlError, RunError } from '../core/errors.ts';
import type { Run } from '../core/model/run.ts';
import { isActive } from '../core/model/run.ts';
import { isForOther } from './after/after-state.ts';

/** Failures of the way to a machine, and of nothing on it. */
const NO_WAY: ReadonlySet<string> = new Set([
  'auth-failed',
  'connection-lost',
  'dns',
  'host-key-changed',
  'host-key-revoked',
  'host-key-unknown',
  'key-passphrase',
  'machine-unknown',
  'protocol',
  'refused',
  'timeout',
  'unreachable',
]);

/**
 * Tells whether it is the way to a machine that failed: what the machine
 * itself refuses is another matter.
 *
 * @param error - anything
 * @returns true when the machine was not reached
 */
export function isOutOfReach(error: unknown): boolean {
  return error instanceof RunctlError && NO_WAY.has(error.code);
}

/**
 * Says that a run was not deleted for want of its machine.
 *
 * @param run - the run
 * @param cause - why the machine was not reached
 * @returns the failure, with the way to forget it here
 */
export function outOfReach(run: Run, cause: unknown): MachineError {
  const { id, name, machine } = run;
  const text = l10n.t('“{0}” was not deleted: {1} is out of reach', name, machine);
  return new MachineError('out-of-reach', text, {
    cause,
    steps: [l10n.t('Delete it when the machine answers again, or forget it here alone.')],
    nextAction: { title: l10n.t('Forget Here…'), command: 'runctl.forgetRun', arguments: [id] },
  });
}

/**
 * Refuses to bring results here that are for the computer that started the run.
 *
 * @param run - the run
 * @throws {RunError} `not-adopted`
 */
export function refuseForOther(run: Run): void {
  if (isForOther(run)) {
    const text = l10n.t('The results of “{0}” go to the computer that started it', run.name);
    throw new RunError('not-adopted', text, {
      steps: [l10n.t('Adopt the run to have them brought to this one.')],
      nextAction: { title: l10n.t('Adopt Run…'), command: 'runctl.adoptRun', arguments: [run.id] },
    });
  }
}

/**
 * Refuses what is for ended runs alone.
 *
 * @param run - the run
 * @throws {RunError} `run-active`
 */
export function refuseActive(run: Run): void {
  if (isActive(run)) {
    throw new RunError('run-active', l10n.t('A run that is still active cannot be deleted'), {
      nextAction: { title: l10n.t('Stop Run'), command: 'runctl.stopRun', arguments: [run.id] },
    });
  }
}
