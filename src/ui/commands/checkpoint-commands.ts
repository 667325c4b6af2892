import { basename } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import {
  cleanUpQuestion,
  doneText,
  nothingToCleanUp,
  planText,
  requireDeleted,
} from '../../checkpoints/cleanup-texts.ts';
import { NotFoundError } from '../../core/errors.ts';
import type { Checkpoint } from '../../core/model/records.ts';
import type { Run } from '../../core/model/run.ts';
import type { App } from '../app.ts';
import { requireTrust } from '../launch/launch-plan-ui.ts';
import { checkpointsOf } from './arguments.ts';
import { confirm } from './confirm.ts';
import { COMMANDS } from './ids.ts';
import { deleteCheckpointsQuestion } from './many-texts.ts';
import { forAll, requireAllDone } from './many.ts';
import { pickRun } from './pick-run.ts';
import type { CommandTable } from './register.ts';

type CheckpointCommands = Pick<
  CommandTable,
  | typeof COMMANDS.revealCheckpoint
  | typeof COMMANDS.downloadCheckpoint
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
      const [found] = await find(app, argument, undefined);
      await vscode.commands.executeCommand('revealInExplorer', vscode.Uri.file(found.checkpoint.path));
    },
    [COMMANDS.downloadCheckpoint]: async (argument) => {
      const [{ run, checkpoint }] = await find(app, argument, undefined);
      const { downloadCheckpoint } = await import('../machines/download-checkpoint.ts');
      await downloadCheckpoint(app, run, checkpoint);
    },
    [COMMANDS.copyCheckpointPath]: async (argument, selected) => {
      const found = await find(app, argument, selected);
      const paths = found.map(({ checkpoint }) => checkpoint.path);
      await vscode.env.clipboard.writeText(paths.join('\n'));
    },
    [COMMANDS.deleteCheckpoint]: (argument, selected) => deletePicked(app, argument, selected),
    [COMMANDS.cleanUpCheckpoints]: (argument) => cleanUp(app, argument),
  };
}

interface Found {
  readonly run: Run;
  readonly checkpoint: Checkpoint;
}

async function find(
  app: App,
  argument: unknown,
  selected: unknown,
): Promise<readonly [Found, ...Found[]]> {
  const { inventory } = await app.engine();
  const { runs } = inventory.snapshot();
  const found = checkpointsOf(argument, selected).flatMap((target): Found[] => {
    const view = runs.find(({ run }) => run.id === target.runId);
    const checkpoint = view?.checkpoints.find((item) => item.path === target.path);
    return view === undefined || checkpoint === undefined ? [] : [{ run: view.run, checkpoint }];
  });
  const [first, ...rest] = found;
  if (first === undefined) {
    throw new NotFoundError('checkpoint-gone', l10n.t('There is no such checkpoint any more'));
  }
  return [first, ...rest];
}

async function deletePicked(app: App, argument: unknown, selected: unknown): Promise<void> {
  requireTrust();
  const found = await find(app, argument, selected);
  const { checkpoints } = await app.engine();
  const deleteOne = async ({ run, checkpoint }: Found): Promise<void> => {
    const plan = await checkpoints.planOne(run, checkpoint);
    requireDeleted(await checkpoints.carryOut(run, plan));
  };
  if (found.length === 1) {
    // What cannot go is said before the question.
    await checkpoints.planOne(found[0].run, found[0].checkpoint);
  }
  await confirm(deleteCheckpointsQuestion(found.map((item) => item.checkpoint)), l10n.t('Delete'));
  requireAllDone(await forAll(found, ({ checkpoint }) => basename(checkpoint.path), deleteOne));
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
  const { detail } = deleteCheckpointsQuestion(plan.remove);
  await confirm({ question: cleanUpQuestion(plan.remove.length, run.name), detail }, l10n.t('Delete'));
  const report = await engine.checkpoints.carryOut(run, plan);
  void vscode.window.showInformationMessage(doneText(report));
}
