import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { isLive } from '../../checkpoints/overwritten.ts';
import { CancelledError, NotFoundError, RunError } from '../../core/errors.ts';
import { shortRunId } from '../../core/ids.ts';
import { isActive } from '../../core/model/run.ts';
import { validateRunName } from '../../core/validation.ts';
import type { RunView } from '../../resources/account-snapshot.ts';
import { COMMIT_ONLY } from '../../training/commit-only.ts';
import type { App } from '../app.ts';
import { safeName } from '../document-texts.ts';
import { showDocument } from '../documents.ts';
import { launchPlan, requireTrust } from '../launch/launch-plan-ui.ts';
import { problemOf } from '../problem-of.ts';
import { comparableText } from '../runs/compare-text.ts';
import { runDetailsText } from '../runs/run-details-text.ts';
import { adoptRun } from './adopt-run.ts';
import { checkpointOf, runIdsOf } from './arguments.ts';
import { confirm } from './confirm.ts';
import { extendRun } from './extend-run.ts';
import { COMMANDS } from './ids.ts';
import { compareMany, deleteMany, stopMany } from './many-runs.ts';
import { deleteQuestion } from './many-texts.ts';
import { pickCheckpoint } from './pick-checkpoint.ts';
import { pickRun, runItem } from './pick-run.ts';
import type { CommandTable } from './register.ts';
import { askForResults } from './results-question.ts';
import { saveAgain } from './save-again.ts';

type RunCommands = Pick<
  CommandTable,
  | typeof COMMANDS.stopRun
  | typeof COMMANDS.killRun
  | typeof COMMANDS.extendRun
  | typeof COMMANDS.saveAgain
  | typeof COMMANDS.adoptRun
  | typeof COMMANDS.endLeftovers
  | typeof COMMANDS.resumeRun
  | typeof COMMANDS.runAgain
  | typeof COMMANDS.resumeFromCheckpoint
  | typeof COMMANDS.showRunDetails
  | typeof COMMANDS.showRunCode
  | typeof COMMANDS.renameRun
  | typeof COMMANDS.annotateRun
  | typeof COMMANDS.deleteRun
  | typeof COMMANDS.forgetRun
  | typeof COMMANDS.compareRuns
>;

/**
 * What users do to runs.
 *
 * @param app - the window's parts
 * @returns handlers by command id
 */
export function runCommands(app: App): RunCommands {
  return {
    [COMMANDS.stopRun]: (argument, selected) => stop(app, argument, selected),
    [COMMANDS.killRun]: (argument, selected) => stop(app, argument, selected, 0),
    [COMMANDS.extendRun]: (argument) => extendRun(app, argument),
    [COMMANDS.saveAgain]: (argument) => saveAgain(app, argument),
    [COMMANDS.adoptRun]: (argument) => adoptRun(app, argument),
    [COMMANDS.endLeftovers]: (argument) => endLeftovers(app, argument),
    [COMMANDS.resumeRun]: (argument) => resume(app, argument),
    [COMMANDS.runAgain]: (argument) => runAgain(app, argument),
    [COMMANDS.resumeFromCheckpoint]: (argument, except) => resumeFrom(app, argument, except),
    [COMMANDS.showRunDetails]: (argument) => showDetails(app, argument),
    [COMMANDS.showRunCode]: (argument, how) => showCode(app, argument, how === COMMIT_ONLY),
    [COMMANDS.renameRun]: (argument) => rename(app, argument),
    [COMMANDS.annotateRun]: (argument) => annotate(app, argument),
    [COMMANDS.deleteRun]: (argument, selected) => remove(app, argument, selected),
    [COMMANDS.forgetRun]: (argument) => forgetRun(app, argument),
    [COMMANDS.compareRuns]: (argument, selected) => compare(app, argument, selected),
  };
}

async function stop(
  app: App,
  argument: unknown,
  selected: unknown,
  grace?: number,
): Promise<void> {
  const ids = runIdsOf(argument, selected);
  if (ids.length > 1) {
    await stopMany(app, ids, grace);
    return;
  }
  const engine = await app.engine();
  const { run } = await pickRun(argument, engine.inventory.snapshot(), {
    title: l10n.t('Stop which run?'),
    accepts: (view) => isActive(view.run),
    none: l10n.t('No run is active'),
  });
  await engine.found.agree(run, 'stop');
  await engine.inventory.whileBusy(run.id, l10n.t('stopping…'), () =>
    engine.control.stop(run.id, grace),
  );
}

// A run may leave processes behind on purpose; its row tells, and this ends them.
async function endLeftovers(app: App, argument: unknown): Promise<void> {
  const { control } = await app.engine();
  const { run } = await pickAny(app, argument, l10n.t('End leftover processes of which run?'));
  await control.stop(run.id, 0);
  void vscode.window.showInformationMessage(
    l10n.t('Nothing that {0} started is running any more', run.name),
  );
}

async function resume(app: App, argument: unknown): Promise<unknown> {
  const engine = await app.engine();
  const view = await pickResumable(app, argument);
  return launchPlan(app, await engine.launcher.planResume(view));
}

async function runAgain(app: App, argument: unknown): Promise<unknown> {
  const { inventory } = await app.engine();
  const { run } = await pickRun(argument, inventory.snapshot(), {
    title: l10n.t('Run which one again?'),
    accepts: (view) => !isActive(view.run),
    none: l10n.t('No run has ended yet'),
  });
  const { planAgain } = await import('../late.ts');
  return launchPlan(app, planAgain(run));
}

// From a row; or, after the one first taken turned out to be of no use, from a list without it.
async function resumeFrom(app: App, argument: unknown, except: unknown): Promise<unknown> {
  const engine = await app.engine();
  const view = await pickResumable(app, argument);
  const path = checkpointOf(argument)?.path;
  const checkpoint =
    path === undefined
      ? await pickCheckpoint(view, engine.inventory.snapshot().at, except)
      : view.checkpoints.find((item) => item.path === path);
  if (checkpoint === undefined) {
    throw new NotFoundError('checkpoint-gone', l10n.t('There is no such checkpoint any more'));
  }
  return launchPlan(app, await engine.launcher.planResume(view, checkpoint));
}

async function pickResumable(app: App, argument: unknown): Promise<RunView> {
  const engine = await app.engine();
  return pickRun(argument, engine.inventory.snapshot(), {
    title: l10n.t('Resume which run?'),
    accepts: ({ run, checkpoints }) => !isActive(run) && checkpoints.some(isLive),
    none: l10n.t('No ended run has a whole checkpoint to go on from'),
  });
}

async function showDetails(app: App, argument: unknown): Promise<void> {
  const engine = await app.engine();
  const view = await pickAny(app, argument, l10n.t('Show details of which run?'));
  const events = await engine.ledger.events.list(view.run.id);
  const { run } = view;
  const text = (): string => runDetailsText(view, events, app.clock.now());
  await showDocument(app.documents.publish(`/${safeName(run.name)} ${shortRunId(run.id)}.md`, text));
}

// What changed since: the run's code is the one before, the folder's the one after.
async function showCode(app: App, argument: unknown, commitOnly: boolean): Promise<void> {
  const { code, ssh } = await app.engine();
  const { run } = await pickAny(app, argument, l10n.t('Show the code of which run?'));
  const folders = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
  const isList = run.code?.commit == null;
  const diff = isList
    ? await code.listNow(run, ssh?.reader, { folders })
    : await code.diffNow(run, { commitOnly, folders });
  if (diff === '') {
    const same = commitOnly
      ? l10n.t('The commit of {0} is the code now', run.name)
      : l10n.t('The code of {0} is the code now', run.name);
    void vscode.window.showInformationMessage(same);
    return;
  }
  const from = commitOnly ? `commit ${run.code?.commit?.slice(0, 12) ?? ''} alone` : shortRunId(run.id);
  const path = `/${safeName(run.name)} ${from} to now.${isList ? 'txt' : 'diff'}`;
  await showDocument(app.documents.publish(path, () => diff));
}

async function rename(app: App, argument: unknown): Promise<void> {
  const engine = await app.engine();
  const { run } = await pickAny(app, argument, l10n.t('Rename which run?'));
  const name = await vscode.window.showInputBox({
    title: l10n.t('Rename Run'),
    value: run.name,
    validateInput: (text) => problemOf(validateRunName, text),
  });
  if (name === undefined) {
    throw new CancelledError();
  }
  await engine.control.rename(run.id, name.trim());
}

async function annotate(app: App, argument: unknown): Promise<void> {
  const engine = await app.engine();
  const { run } = await pickAny(app, argument, l10n.t('Edit the note of which run?'));
  const note = await vscode.window.showInputBox({
    title: l10n.t('Note of {0}', run.name),
    prompt: l10n.t('What this run is about; shown in its tooltip and found by the filter'),
    value: run.note,
  });
  if (note === undefined) {
    throw new CancelledError();
  }
  await engine.control.annotate(run.id, note.trim());
}

async function remove(app: App, argument: unknown, selected: unknown): Promise<void> {
  requireTrust();
  const ids = runIdsOf(argument, selected);
  if (ids.length > 1) {
    await deleteMany(app, ids);
    return;
  }
  const engine = await app.engine();
  const view = await pickRun(argument, engine.inventory.snapshot(), {
    title: l10n.t('Delete which run?'),
    accepts: ({ run }) => !isActive(run),
    none: l10n.t('There is no ended run to delete'),
  });
  const { run } = view;
  if (isActive(run)) {
    throw new RunError('run-active', l10n.t('A run that is still active cannot be deleted'));
  }
  await confirm(deleteQuestion([view], []), l10n.t('Delete'));
  const results = await askForResults(engine.control, [run]);
  engine.found.noteAgreed([run]);
  await engine.control.delete(run.id, { results });
  app.channels.close(run.id);
}

async function forgetRun(app: App, argument: unknown): Promise<void> {
  const { control } = await app.engine();
  const { run } = await pickAny(app, argument, l10n.t('Forget which run?'));
  const detail = l10n.t('Its log, metrics and history on this computer are deleted. Whatever is left of it on its machine stays, and should it be found there again, it comes back.');
  await confirm({ question: l10n.t('Forget {0} here?', run.name), detail }, l10n.t('Forget'));
  const results = await askForResults(control, [run]);
  await control.forget(run.id, { results });
  app.channels.close(run.id);
}

async function compare(app: App, argument: unknown, selected: unknown): Promise<void> {
  const engine = await app.engine();
  const snapshot = engine.inventory.snapshot();
  if (snapshot.runs.length < 2) {
    throw new RunError('one-run', l10n.t('There must be two runs to compare'));
  }
  const ids = runIdsOf(argument, selected);
  if (ids.length > 2) {
    await compareMany(app, ids);
    return;
  }
  const [first, second] = ids;
  const left = await pickAny(app, first, l10n.t('Compare which run?'));
  const others = snapshot.runs.filter(({ run }) => run.id !== left.run.id);
  const right =
    second === undefined
      ? await pickOther(others, left, snapshot.at)
      : await pickAny(app, second, l10n.t('Compare with which run?'));
  const title = l10n.t('{0} and {1}', left.run.name, right.run.name);
  const [from, to] = await Promise.all([left, right].map((view) => publishComparable(app, view)));
  await vscode.commands.executeCommand('vscode.diff', from, to, title);
}

async function pickOther(
  views: readonly RunView[],
  left: RunView,
  now: number,
): Promise<RunView> {
  const picked = await vscode.window.showQuickPick(
    views.map((view) => runItem(view, now)),
    { title: l10n.t('Compare {0} with which run?', left.run.name), matchOnDescription: true },
  );
  if (picked === undefined) {
    throw new CancelledError();
  }
  return picked.view;
}

async function pickAny(app: App, argument: unknown, title: string): Promise<RunView> {
  const engine = await app.engine();
  return pickRun(argument, engine.inventory.snapshot(), {
    title,
    accepts: () => true,
    none: l10n.t('There are no runs yet'),
  });
}

async function publishComparable(app: App, view: RunView): Promise<vscode.Uri> {
  const { run } = view;
  const engine = await app.engine();
  const patch = await engine.code.patch(run);
  const path = `/compare/${safeName(run.name)} ${shortRunId(run.id)}.md`;
  return app.documents.publish(path, () => comparableText(view, patch));
}
