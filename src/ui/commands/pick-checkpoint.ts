import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { SeenCheckpoint } from '../../checkpoints/overwritten.ts';
import { CancelledError } from '../../core/errors.ts';
import type { RunView } from '../../resources/account-snapshot.ts';
import { checkpointChoices } from './checkpoint-choices.ts';

/**
 * Asks from which checkpoint a run goes on.
 *
 * @param view - the earlier run
 * @param now - milliseconds since the epoch
 * @param except - path of one that turned out to be of no use
 * @returns the checkpoint
 * @throws {CancelledError} when the user picks none
 * @throws {NotFoundError} when there is none to pick
 */
export async function pickCheckpoint(
  view: RunView,
  now: number,
  except: unknown,
): Promise<SeenCheckpoint> {
  const choices = checkpointChoices(view, now, typeof except === 'string' ? except : undefined);
  const picked = await vscode.window.showQuickPick(choices, {
    title: l10n.t('Resume {0} from which checkpoint?', view.run.name),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (picked === undefined) {
    throw new CancelledError();
  }
  return picked.checkpoint;
}
