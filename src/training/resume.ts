import * as l10n from '@vscode/l10n';
import { newestFirst } from '../checkpoints/marks.ts';
import type { SeenCheckpoint } from '../checkpoints/overwritten.ts';
import { isLive } from '../checkpoints/overwritten.ts';
import { RunError } from '../core/errors.ts';
import type { Checkpoint } from '../core/model/records.ts';
import type { Run } from '../core/model/run.ts';
import { isActive } from '../core/model/run.ts';
import type { Machine } from '../providers/training-provider.ts';

/**
 * Picks the checkpoint a run goes on from when the user names none: the whole
 * one that is shown as newest, and that no other run has written over.
 *
 * @param checkpoints - of the run, in any order
 * @returns the checkpoint
 * @throws {RunError} when there is none
 */
export function newestWhole<T extends SeenCheckpoint>(checkpoints: readonly T[]): T {
  const whole = [...checkpoints].sort(newestFirst(checkpoints)).filter(isLive);
  const newest = whole.find((item) => item.marks.includes('newest')) ?? whole[0];
  if (newest === undefined) {
    throw new RunError('no-checkpoint', l10n.t('This run has no whole checkpoint to go on from'));
  }
  return newest;
}

/**
 * Checks right before a resume that it would do what the user sees: the run
 * has ended, and the checkpoint is whole and still the one in the list.
 *
 * @param run - the earlier run
 * @param checkpoint - as the ledger has it
 * @param machine - where both are
 * @throws {RunError} when it would go on from something else
 */
export async function checkResumable(
  run: Run,
  checkpoint: Checkpoint,
  machine: Machine,
): Promise<void> {
  if (isActive(run)) {
    throw new RunError('run-active', l10n.t('The run is still active. Stop it first.'), {
      nextAction: { title: l10n.t('Stop Run'), command: 'runctl.stopRun', arguments: [run.id] },
    });
  }
  if (!checkpoint.complete) {
    throw new RunError('partial-checkpoint', l10n.t('The checkpoint is not whole'));
  }
  const now = await machine.files.inspect(checkpoint.path);
  const nextAction = {
    title: l10n.t('Pick Checkpoint…'),
    command: 'runctl.resumeFromCheckpoint',
    arguments: [run.id, checkpoint.path],
  };
  if (now === null) {
    throw new RunError('checkpoint-gone', l10n.t('{0} is gone', checkpoint.path), { nextAction });
  }
  const same = now.size === checkpoint.size && now.modifiedAt === checkpoint.modifiedAt;
  if (!same) {
    throw new RunError(
      'checkpoint-changed',
      l10n.t('{0} was written over since this run; pick another checkpoint', checkpoint.path),
      { nextAction },
    );
  }
}
