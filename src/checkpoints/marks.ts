import type { Checkpoint, CheckpointMark } from '../core/model/records.ts';

/** Which checkpoint is best. */
export interface BestRule {
  /** A name in the side JSON, or `loss`. */
  readonly metric: string;
  readonly mode: 'min' | 'max';
}

/** A checkpoint with what its name and side JSON say, before it is marked. */
export interface MarkableCheckpoint extends Omit<Checkpoint, 'marks'> {
  readonly metrics: Readonly<Record<string, number>>;
  /** Said to be best by its side JSON. */
  readonly declaredBest: boolean;
  /** Said to be best by its name. */
  readonly namedBest: boolean;
  /** Said to be final by its name or side JSON. */
  readonly final: boolean;
}

/**
 * Marks checkpoints among their fellows. Only complete ones are marked, each
 * of `newest` and `best` at most once.
 *
 * @param checkpoints - all of one run or directory, in any order
 * @param best - the user's rule; `null` leaves it to names, then to the lowest loss
 * @returns newest first, marked
 */
export function markCheckpoints<T extends MarkableCheckpoint>(
  checkpoints: readonly T[],
  best: BestRule | null = null,
): (T & { readonly marks: readonly CheckpointMark[] })[] {
  const ordered = [...checkpoints].sort(newestFirst(checkpoints));
  const complete = ordered.filter((checkpoint) => checkpoint.complete);
  const newest = complete[0];
  const winner = bestOf(complete, best);
  return ordered.map((checkpoint) => {
    const marks: CheckpointMark[] = [];
    if (checkpoint === newest) {
      marks.push('newest');
    }
    if (checkpoint === winner) {
      marks.push('best');
    }
    if (checkpoint.complete && checkpoint.final) {
      marks.push('final');
    }
    return { ...checkpoint, marks };
  });
}

/**
 * The order of a list of checkpoints. Steps count when every one has a step,
 * then epochs; a mixed list goes by time, or the order would not be one.
 *
 * @param checkpoints - the whole list
 * @returns a comparator that puts the newest first
 */
export function newestFirst(
  checkpoints: readonly Pick<Checkpoint, 'step' | 'epoch'>[],
): (
  a: Pick<Checkpoint, 'step' | 'epoch' | 'modifiedAt' | 'path'>,
  b: Pick<Checkpoint, 'step' | 'epoch' | 'modifiedAt' | 'path'>,
) => number {
  const key = (['step', 'epoch'] as const).find((name) =>
    checkpoints.every((checkpoint) => checkpoint[name] !== null),
  );
  return (a, b) => {
    const byKey = key === undefined ? 0 : (b[key] ?? 0) - (a[key] ?? 0);
    return byKey || b.modifiedAt - a.modifiedAt || (a.path < b.path ? 1 : -1);
  };
}

function bestOf<T extends MarkableCheckpoint>(
  newestFirstComplete: readonly T[],
  rule: BestRule | null,
): T | undefined {
  const byRule = rule === null ? undefined : extreme(newestFirstComplete, rule);
  return (
    byRule ??
    newestFirstComplete.find((checkpoint) => checkpoint.declaredBest) ??
    newestFirstComplete.find((checkpoint) => checkpoint.namedBest) ??
    // One loss alone is the best of nothing.
    (newestFirstComplete.filter((checkpoint) => checkpoint.loss !== null).length > 1
      ? extreme(newestFirstComplete, { metric: 'loss', mode: 'min' })
      : undefined)
  );
}

// Of equals the newest wins: it was trained longest.
function extreme<T extends MarkableCheckpoint>(
  checkpoints: readonly T[],
  rule: BestRule,
): T | undefined {
  const sign = rule.mode === 'min' ? 1 : -1;
  let winner: { readonly checkpoint: T; readonly value: number } | undefined;
  for (const checkpoint of checkpoints) {
    const value =
      checkpoint.metrics[rule.metric] ?? (rule.metric === 'loss' ? checkpoint.loss : null);
    if (value !== null && (winner === undefined || sign * (value - winner.value) < 0)) {
      winner = { checkpoint, value };
    }
  }
  return winner?.checkpoint;
}
