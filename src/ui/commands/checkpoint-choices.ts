import * as l10n from '@vscode/l10n';
import { newestFirst } from '../../checkpoints/marks.ts';
import type { SeenCheckpoint } from '../../checkpoints/overwritten.ts';
import { isLive } from '../../checkpoints/overwritten.ts';
import { writtenAt } from '../../checkpoints/written-at.ts';
import { NotFoundError } from '../../core/errors.ts';
import { formatAge, formatBytes } from '../../core/format.ts';
import type { RunView } from '../../resources/account-snapshot.ts';

/** A row of the list of checkpoints a run can go on from. */
export interface CheckpointChoice {
  readonly label: string;
  readonly description: string;
  /** Absolute path. */
  readonly detail: string;
  readonly checkpoint: SeenCheckpoint;
}

/**
 * Lists what a run can go on from.
 *
 * @param view - the earlier run
 * @param now - milliseconds since the epoch
 * @param except - path of one that turned out to be of no use
 * @returns newest first, never empty
 * @throws {NotFoundError} when there is none
 */
export function checkpointChoices(
  view: RunView,
  now: number,
  except: string | undefined,
): readonly CheckpointChoice[] {
  const live = view.checkpoints.filter((item) => isLive(item) && item.path !== except);
  if (live.length === 0) {
    throw new NotFoundError(
      'no-checkpoint',
      l10n.t('{0} has no other whole checkpoint to go on from', view.run.name),
    );
  }
  return [...live].sort(newestFirst(live)).map((checkpoint) => ({
    label: checkpoint.path.split(/[\\/]/).at(-1) ?? checkpoint.path,
    description: [
      ...(checkpoint.step === null ? [] : [l10n.t('step {0}', checkpoint.step)]),
      formatBytes(checkpoint.size),
      formatAge(now - writtenAt(checkpoint)),
    ].join(' · '),
    detail: checkpoint.path,
    checkpoint,
  }));
}
