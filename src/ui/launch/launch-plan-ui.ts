import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError, ExistsError } from '../../core/errors.ts';
import type { Run } from '../../core/model/run.ts';
import type { MovedFile } from '../../providers/training-provider.ts';
import type { LaunchPlan } from '../../training/launch-plan.ts';
import type { LaunchOptions } from '../../training/launcher.ts';
import type { App } from '../app.ts';
import { isShown } from '../tree/run-nodes.ts';
import { prepareLaunch } from './prepare-launch.ts';
import { resultsRow } from './results-row.ts';
import { transferText } from './transfer-text.ts';

/**
 * Launches a plan for the user: secrets, progress, the one question a busy
 * directory raises, and the log at the end.
 *
 * @param app - the window's parts
 * @param plan - what to run
 * @param isSeen - whether the person has just agreed to a summary of it
 * @returns the run
 * @throws {CancelledError} when the user gives up
 */
export async function launchPlan(app: App, plan: LaunchPlan, isSeen = false): Promise<Run> {
  requireTrust();
  const given = await prepareLaunch(app, plan, isSeen);
  const moved: MovedFile[] = [];
  const run = await withProgress(plan, (signal, onProgress) =>
    start(app, plan, { ...given, signal, onProgress, onMoved: (file) => moved.push(file) }),
  );
  tellMoved(app, run, moved);
  // What was just started must not be hidden by an earlier search.
  if (!isShown(run, app.filter.text)) {
    await app.filter.set('');
  }
  app.channels.show(run, true);
  return run;
}

/**
 * Refuses what a workspace that is not trusted must not do.
 *
 * @throws {CancelledError} after telling the user what trust would enable
 */
export function requireTrust(): void {
  if (vscode.workspace.isTrusted) {
    return;
  }
  const manage = l10n.t('Manage Trust');
  const text = l10n.t(
    'In Restricted Mode runctl starts nothing: what runs comes from the workspace. Trust it to launch, resume and clean up.',
  );
  void vscode.window.showWarningMessage(text, manage).then((choice) => {
    if (choice === manage) {
      void vscode.commands.executeCommand('workbench.trust.manage');
    }
  });
  throw new CancelledError();
}

async function start(
  app: App,
  plan: LaunchPlan,
  options: LaunchOptions,
): Promise<Run> {
  const { launcher } = await app.engine();
  try {
    return await launcher.launch(plan, options);
  } catch (error) {
    if (!(error instanceof ExistsError) || error.code !== 'directory-busy') {
      throw error;
    }
    await confirmShared(error);
    const shared = { ...plan, spec: { ...plan.spec, sharedDirectory: true } };
    return launcher.launch(shared, options);
  }
}

async function confirmShared(error: ExistsError): Promise<void> {
  const anyway = l10n.t('Run Anyway');
  const choice = await vscode.window.showWarningMessage(
    error.message,
    {
      modal: true,
      detail: l10n.t('Two runs in one directory may overwrite each other’s checkpoints.'),
    },
    anyway,
  );
  if (choice !== anyway) {
    throw new CancelledError();
  }
}

// Nothing of a run is lost, but its next run does not see it.
function tellMoved(app: App, run: Run, moved: readonly MovedFile[]): void {
  for (const { path, backup, why } of moved) {
    app.logger.warn(`${run.id}: ${path} was changed on ${run.machine} (${why}), kept as ${backup}`);
  }
  const [first] = moved;
  if (first === undefined) {
    return;
  }
  const text =
    moved.length === 1
      ? l10n.t('{0} had been changed on {1}. It was replaced; that version is kept there as {2}.', first.path, run.machine, first.backup)
      : l10n.t('{0} files had been changed on {1}. They were replaced; those versions are kept there, the first as {2}.', moved.length, run.machine, first.backup);
  void vscode.window.showWarningMessage(text);
}

type Progressing = Required<Pick<LaunchOptions, 'onProgress'>>['onProgress'];

function withProgress<T>(
  plan: LaunchPlan,
  action: (signal: AbortSignal, onProgress: Progressing) => Promise<T>,
): Thenable<T> {
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: l10n.t('Starting {0}', plan.name),
      cancellable: true,
    },
    (progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      const began = performance.now();
      const results = resultsRow(plan, plan.machine);
      if (results !== null) {
        progress.report({ message: `${results.label}: ${results.text}` });
      }
      return action(abort.signal, (sent) => {
        progress.report({ message: transferText(sent, performance.now() - began) });
      });
    },
  );
}
