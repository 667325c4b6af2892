import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { RunEvent } from '../core/model/records.ts';
import type { Run } from '../core/model/run.ts';
import { COMMANDS } from './commands/ids.ts';
import { runEndMessage } from './run-end-message.ts';
import type { RunEndMessage } from './settings.ts';

/**
 * Tells once that a run has ended, in the window that watched it.
 *
 * @param run - as stored
 * @param when - the user's setting
 * @param events - its timeline
 */
export async function tellRunEnd(
  run: Run,
  when: RunEndMessage,
  events: readonly RunEvent[],
): Promise<void> {
  const asked = events.some(({ kind }) => kind === 'stop-requested');
  const message = runEndMessage(run, when, vscode.window.state.focused, asked);
  if (message === null) {
    return;
  }
  const log = l10n.t('Show Log');
  const choice =
    message.severity === 'information'
      ? await vscode.window.showInformationMessage(message.text, log)
      : await vscode.window.showWarningMessage(message.text, log);
  if (choice === log) {
    await vscode.commands.executeCommand(COMMANDS.showLog, run.id);
  }
}
