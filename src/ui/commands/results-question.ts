import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format.ts';
import type { Run } from '../../core/model/run.ts';
import type { App } from '../app.ts';

/**
 * Asks what becomes of checkpoints that were downloaded for a run about to go.
 *
 * @param app - the window's parts
 * @param run - the run
 * @returns true when they go, too; false also when there are none
 * @throws {CancelledError} when the person wants neither
 */
export async function askForResults(app: App, run: Run): Promise<boolean> {
  const { control } = await app.engine();
  const found = await control.resultsOf(run.id);
  if (found === null) {
    return false;
  }
  const [keep, remove] = [l10n.t('Keep Them'), l10n.t('Delete Them Too')];
  const choice = await vscode.window.showWarningMessage(
    l10n.t('What of the checkpoints of {0} on this computer?', run.name),
    { modal: true, detail: l10n.t('{0} in {1}. This may be their only copy.', formatBytes(found.bytes), found.place) },
    keep,
    remove,
  );
  if (choice === undefined) {
    throw new CancelledError();
  }
  return choice === remove;
}
