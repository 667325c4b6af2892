import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Run } from '../core/model/run.ts';
import { COMMANDS } from './commands/ids.ts';
import { canSaveAgain } from './tree/after-text.ts';
import { unsavedMessage } from './unsaved-message.ts';

/**
 * Warns that results of a run could not be saved, also where the user is at
 * this window or wants to hear nothing of ends: they may be lost.
 *
 * @param run - as stored
 */
export async function tellUnsaved(run: Run): Promise<void> {
  const text = unsavedMessage(run);
  if (text === null) {
    return;
  }
  const [again, details] = [l10n.t('Save Again'), l10n.t('Show Details')];
  const actions = canSaveAgain(run) ? [again, details] : [details];
  const choice = await vscode.window.showWarningMessage(text, ...actions);
  if (choice === again) {
    await vscode.commands.executeCommand(COMMANDS.saveAgain, run.id);
  } else if (choice === details) {
    await vscode.commands.executeCommand(COMMANDS.showRunDetails, run.id);
  }
}
