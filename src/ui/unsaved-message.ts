import * as l10n from '@vscode/l10n';
import type { Run } from '../core/model/run.ts';
import { isSaved } from '../training/after/after-state.ts';

/**
 * Says that results of a run have not reached their place, and why.
 *
 * @param run - with a failure stored
 * @returns one line, whole; `null` when nothing failed
 */
export function unsavedMessage(run: Run): string | null {
  const { name, after } = run;
  if (after?.error == null) {
    return null;
  }
  return isSaved(after)
    ? l10n.t('Not all results of {0} are saved: {1}', name, after.error)
    : l10n.t('The results of {0} are not saved: {1}', name, after.error);
}
