import * as l10n from '@vscode/l10n';
import type { Run } from '../../core/model/run.ts';

/**
 * Says of a run that another installation started where it is, and from where
 * it came.
 *
 * @param run - any
 * @param machine - its name for people
 * @returns a text; `null` for a run of this installation
 */
export function foundText(run: Run, machine: string = run.machine): string | null {
  if (run.foundAt === null) {
    return null;
  }
  return run.starter === null
    ? l10n.t('found on {0}', machine)
    : l10n.t('found on {0} · started from {1}', machine, run.starter.host);
}
