import * as l10n from '@vscode/l10n';
import { CleanupError } from '../core/errors.ts';
import { formatBytes } from '../core/format.ts';
import type { Checkpoint } from '../core/model/records.ts';
import type { CleanupReport, SkipReason } from './cleanup.ts';
import type { RetentionPlan } from './retention.ts';

/**
 * Writes a clean-up plan as text: the dry run.
 *
 * @param plan - what would happen
 * @returns one line per checkpoint, then the sum and what is not touched
 */
export function planText(plan: RetentionPlan): string {
  const removed = plan.remove.map(
    (item) => `${l10n.t('delete')}  ${formatBytes(item.size).padStart(9)}  ${item.path}${copyText(item)}`,
  );
  const kept = plan.keep.map(
    ({ checkpoint, reason }) =>
      `${l10n.t('keep')}    ${formatBytes(checkpoint.size).padStart(9)}  ${checkpoint.path}  (${reason})`,
  );
  const lines = [...removed, ...kept, '', l10n.t('{0} would be freed', formatBytes(plan.bytesFreed))];
  const others = plan.others ?? [];
  if (others.length > 0) {
    lines.push(
      '',
      l10n.t('Not touched, because written by other runs or changed since this run was watched:'),
      ...others.map((path) => `  ${path}`),
    );
  }
  return `${lines.join('\n')}\n`;
}

function copyText({ durable }: Checkpoint): string {
  return durable === undefined ? '' : `  (${l10n.t('copy in {0}', durable)})`;
}

/**
 * Asks before a clean-up.
 *
 * @param count - checkpoints that would go
 * @param run - the run's name
 * @returns the question
 */
export function cleanUpQuestion(count: number, run: string): string {
  return count === 1
    ? l10n.t('Delete 1 checkpoint of {0}?', run)
    : l10n.t('Delete {0} checkpoints of {1}?', count, run);
}

/**
 * Says that a clean-up has nothing to do.
 *
 * @param count - checkpoints that stay
 * @returns the message
 */
export function nothingToCleanUp(count: number): string {
  return count === 1
    ? l10n.t('Nothing to clean up: the only checkpoint is kept')
    : l10n.t('Nothing to clean up: all {0} checkpoints are kept', count);
}

/**
 * Says what a clean-up did.
 *
 * @param report - what was deleted, and what not
 * @returns the message
 * @throws {CleanupError} with the reasons, when nothing was deleted
 */
export function doneText(report: CleanupReport): string {
  const { deleted, skipped, errors } = report;
  requireDeleted(report);
  const freed = formatBytes(report.bytesFreed);
  const left = skipped.length + errors.length;
  return deleted.length === 1
    ? l10n.t('Deleted 1 checkpoint, {0} freed; {1} left alone', freed, left)
    : l10n.t('Deleted {0} checkpoints, {1} freed; {2} left alone', deleted.length, freed, left);
}

/**
 * Makes sure that something happened.
 *
 * @param report - of a clean-up that had something to delete
 * @throws {CleanupError} with the reasons, when nothing was deleted
 */
export function requireDeleted(report: CleanupReport): void {
  const { deleted, skipped, errors } = report;
  if (deleted.length > 0) {
    return;
  }
  const reasons = new Set(skipped.map(({ reason }) => reason));
  const why = [...reasons].map(reasonText).join('; ');
  throw new CleanupError(
    'nothing-deleted',
    why === '' ? l10n.t('Nothing was deleted.') : l10n.t('Nothing was deleted: {0}.', why),
    {
      cause: errors[0]?.error,
      steps: [l10n.t('Wait until the list of checkpoints is up to date, then try again.')],
      details: { paths: [...skipped, ...errors].map(({ checkpoint }) => checkpoint.path) },
    },
  );
}

function reasonText(reason: SkipReason): string {
  switch (reason) {
    case 'changed':
      return l10n.t('it was written again after it was listed');
    case 'gone':
      return l10n.t('it is not there any more');
    case 'link':
      return l10n.t('it is a link now, and links are not followed');
    case 'outside':
      return l10n.t('it lies outside of the checkpoint directory');
  }
}
