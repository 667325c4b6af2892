import { posix } from 'node:path';
import * as l10n from '@vscode/l10n';
import { CancelledError, CleanupError } from '../core/errors.ts';
import type { Checkpoint } from '../core/model/records.ts';
import type { CheckpointFiles, RemovableEntry, RemovableFiles } from './checkpoint-files.ts';
import { SEARCH_DEPTH } from './layout.ts';
import type { RetentionPlan } from './retention.ts';
import { MAX_SIDE_BYTES, parseSide, sidePaths } from './side-facts.ts';

const DOOMED = '.runctl-deleting';

/** Why a planned checkpoint was left alone. */
export type SkipReason = 'changed' | 'gone' | 'link' | 'outside';

/** What a clean-up did. */
export interface CleanupReport {
  readonly deleted: readonly Checkpoint[];
  readonly skipped: readonly { readonly checkpoint: Checkpoint; readonly reason: SkipReason }[];
  readonly errors: readonly { readonly checkpoint: Checkpoint; readonly error: unknown }[];
  readonly bytesFreed: number;
}

/**
 * Carries a plan out. Each checkpoint is looked at right before it goes: it
 * must really lie in the directory and be exactly what was planned. It is
 * renamed first, so that nobody resumes from one that is half deleted, and
 * looked at once more under its new name, which no writer knows.
 *
 * @param files - the machine's files
 * @param directory - absolute checkpoint directory the plan was made for
 * @param plan - what to remove
 * @param signal - stops before the next checkpoint
 * @returns what was deleted, skipped and failed
 * @throws {CleanupError} when everything failed
 * @throws {CancelledError} when stopped before anything was deleted
 */
export async function cleanUpCheckpoints(
  files: CheckpointFiles & RemovableFiles,
  directory: string,
  plan: RetentionPlan,
  signal?: AbortSignal,
): Promise<CleanupReport> {
  const deleted: Checkpoint[] = [];
  const skipped: { checkpoint: Checkpoint; reason: SkipReason }[] = [];
  const errors: { checkpoint: Checkpoint; error: unknown }[] = [];
  const root = await files.inspect(directory);
  await sweepLeftovers(files, directory);
  const staying = [...plan.keep.map(({ checkpoint }) => checkpoint.path), ...(plan.others ?? [])];
  const kept = new Set(staying.flatMap(sidePaths));
  for (const checkpoint of plan.remove) {
    if (signal?.aborted) {
      break;
    }
    try {
      const reason = root === null ? 'gone' : await removeOne(files, root.realPath, checkpoint);
      if (reason === null) {
        deleted.push(checkpoint);
        await removeSides(files, checkpoint, kept);
      } else {
        skipped.push({ checkpoint, reason });
      }
    } catch (error) {
      errors.push({ checkpoint, error });
    }
  }
  if (signal?.aborted && deleted.length === 0) {
    throw new CancelledError();
  }
  if (errors.length > 0 && deleted.length === 0) {
    throw nothingDone(directory, errors);
  }
  const bytesFreed = deleted.reduce((total, checkpoint) => total + checkpoint.size, 0);
  return { deleted, skipped, errors, bytesFreed };
}

// Renamed by an earlier clean-up that was cut off: hidden from people, yet using the disk.
async function sweepLeftovers(
  files: CheckpointFiles & RemovableFiles,
  directory: string,
): Promise<void> {
  for (const { path, kind } of await files.list(directory, SEARCH_DEPTH)) {
    const name = posix.basename(path);
    if (kind !== 'other' && name.startsWith('.') && name.endsWith(DOOMED)) {
      await files.remove(posix.join(directory, path));
    }
  }
}

async function removeOne(
  files: RemovableFiles,
  root: string,
  checkpoint: Checkpoint,
): Promise<SkipReason | null> {
  const { path } = checkpoint;
  const reason = objection(await files.inspect(path), root, checkpoint);
  if (reason !== null) {
    return reason;
  }
  const doomed = posix.join(posix.dirname(path), `.${posix.basename(path)}${DOOMED}`);
  await files.rename(path, doomed);
  const late = objection(await files.inspect(doomed), root, checkpoint);
  if (late !== null) {
    await files.rename(doomed, path);
    return late;
  }
  await files.remove(doomed);
  return null;
}

function objection(
  entry: RemovableEntry | null,
  root: string,
  checkpoint: Checkpoint,
): SkipReason | null {
  if (entry === null) {
    return 'gone';
  }
  if (entry.kind !== checkpoint.kind) {
    return entry.kind === 'other' ? 'link' : 'changed';
  }
  if (!entry.realPath.startsWith(root.endsWith('/') ? root : `${root}/`)) {
    return 'outside';
  }
  const same = entry.size === checkpoint.size && entry.modifiedAt === checkpoint.modifiedAt;
  return same ? null : 'changed';
}

// Only JSON that speaks of a checkpoint, and of no other that stays.
async function removeSides(
  files: CheckpointFiles & RemovableFiles,
  checkpoint: Checkpoint,
  kept: ReadonlySet<string>,
): Promise<void> {
  for (const side of sidePaths(checkpoint.path)) {
    const text = kept.has(side) ? null : await files.readText(side, MAX_SIDE_BYTES);
    if (text !== null && parseSide(text, checkpoint.path).facts !== null) {
      await files.remove(side);
    }
  }
}

function nothingDone(
  directory: string,
  errors: readonly { readonly checkpoint: Checkpoint; readonly error: unknown }[],
): CleanupError {
  return new CleanupError(
    'nothing-deleted',
    errors.length === 1
      ? l10n.t('The checkpoint in {0} could not be deleted.', directory)
      : l10n.t('None of {0} checkpoints in {1} could be deleted.', errors.length, directory),
    {
      cause: errors[0]?.error,
      steps: [l10n.t('Check that you may write in the directory, then clean up again.')],
      details: { paths: errors.map(({ checkpoint }) => checkpoint.path) },
    },
  );
}
