import { basename } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CONFIG_FILE_NAME } from '../../core/config/file-name.ts';
import { CancelledError, ValidationError } from '../../core/errors.ts';
import type { App } from '../app.ts';
import { chooseScript } from '../config/choose-script.ts';
import { planOfProfile, planOfScript } from '../launch/launch-choices.ts';
import { launchPlan, requireTrust } from '../launch/launch-plan-ui.ts';
import { launchWizard } from '../launch/launch-wizard.ts';
import { pickFolder } from '../pick-folder.ts';
import { COMMANDS } from './ids.ts';
import type { CommandTable } from './register.ts';

type LaunchCommands = Pick<
  CommandTable,
  | typeof COMMANDS.launch
  | typeof COMMANDS.launchProfile
  | typeof COMMANDS.runFile
  | typeof COMMANDS.createConfig
>;

const HERE = { provider: 'local', machine: 'local' };

/**
 * Ways to start a run, and to write down what to start.
 *
 * @param app - the window's parts
 * @returns handlers by command id
 */
export function launchCommands(app: App): LaunchCommands {
  return {
    [COMMANDS.launch]: async () => {
      requireTrust();
      return (await launchPlan(app, await launchWizard(app), true)).id;
    },
    [COMMANDS.launchProfile]: (argument) => launchProfile(app, argument),
    [COMMANDS.runFile]: (argument) => runFile(app, argument),
    [COMMANDS.createConfig]: (argument) => createConfig(app, argument),
  };
}

async function launchProfile(app: App, argument: unknown): Promise<string> {
  requireTrust();
  const { folder, profile } = profileArgument(argument);
  const uri = vscode.Uri.parse(folder, true);
  await vscode.workspace.save(vscode.Uri.joinPath(uri, CONFIG_FILE_NAME));
  const plan = await planOfProfile(app, uri, profile);
  return (await launchPlan(app, plan)).id;
}

function profileArgument(argument: unknown): { readonly folder: string; readonly profile: string } {
  if (typeof argument === 'object' && argument !== null) {
    const { folder, profile } = argument as { folder?: unknown; profile?: unknown };
    if (typeof folder === 'string' && typeof profile === 'string') {
      return { folder, profile };
    }
  }
  throw new ValidationError('profile', l10n.t('Name the folder and the run profile to launch'));
}

async function runFile(app: App, argument: unknown): Promise<string> {
  requireTrust();
  const uri = await saved(argument instanceof vscode.Uri ? argument : activeFile());
  if (basename(uri.fsPath) === CONFIG_FILE_NAME) {
    return runProfileOf(app, uri);
  }
  return (await launchPlan(app, await planOfScript(app, uri, HERE))).id;
}

// What is on the screen is what runs; a file not yet named gets its name first.
async function saved(uri: vscode.Uri): Promise<vscode.Uri> {
  const open = vscode.workspace.textDocuments.find((item) => item.uri.toString() === uri.toString());
  if (open?.isDirty !== true && uri.scheme === 'file') {
    return uri;
  }
  const named = await vscode.workspace.save(uri);
  if (named === undefined) {
    throw new CancelledError();
  }
  return named;
}

async function runProfileOf(app: App, file: vscode.Uri): Promise<string> {
  const folder = vscode.Uri.joinPath(file, '..');
  const { runs } = await app.configs.require(folder.fsPath);
  const names = Object.keys(runs);
  const profile =
    names.length === 1
      ? names[0]
      : await vscode.window.showQuickPick(names, { title: l10n.t('Launch which profile?') });
  if (profile === undefined) {
    throw names.length === 0
      ? new ValidationError('runs', l10n.t('{0} names no [runs.NAME] yet', CONFIG_FILE_NAME))
      : new CancelledError();
  }
  return (await launchPlan(app, await planOfProfile(app, folder, profile))).id;
}

function activeFile(): vscode.Uri {
  const uri = vscode.window.activeTextEditor?.document.uri;
  if (uri?.scheme !== 'file' && uri?.scheme !== 'untitled') {
    throw new ValidationError('file', l10n.t('Open the script to run first'));
  }
  return uri;
}

async function createConfig(app: App, argument: unknown): Promise<void> {
  requireTrust();
  const folder = argument instanceof vscode.Uri ? argument : await pickFolder();
  const file = vscode.Uri.joinPath(folder, CONFIG_FILE_NAME);
  const written = !(await exists(file)) && (await writeStarter(folder, file));
  await vscode.window.showTextDocument(file);
  if (!written) {
    void vscode.window.showInformationMessage(
      l10n.t('This folder has a {0} already; it was left as it is', CONFIG_FILE_NAME),
    );
  }
  app.logger.info(`create config: ${written ? 'written' : 'was there'}`);
}

async function exists(file: vscode.Uri): Promise<boolean> {
  return vscode.workspace.fs.stat(file).then(
    () => true,
    () => false,
  );
}

async function writeStarter(folder: vscode.Uri, file: vscode.Uri): Promise<boolean> {
  const [{ starterConfig }, { writeNewFile }] = await Promise.all([
    import('../config/late-config.ts'),
    import('../late.ts'),
  ]);
  return writeNewFile(file.fsPath, starterConfig(await chooseScript(folder)));
}
