import type { RunId } from '../core/ids.ts';
import type { Checkpoint } from '../core/model/records.ts';
import type { Run } from '../core/model/run.ts';
import { isActive } from '../core/model/run.ts';
import { newestFirst } from './marks.ts';

/** A checkpoint as seen beside those of all other runs. */
export interface SeenCheckpoint extends Checkpoint {
  /** The run that has written over it since; absent when none is known to have. */
  readonly overwrittenBy?: Overwriter;
}

/** Whose content a path has now. */
export interface Overwriter {
  readonly runId: RunId;
  readonly name: string;
}

/** A run with what was found of its checkpoints. */
export interface CheckpointOwner {
  readonly run: Pick<Run, 'id' | 'name' | 'provider' | 'machine' | 'state' | 'createdAt'>;
  readonly checkpoints: readonly SeenCheckpoint[];
}

/**
 * Tells whether a run can go on from a checkpoint, as far as it is known.
 *
 * @param checkpoint - any
 * @returns true when it is whole and still the run's own
 */
export function isLive(checkpoint: SeenCheckpoint): boolean {
  return checkpoint.complete && checkpoint.overwrittenBy === undefined;
}

/**
 * Leaves out what other runs have written over.
 *
 * @param checkpoints - of one run
 * @returns those that are still the run's own, in the same order
 */
export function ownCheckpoints<T extends SeenCheckpoint>(checkpoints: readonly T[]): readonly T[] {
  return checkpoints.filter(({ overwrittenBy }) => overwrittenBy === undefined);
}

/**
 * Marks the checkpoints of ended runs that a run in the same place has written
 * over since: the same path with a later time, or of that time another size.
 * They are neither newest nor best any more; the newest of the rest takes
 * their mark.
 *
 * @param owners - all runs, in any order
 * @returns the same runs in the same order; untouched ones are the same objects
 */
export function markOverwritten<T extends CheckpointOwner>(owners: readonly T[]): readonly T[] {
  const holders = holdersOf(owners);
  return owners.map((owner) => {
    const held = holders.get(placeOf(owner.run));
    if (held === undefined || isActive(owner.run)) {
      return owner;
    }
    const marked = owner.checkpoints.map((item) => {
      const holder = held.get(item.path);
      return holder === undefined || holder.run === owner.run || !isOver(holder, item, owner.run)
        ? item
        : { ...item, marks: [], overwrittenBy: { runId: holder.run.id, name: holder.run.name } };
    });
    const touched = marked.some((item, index) => item !== owner.checkpoints[index]);
    return touched ? { ...owner, checkpoints: withNewest(marked) } : owner;
  });
}

interface Holder {
  readonly run: CheckpointOwner['run'];
  readonly checkpoint: Checkpoint;
}

// By machine and path: whose content it is.
function holdersOf(owners: readonly CheckpointOwner[]): Map<string, Map<string, Holder>> {
  const holders = new Map<string, Map<string, Holder>>();
  for (const { run, checkpoints } of owners) {
    if (checkpoints.length > 0) {
      const held = holders.get(placeOf(run)) ?? new Map<string, Holder>();
      holders.set(placeOf(run), held);
      for (const checkpoint of checkpoints) {
        const holder = held.get(checkpoint.path);
        if (holder === undefined || isOver({ run, checkpoint }, holder.checkpoint, holder.run)) {
          held.set(checkpoint.path, { run, checkpoint });
        }
      }
    }
  }
  return holders;
}

function placeOf({ provider, machine }: CheckpointOwner['run']): string {
  return `${provider}:${machine}`;
}

// Runs that share a directory see one and the same file: nobody wrote over it.
function isOver(holder: Holder, other: Checkpoint, run: CheckpointOwner['run']): boolean {
  const { modifiedAt, size } = holder.checkpoint;
  return modifiedAt === other.modifiedAt
    ? size !== other.size && holder.run.createdAt > run.createdAt
    : modifiedAt > other.modifiedAt;
}

function withNewest(checkpoints: readonly SeenCheckpoint[]): readonly SeenCheckpoint[] {
  const live = checkpoints.filter(isLive);
  if (live.some(({ marks }) => marks.includes('newest'))) {
    return checkpoints;
  }
  const [newest] = [...live].sort(newestFirst(live));
  return checkpoints.map((item) =>
    item === newest ? { ...item, marks: ['newest', ...item.marks] } : item,
  );
}
