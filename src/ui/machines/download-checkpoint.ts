import { basename, join } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError, UnsupportedError } from '../../core/errors.ts';
import type { Checkpoint } from '../../core/model/records.ts';
import type { Run } from '../../core/model/run.ts';
import type { App } from '../app.ts';
import { transferText } from '../launch/transfer-text.ts';

/**
 * Copies a checkpoint from another machine to a place the person picks.
 *
 * @param app - the window's parts
 * @param run - whose it is
 * @param checkpoint - which
 * @throws {CancelledError} when the person picks no place, or gives up
 * @throws {UnsupportedError} when it is on this host already
 */
export async function downloadCheckpoint(
  app: App,
  run: Run,
  checkpoint: Checkpoint,
): Promise<void> {
  const { registry } = await app.engine();
  const { fetcher } = await registry.get(run.provider).connect(run.machine);
  if (fetcher === null) {
    throw new UnsupportedError('is-here', l10n.t('{0} is on this machine', checkpoint.path));
  }
  const name = basename(checkpoint.path);
  const folder = await pickPlace(name, run.workspaceFolder);
  const destination = join(folder.fsPath, name);
  const replace = await mayReplace(destination);
  await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: l10n.t('Downloading {0}', name),
      cancellable: true,
    },
    (progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      const began = performance.now();
      return fetcher.fetch({
        source: checkpoint.path,
        destination,
        replace,
        signal: abort.signal,
        onProgress: (sent) => {
          progress.report({ message: transferText(sent, performance.now() - began) });
        },
      });
    },
  );
  await tellDone(name, vscode.Uri.file(destination));
}

async function pickPlace(name: string, workspaceFolder: string | null): Promise<vscode.Uri> {
  const picked = await vscode.window.showOpenDialog({
    title: l10n.t('Where should {0} go?', name),
    openLabel: l10n.t('Download Here'),
    canSelectFiles: false,
    canSelectFolders: true,
    ...(workspaceFolder === null ? {} : { defaultUri: vscode.Uri.file(workspaceFolder) }),
  });
  const [folder] = picked ?? [];
  if (folder === undefined) {
    throw new CancelledError();
  }
  return folder;
}

async function mayReplace(destination: string): Promise<boolean> {
  const isThere = await vscode.workspace.fs.stat(vscode.Uri.file(destination)).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    return false;
  }
  const replace = l10n.t('Replace');
  const choice = await vscode.window.showWarningMessage(
    l10n.t('{0} is there already', destination),
    { modal: true },
    replace,
  );
  if (choice !== replace) {
    throw new CancelledError();
  }
  return true;
}

async function tellDone(name: string, destination: vscode.Uri): Promise<void> {
  const reveal = l10n.t('Reveal');
  const choice = await vscode.window.showInformationMessage(
    l10n.t('{0} was downloaded, and is what the machine has', name),
    reveal,
  );
  if (choice === reveal) {
    await vscode.commands.executeCommand('revealInExplorer', destination);
  }
}
