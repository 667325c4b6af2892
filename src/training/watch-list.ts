import type { Run } from '../core/model/run.ts';
import { isActive } from '../core/model/run.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isUnfinished } from './after/after-state.ts';

/** Runs that want to be looked at, of one machine or of all. */
export interface WatchList {
  readonly active: readonly Run[];
  /** The machine may know better by now. */
  readonly lost: readonly Run[];
  /** Ended or lost, with checkpoints not known to be whole. */
  readonly unsettled: readonly Run[];
  /** Ended or lost, with results on their way. */
  readonly unsaved: readonly Run[];
}

/** Nothing to look at. */
export const NO_RUNS: WatchList = { active: [], lost: [], unsettled: [], unsaved: [] };

/** Runs among which those past are looked for. */
const NEWEST_RUNS = 50;
/** How long a run past is of interest, in milliseconds. */
const RECENT_MS = 7 * 24 * 3_600_000;

/**
 * Reads which runs are past but not settled.
 *
 * @param ledger - knows them
 * @param now - milliseconds since the epoch
 * @param isFirst - true takes in what was lost long ago, too
 * @returns them, newest first
 */
export async function pastRuns(ledger: Ledger, now: number, isFirst: boolean): Promise<WatchList> {
  const newest = await ledger.runs.list({ limit: NEWEST_RUNS });
  const partial = new Set(await ledger.checkpoints.partial(NEWEST_RUNS));
  const isRecent = (run: Run): boolean => now - run.stateSince < RECENT_MS;
  return {
    active: [],
    lost: newest.filter((run) => run.state === 'lost' && (isFirst || isRecent(run))),
    unsettled: newest.filter((run) => !isActive(run) && isRecent(run) && partial.has(run.id)),
    unsaved: newest.filter((run) => isUnfinished(run) && isRecent(run)),
  };
}

/**
 * Splits a list.
 *
 * @param list - runs of all machines
 * @returns one list for each machine that has a run in it, by `provider/machine`
 */
export function byMachine(list: WatchList): ReadonlyMap<string, WatchList> {
  const active = Map.groupBy(list.active, machineKey);
  const lost = Map.groupBy(list.lost, machineKey);
  const unsettled = Map.groupBy(list.unsettled, machineKey);
  const unsaved = Map.groupBy(list.unsaved, machineKey);
  const keys = new Set([active, lost, unsettled, unsaved].flatMap((map) => [...map.keys()]));
  return new Map(
    [...keys].map((key) => [
      key,
      {
        active: active.get(key) ?? [],
        lost: lost.get(key) ?? [],
        unsettled: unsettled.get(key) ?? [],
        unsaved: unsaved.get(key) ?? [],
      },
    ]),
  );
}

/**
 * Finds the runs that have come, or are in another state than they were.
 *
 * @param before - active runs of an earlier look
 * @param now - active runs
 * @returns those for which a look before its time may find something
 */
export function newsIn(before: readonly Run[], now: readonly Run[]): readonly Run[] {
  const states = new Map(before.map(({ id, state }) => [id, state]));
  return now.filter(({ id, state }) => states.get(id) !== state);
}

function machineKey(run: Run): string {
  return `${run.provider}/${run.machine}`;
}
