import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import {
  cleanUpQuestion,
  doneText,
  nothingToCleanUp,
  planText,
  requireDeleted,
} from '../../checkpoints/cleanup-texts.ts';
import type { RetentionPlan } from '../../checkpoints/retention.ts';
import { CancelledError, NotFoundError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format.ts';
import type { Checkpoint } from '../../core/model/records.ts';
import type { Run } from '../../core/model/run.ts';
import type { App } from '../app.ts';
import { requireTrust } from '../launch/launch-plan-ui.ts';
import { checkpointOf } from './arguments.ts';
import { COMMANDS } from './ids.ts';
import { pickRun } from './pick-run.ts';
import type { CommandTable } from './register.ts';

type CheckpointCommands = Pick<
  CommandTable,
  | typeof COMMANDS.revealCheckpoint
  | typeof COMMANDS.copyCheckpointPath
  | typeof COMMANDS.deleteCheckpoint
  | typeof COMMANDS.cleanUpCheckpoints
>;

/**
 * What users do to checkpoints.
 *
 * @param app - the window's parts
 * @returns handlers by command id
 */
export function checkpointCommands(app: App): CheckpointCommands {
  return {
    [COMMANDS.revealCheckpoint]: async (argument) => {
      const { checkpoint } = await find(app, argument);
      await vscode.commands.executeCommand('revealInExplorer', vscode.Uri.file(checkpoint.path));
    },
    [COMMANDS.copyCheckpointPath]: async (argument) => {
      const { checkpoint } = await find(app, argument);
      await vscode.env.clipboard.writeText(checkpoint.path);
    },
    [COMMANDS.deleteCheckpoint]: (argument) => deleteOne(app, argument),
    [COMMANDS.cleanUpCheckpoints]: (argument) => cleanUp(app, argument),
  };
}

async function find(
  app: App,
  argument: unknown,
): Promise<{ readonly run: Run; readonly checkpoint: Checkpoint }> {
  const target = checkpointOf(argument);
  const { inventory } = await app.engine();
  const view = inventory.snapshot().runs.find(({ run }) => run.id === target?.runId);
  const checkpoint = view?.checkpoints.find((item) => item.path === target?.path);
  if (view === undefined || checkpoint === undefined) {
    throw new NotFoundError('checkpoint-gone', l10n.t('There is no such checkpoint any more'));
  }
  return { run: view.run, checkpoint };
}

async function deleteOne(app: App, argument: unknown): Promise<void> {
  requireTrust();
  const { run, checkpoint } = await find(app, argument);
  const engine = await app.engine();
  const plan = await engine.checkpoints.planOne(run, checkpoint);
  await confirm(plan, l10n.t('Delete {0}?', checkpoint.path));
  requireDeleted(await engine.checkpoints.carryOut(run, plan));
}

async function cleanUp(app: App, argument: unknown): Promise<void> {
  requireTrust();
  const engine = await app.engine();
  const { run } = await pickRun(argument, engine.inventory.snapshot(), {
    title: l10n.t('Clean up the checkpoints of which run?'),
    accepts: ({ checkpoints }) => checkpoints.length > 0,
    none: l10n.t('No run has checkpoints'),
  });
  const plan = await engine.checkpoints.plan(run, await app.configs.retention(run));
  if (plan.remove.length === 0) {
    void vscode.window.showInformationMessage(nothingToCleanUp(plan.keep.length));
    return;
  }
  const uri = app.documents.publish(`/clean-up ${run.id}.txt`, () => planText(plan));
  await vscode.window.showTextDocument(uri, { preview: true });
  await confirm(plan, cleanUpQuestion(plan.remove.length, run.name));
  const report = await engine.checkpoints.carryOut(run, plan);
  void vscode.window.showInformationMessage(doneText(report));
}

async function confirm(plan: RetentionPlan, question: string): Promise<void> {
  const yes = l10n.t('Delete');
  const answer = await vscode.window.showWarningMessage(
    question,
    { modal: true, detail: l10n.t('This frees {0} and cannot be undone.', formatBytes(plan.bytesFreed)) },
    yes,
  );
  if (answer !== yes) {
    throw new CancelledError();
  }
}
