import * as l10n from '@vscode/l10n';
import { formatDate } from '../../core/locale.ts';
import type { Run } from '../../core/model/run.ts';
import { isActive } from '../../core/model/run.ts';
import { isForWindow, isSaved, isUnderWay } from '../../training/after/after-state.ts';

/** Longest reason in a row; the tooltip has it whole. */
const MAX_REASON = 60;

/**
 * Says in a row what has become of the results of a run.
 *
 * @param run - any
 * @returns short texts; none while it is active, and when nothing was to happen
 */
export function afterParts(run: Run): readonly string[] {
  const { after } = run;
  if (after === null || isActive(run)) {
    return [];
  }
  const parts = [savedPart(run, MAX_REASON)];
  if (after.webhook === 'failed') {
    parts.push(l10n.t('webhook not reached'));
  }
  if (after.state === 'acting') {
    parts.push(l10n.t('ending the machine'));
  } else if (after.heldUntil !== undefined) {
    parts.push(l10n.t('kept for a look until {0}', formatDate(after.heldUntil, { timeStyle: 'short' })));
  }
  return parts.filter((part) => part !== null);
}

/**
 * Tells when a machine ends a run, or itself after it.
 *
 * @param run - any
 * @returns ms since the epoch; `null` when nothing would be put off
 */
export function endOf(run: Run): number | null {
  return isActive(run) ? run.leaseUntil : (run.after?.heldUntil ?? null);
}

/**
 * Tells whether a save that failed can be tried again by the user.
 *
 * @param run - any
 * @returns true when something was to be saved and is not, or not all of it
 */
export function canSaveAgain(run: Run): boolean {
  const { after } = run;
  return after !== null && after.error !== null && after.state !== 'saving';
}

/**
 * Says where results of a run go, went, or why they did not.
 *
 * @param run - any
 * @returns a text for a table; `null` when they go nowhere
 */
export function resultsText(run: Run): string | null {
  const { after } = run;
  if (after !== null && !isActive(run)) {
    const said = savedPart(run, Number.POSITIVE_INFINITY);
    return isSaved(after) && said !== null ? `${said}: ${after.place}` : said;
  }
  return placeText(run);
}

/**
 * Names the durable place of a run.
 *
 * @param run - any, or a plan
 * @returns the address of a bucket, or this computer; `null` for none
 */
export function placeText(run: Pick<Run, 'spec'>): string | null {
  return isForWindow(run) ? l10n.t('this computer') : run.spec.after.durable;
}

function savedPart(run: Run, longest: number): string | null {
  const { after } = run;
  const place = placeText(run);
  if (after === null || place === null) {
    return null;
  }
  if (isSaved(after)) {
    return after.error === null
      ? l10n.t('saved')
      : l10n.t('saved, but not all: {0}', shortened(after.error, longest));
  }
  if (after.error !== null) {
    return l10n.t('not saved: {0}', shortened(after.error, longest));
  }
  if (after.state === 'saving') {
    return l10n.t('saving to {0}', place);
  }
  return isUnderWay(after) ? null : l10n.t('no checkpoint to save');
}

function shortened(reason: string, longest: number): string {
  return reason.length > longest ? `${reason.slice(0, longest)}…` : reason;
}
