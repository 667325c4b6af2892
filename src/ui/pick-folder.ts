import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError, ValidationError } from '../core/errors.ts';

/**
 * Finds the workspace folder a command is about, asking when there are several.
 *
 * @returns the folder
 * @throws {ValidationError} when none is open
 * @throws {CancelledError} when the person picks none
 */
export async function pickFolder(): Promise<vscode.Uri> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const [only] = folders;
  if (only === undefined) {
    throw new ValidationError('folder', l10n.t('Open a folder first'), {
      nextAction: { title: l10n.t('Open Folder'), command: 'vscode.openFolder' },
    });
  }
  const chosen = folders.length === 1 ? only : await vscode.window.showWorkspaceFolderPick();
  if (chosen === undefined) {
    throw new CancelledError();
  }
  return chosen.uri;
}
