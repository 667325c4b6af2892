import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Run } from '../core/model/run.ts';
import { COMMANDS } from './commands/ids.ts';
import type { RunEndMessage } from './settings.ts';

/**
 * Tells once that a run has ended, in the window that watched it.
 *
 * @param run - as stored
 * @param when - the user's setting
 */
export async function tellRunEnd(run: Run, when: RunEndMessage): Promise<void> {
  const wanted = when === 'always' || (when === 'unfocused' && !vscode.window.state.focused);
  // What the user just stopped needs no telling.
  if (!wanted || run.state === 'stopped') {
    return;
  }
  const log = l10n.t('Show Log');
  const text = l10n.t('{0}: {1}', run.name, run.stateReason);
  const choice =
    run.state === 'succeeded'
      ? await vscode.window.showInformationMessage(text, log)
      : await vscode.window.showWarningMessage(text, log);
  if (choice === log) {
    await vscode.commands.executeCommand(COMMANDS.showLog, run.id);
  }
}
