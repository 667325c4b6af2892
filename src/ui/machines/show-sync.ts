import { basename } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError } from '../../core/errors.ts';
import type { SelectOptions } from '../../sync/own-rules.ts';
import type { App } from '../app.ts';
import { safeName } from '../document-texts.ts';
import { showDocument } from '../documents.ts';
import { pickFolder } from '../pick-folder.ts';
import { sshOf } from './connect.ts';

/** Stands for the home directory of a machine, in which no folder here lies. */
const NO_HOME = '/~';

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
  const { options, profile } = await sendingOf(app, root);
  const { secretFiles, surveyOf, syncText } = await import('../late.ts');
  const [tree, leftOut] = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: l10n.t('Looking at {0}', basename(root)) },
    () => Promise.all([reader.select(root, options), reader.leftOut(root, options)]),
  );
  const secrets = await secretFiles(tree);
  const text = syncText({ tree, survey: surveyOf(tree), leftOut, secrets, profile });
  await showDocument(app.documents.publish(`/${safeName(basename(root))}.sync.txt`, () => text));
}

interface Sending {
  readonly options: SelectOptions;
  readonly profile: string | null;
}

// What a run writes stays on its machine, and each profile may write elsewhere.
async function sendingOf(app: App, root: string): Promise<Sending> {
  const { sync, checkpoint, runs } = await app.configs.require(root);
  const { profileSending } = await import('../late.ts');
  const sendings: { readonly name: string; readonly options: SelectOptions }[] = [];
  for (const name of Object.keys(runs)) {
    const options = profileSending(await app.configs.profile(root, name, NO_HOME), root);
    sendings.push({ name, options });
  }
  const [first] = sendings;
  if (first === undefined) {
    return { options: { exclude: sync.exclude, persistent: [checkpoint.dir] }, profile: null };
  }
  if (new Set(sendings.map(({ options }) => JSON.stringify(options))).size === 1) {
    return { options: first.options, profile: null };
  }
  const rows = sendings.map(({ name, options }) => ({
    label: name,
    description: (options.persistent ?? []).join(', '),
    options,
  }));
  const picked = await vscode.window.showQuickPick(rows, {
    title: l10n.t('As a run of which profile would send it?'),
  });
  if (picked === undefined) {
    throw new CancelledError();
  }
  return { options: picked.options, profile: picked.label };
}
