import * as l10n from '@vscode/l10n';
import { RunError } from '../../core/errors.ts';
import { isActive } from '../../core/model/run.ts';
import type { RunView } from '../../resources/account-snapshot.ts';
import type { App } from '../app.ts';
import { safeName } from '../document-texts.ts';
import { showDocument } from '../documents.ts';
import { compareTable } from '../runs/compare-table.ts';
import { confirm } from './confirm.ts';
import { deleteQuestion, stopQuestion } from './many-texts.ts';
import { forAll, requireAllDone } from './many.ts';
import { askForResults } from './results-question.ts';

/**
 * Stops those of several runs that are not over, after one question.
 *
 * @param app - the window's parts
 * @param ids - the selected runs
 * @param grace - 0 ends them now; each run's own grace unless told
 */
export async function stopMany(app: App, ids: readonly string[], grace?: number): Promise<void> {
  const { inventory, control, found } = await app.engine();
  // A lost run may still be at work, and a stop ends it then.
  const views = viewsOf(inventory.snapshot().runs, ids).filter(
    ({ run }) => isActive(run) || run.state === 'lost',
  );
  if (views.length === 0) {
    throw new RunError('none-active', l10n.t('None of the selected runs is active'));
  }
  const yes = grace === 0 ? l10n.t('End Now') : l10n.t('Stop');
  await confirm(stopQuestion(views, grace === 0), yes);
  found.noteAgreed(views.map(({ run }) => run));
  requireAllDone(
    await forAll(views, nameOf, ({ run }) =>
      inventory.whileBusy(run.id, l10n.t('stopping…'), () => control.stop(run.id, grace)),
    ),
  );
}

/**
 * Deletes those of several runs that have ended, after one question.
 *
 * @param app - the window's parts
 * @param ids - the selected runs
 */
export async function deleteMany(app: App, ids: readonly string[]): Promise<void> {
  const { inventory, control, found } = await app.engine();
  const views = viewsOf(inventory.snapshot().runs, ids);
  const active = views.filter(({ run }) => isActive(run));
  const ended = views.filter(({ run }) => !isActive(run));
  if (ended.length === 0) {
    throw new RunError('run-active', l10n.t('The selected runs are still active; stop them first'));
  }
  await confirm(deleteQuestion(ended, active), l10n.t('Delete'));
  const results = await askForResults(control, ended.map(({ run }) => run));
  found.noteAgreed(ended.map(({ run }) => run));
  requireAllDone(
    await forAll(ended, nameOf, async ({ run }) => {
      await control.delete(run.id, { results });
      app.channels.close(run.id);
    }),
  );
}

/**
 * Shows several runs side by side as a table.
 *
 * @param app - the window's parts
 * @param ids - the selected runs
 */
export async function compareMany(app: App, ids: readonly string[]): Promise<void> {
  const { inventory } = await app.engine();
  const views = viewsOf(inventory.snapshot().runs, ids);
  // Markdown would be wrapped, and a table with it.
  const path = `/${safeName(l10n.t('Comparison of {0} runs', views.length))}.txt`;
  await showDocument(app.documents.publish(path, () => compareTable(views)));
}

function viewsOf(runs: readonly RunView[], ids: readonly string[]): readonly RunView[] {
  const wanted = new Set(ids);
  return runs.filter(({ run }) => wanted.has(run.id));
}

function nameOf({ run }: RunView): string {
  return run.name;
}
