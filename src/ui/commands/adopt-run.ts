import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { AskAboutFound } from '../../training/found-runs.ts';
import type { App } from '../app.ts';
import { requireTrust } from '../launch/launch-plan-ui.ts';
import { confirm } from './confirm.ts';
import { adoptQuestion, foundQuestion } from './found-questions.ts';
import { pickRun } from './pick-run.ts';

/**
 * Takes over a run that another installation started, after asking.
 *
 * @param app - the window's parts
 * @param argument - first argument of the command
 */
export async function adoptRun(app: App, argument: unknown): Promise<void> {
  requireTrust();
  const { found, inventory } = await app.engine();
  const { run } = await pickRun(argument, inventory.snapshot(), {
    title: l10n.t('Adopt which run?'),
    accepts: (view) => view.run.foundAt !== null,
    none: l10n.t('No run of another computer was found'),
  });
  if (run.foundAt === null) {
    void vscode.window.showInformationMessage(l10n.t('{0} is a run of this computer already', run.name));
    return;
  }
  await confirm(adoptQuestion(run), l10n.t('Adopt'));
  await found.adopt(run);
}

/**
 * Asks the user of this window before an act on a run of another installation.
 *
 * @param run - the run
 * @param act - what is about to be done
 * @returns true to go on
 */
export const askAboutFound: AskAboutFound = async (run, act) => {
  const { question, detail, yes } = foundQuestion(run, act);
  return (await vscode.window.showWarningMessage(question, { modal: true, detail }, yes)) === yes;
};
