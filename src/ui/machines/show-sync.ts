import { basename } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { safeName } from '../document-texts.ts';
import { showDocument } from '../documents.ts';
import { pickFolder } from '../pick-folder.ts';
import { sshOf } from './connect.ts';

/**
 * Shows which files of a folder would be sent to a machine, which not, and why.
 *
 * @param app - the window's parts
 * @param argument - the folder as a `Uri`; asked for when there are several
 */
export async function showSync(app: App, argument: unknown): Promise<void> {
  const folder = argument instanceof vscode.Uri ? argument : await pickFolder();
  const root = folder.fsPath;
  const { reader } = await sshOf(app);
  const { sync, checkpoint } = await app.configs.require(root);
  const options = { exclude: sync.exclude, persistent: [checkpoint.dir] };
  const { surveyOf, syncText } = await import('../late.ts');
  const [tree, leftOut] = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: l10n.t('Looking at {0}', basename(root)) },
    () => Promise.all([reader.select(root, options), reader.leftOut(root, options)]),
  );
  const text = syncText({ tree, survey: surveyOf(tree), leftOut });
  await showDocument(app.documents.publish(`/${safeName(basename(root))}.sync.txt`, () => text));
}
