import { basename } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format.ts';
import type { LaunchPlan } from '../../training/launch-plan.ts';
import type { App } from '../app.ts';
import { COMMANDS } from '../commands/ids.ts';
import { codeFacts } from './code-facts.ts';

/** Less goes without a question, in bytes. */
const MANY_BYTES = 200 * 1000 * 1000;

/**
 * Asks before a folder goes to a machine for the first time, when it is large or
 * something about it may surprise. For launches that show no summary.
 *
 * @param app - the window's parts
 * @param plan - about to be launched
 * @throws {CancelledError} when the person does not want to, or looks first
 */
export async function confirmFirstSend(app: App, plan: LaunchPlan): Promise<void> {
  if (await wasSent(app, plan)) {
    return;
  }
  const facts = await codeFacts(app, plan);
  if (facts === null || (facts.bytes < MANY_BYTES && facts.warnings.length === 0)) {
    return;
  }
  const folder = plan.workspaceFolder ?? plan.spec.directory;
  const size = l10n.t('Files: {0}, together {1}', facts.files, formatBytes(facts.bytes));
  const send = l10n.t('Send');
  const look = l10n.t('Show What Would Sync');
  const choice = await vscode.window.showWarningMessage(
    l10n.t('Send {0} to {1} for the first time?', basename(folder), plan.machine),
    { modal: true, detail: [size, ...facts.warnings, '', ...facts.largest].join('\n') },
    send,
    ...(plan.workspaceFolder === null ? [] : [look]),
  );
  if (choice === look) {
    void app.funnel.run('show sync', () =>
      vscode.commands.executeCommand(COMMANDS.showSync, vscode.Uri.file(folder)),
    );
  }
  if (choice !== send) {
    throw new CancelledError();
  }
}

async function wasSent(app: App, { provider, machine, spec, workspaceFolder }: LaunchPlan): Promise<boolean> {
  const { inventory } = await app.engine();
  return (
    spec.place !== null ||
    inventory
      .snapshot()
      .runs.some(
        ({ run }) =>
          run.provider === provider && run.machine === machine && run.workspaceFolder === workspaceFolder,
      )
  );
}
