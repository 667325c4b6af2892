import { basename } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { describeError } from '../../core/error-chain.ts';
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
  const { options, profile, scripts } = await sendingOf(app, root);
  const { secretFiles, surveyOf, syncText } = await import('../late.ts');
  const [tree, leftOut, missing] = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: l10n.t('Looking at {0}', basename(root)) },
    () =>
      Promise.all([
        reader.select(root, options),
        reader.leftOut(root, options),
        Promise.all(scripts.map((script) => reader.missingImports(root, options, { script }))),
      ]),
  );
  const secrets = await secretFiles(tree);
  const imports = new Map(missing.flat().map((item) => [`${item.importer}\0${item.path}`, item]));
  const survey = surveyOf(tree, [...imports.values()]);
  const text = syncText({ tree, survey, leftOut, secrets, profile });
  await showDocument(app.documents.publish(`/${safeName(basename(root))}.sync.txt`, () => text));
}

interface Sending {
  readonly options: SelectOptions;
  readonly profile: string | null;
  /** What its runs begin with, relative to the folder. */
  readonly scripts: readonly string[];
}

// What a run writes stays on its machine, and each profile may write elsewhere.
async function sendingOf(app: App, root: string): Promise<Sending> {
  const { sync, checkpoint, runs } = await app.configs.require(root);
  const { profileSending, scriptOf } = await import('../late.ts');
  const sendings: { readonly name: string; readonly options: SelectOptions; readonly scripts: readonly string[] }[] = [];
  for (const name of Object.keys(runs)) {
    try {
      const profile = await app.configs.profile(root, name, NO_HOME);
      const script = scriptOf(profile, root);
      sendings.push({ name, options: profileSending(profile, root), scripts: script === null ? [] : [script] });
    } catch (error) {
      // One that cannot be launched sends nothing, and must not hide what the others would.
      app.logger.info(`show sync: ${name} is left out: ${describeError(error)}`);
    }
  }
  const [first] = sendings;
  if (first === undefined) {
    return { options: { exclude: sync.exclude, persistent: [checkpoint.dir] }, profile: null, scripts: [] };
  }
  if (new Set(sendings.map(({ options }) => JSON.stringify(options))).size === 1) {
    const scripts = [...new Set(sendings.flatMap((sending) => sending.scripts))];
    return { options: first.options, profile: null, scripts };
  }
  const rows = sendings.map(({ name, options, scripts }) => ({
    label: name,
    description: (options.persistent ?? []).join(', '),
    options,
    scripts,
  }));
  const picked = await vscode.window.showQuickPick(rows, {
    title: l10n.t('As a run of which profile would send it?'),
  });
  if (picked === undefined) {
    throw new CancelledError();
  }
  return { options: picked.options, profile: picked.label, scripts: picked.scripts };
}
