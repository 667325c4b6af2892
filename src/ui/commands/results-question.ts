import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError } from '../../core/errors.ts';
import type { Run } from '../../core/model/run.ts';
import type { RunControl } from '../../training/run-control.ts';
import { resultsQuestion } from './many-texts.ts';

/**
 * Asks once what becomes of checkpoints that were downloaded for runs about to go.
 *
 * @param control - knows what was downloaded
 * @param runs - one or more
 * @returns true when they go, too; false also when there are none
 * @throws {CancelledError} when the person wants neither
 */
export async function askForResults(
  control: Pick<RunControl, 'resultsOf'>,
  runs: readonly Run[],
): Promise<boolean> {
  const all = await Promise.all(
    runs.map(async ({ id, name }) => {
      const found = await control.resultsOf(id);
      return found === null ? [] : [{ name, ...found }];
    }),
  );
  const asked = resultsQuestion(all.flat());
  if (asked === null) {
    return false;
  }
  const [keep, remove] = [l10n.t('Keep Them'), l10n.t('Delete Them Too')];
  const options = { modal: true, detail: asked.detail };
  const choice = await vscode.window.showWarningMessage(asked.question, options, keep, remove);
  if (choice === undefined) {
    throw new CancelledError();
  }
  return choice === remove;
}
