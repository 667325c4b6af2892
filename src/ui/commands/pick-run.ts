import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { commandText } from '../../core/command-text.ts';
import { CancelledError, NotFoundError } from '../../core/errors.ts';
import { formatAge } from '../../core/format.ts';
import type { AccountSnapshot, RunView } from '../../resources/account-snapshot.ts';
import { runStateIcon, runStateLabel } from '../tree/run-state-icons.ts';
import { runIdOf } from './arguments.ts';

/** Which runs may be picked, and what for. */
export interface RunChoice {
  readonly title: string;
  readonly accepts: (view: RunView) => boolean;
  /** Said when no run fits. */
  readonly none: string;
}

/**
 * Finds the run a command is about, asking when the command does not say. A
 * single run that fits is taken without asking.
 *
 * @param argument - first argument of the command
 * @param snapshot - what is known
 * @param choice - which runs fit
 * @returns the run
 * @throws {CancelledError} when the user picks none
 * @throws {NotFoundError} when no run fits
 */
export async function pickRun(
  argument: unknown,
  snapshot: AccountSnapshot,
  choice: RunChoice,
): Promise<RunView> {
  const id = runIdOf(argument);
  if (id !== undefined) {
    const named = snapshot.runs.find(({ run }) => run.id === id);
    if (named === undefined) {
      throw new NotFoundError('run-not-found', l10n.t('There is no run {0} any more', id));
    }
    return named;
  }
  const fitting = snapshot.runs.filter(choice.accepts);
  const [only] = fitting;
  if (only === undefined) {
    throw new NotFoundError('no-run', choice.none);
  }
  if (fitting.length === 1) {
    return only;
  }
  const picked = await vscode.window.showQuickPick(
    fitting.map((view) => runItem(view, snapshot.at)),
    { title: choice.title, matchOnDescription: true, matchOnDetail: true },
  );
  if (picked === undefined) {
    throw new CancelledError();
  }
  return picked.view;
}

/**
 * Makes the row of a run in a pick.
 *
 * @param view - the run
 * @param now - milliseconds since the epoch
 * @returns the row, carrying the run
 */
export function runItem(
  view: RunView,
  now: number,
): vscode.QuickPickItem & { readonly view: RunView } {
  const { run } = view;
  return {
    view,
    // A name that looks like an icon must not become one.
    label: `$(${runStateIcon(run.state).name}) ${run.name.replaceAll('$(', '$\u200b(')}`,
    description: `${runStateLabel(run.state)} · ${formatAge(now - run.createdAt)}`,
    detail: commandText(run.spec.argv),
  };
}
