import { posix } from 'node:path';
import * as l10n from '@vscode/l10n';
import { ValidationError } from '../core/errors.ts';
import type { Checkpoint } from '../core/model/records.ts';
import { newestFirst } from './marks.ts';

/** What a clean-up leaves. */
export interface RetentionPolicy {
  /** How many of the newest complete ones stay; a whole number, at least 1. */
  readonly keepLast: number;
  readonly keepBest: boolean;
  readonly keepFinal: boolean;
}

/** What no policy may remove. */
export interface RetentionGuards {
  /** Absolute paths from which any run went on. */
  readonly resumedFrom: readonly string[];
  /** Absolute paths the user protected. */
  readonly protectedPaths: readonly string[];
  /** Absolute paths of the checkpoints of other active runs. */
  readonly inUse?: readonly string[];
}

/** Why a checkpoint stays; the strongest reason when there are several. */
export type KeepReason =
  | 'incomplete'
  | 'protected'
  | 'resumed-from'
  | 'in-use'
  | 'best'
  | 'final'
  | 'newest';

/** What would happen; nothing has yet. */
export interface RetentionPlan {
  readonly keep: readonly { readonly checkpoint: Checkpoint; readonly reason: KeepReason }[];
  /** Oldest first, so that an interrupted clean-up leaves the newer ones. */
  readonly remove: readonly Checkpoint[];
  /** What removing them frees. */
  readonly bytesFreed: number;
  /** Absolute paths of checkpoints in the same directory that the plan is not about. */
  readonly others?: readonly string[];
}

/**
 * Plans which checkpoints of one run or directory go. Pure: the plan is also the dry run.
 *
 * @param checkpoints - all of it, marked
 * @param policy - what stays
 * @param guards - what stays whatever the policy says
 * @returns every checkpoint once, either kept or removed
 * @throws {ValidationError} when the policy would keep no newest checkpoint
 */
export function planRetention(
  checkpoints: readonly Checkpoint[],
  policy: RetentionPolicy,
  guards: RetentionGuards,
): RetentionPlan {
  if (!Number.isInteger(policy.keepLast) || policy.keepLast < 1) {
    throw new ValidationError(
      'keep_last',
      l10n.t('Keep at least one checkpoint: {0} is no whole number from 1.', policy.keepLast),
    );
  }
  const ordered = [...checkpoints].sort(newestFirst(checkpoints));
  const complete = ordered.filter((checkpoint) => checkpoint.complete);
  const newest = new Set(complete.slice(0, policy.keepLast));
  const keep: { checkpoint: Checkpoint; reason: KeepReason }[] = [];
  const remove: Checkpoint[] = [];
  for (const checkpoint of ordered) {
    const reason = guardOf(checkpoint, guards) ?? wishOf(checkpoint, policy, newest);
    if (reason === null) {
      remove.unshift(checkpoint);
    } else {
      keep.push({ checkpoint, reason });
    }
  }
  const bytesFreed = remove.reduce((total, checkpoint) => total + checkpoint.size, 0);
  return { keep, remove, bytesFreed };
}

function guardOf(checkpoint: Checkpoint, guards: RetentionGuards): KeepReason | null {
  if (!checkpoint.complete) {
    return 'incomplete';
  }
  if (guards.protectedPaths.some((path) => overlaps(path, checkpoint.path))) {
    return 'protected';
  }
  if (guards.resumedFrom.some((path) => overlaps(path, checkpoint.path))) {
    return 'resumed-from';
  }
  return guards.inUse?.some((path) => overlaps(path, checkpoint.path)) === true ? 'in-use' : null;
}

function wishOf(
  checkpoint: Checkpoint,
  policy: RetentionPolicy,
  newest: ReadonlySet<Checkpoint>,
): KeepReason | null {
  if (policy.keepBest && checkpoint.marks.includes('best')) {
    return 'best';
  }
  if (policy.keepFinal && checkpoint.marks.includes('final')) {
    return 'final';
  }
  return newest.has(checkpoint) ? 'newest' : null;
}

// A file in a directory checkpoint, or a directory around it, protects it too.
function overlaps(a: string, b: string): boolean {
  const one = posix.normalize(a).replace(/\/$/, '');
  const other = posix.normalize(b).replace(/\/$/, '');
  return one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}
