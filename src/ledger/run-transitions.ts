import { previousStates } from '../core/model/run-states.ts';
import { isActive, type Run, type RunState } from '../core/model/run.ts';
import { ZERO_DOLLARS } from '../core/money.ts';
import type { WriteOptions } from './database.ts';
import type { WriteHandle } from './handle.ts';
import { settleLaunch } from './intents.ts';
import { enterState, type StateChange } from './intervals.ts';
import { appendEvent } from './run-events.ts';
import { roundedOrNull } from './run-row.ts';

/** A new state of a run with what came with it. */
export interface RunChange {
  readonly state: RunState;
  /** Why, for people; translated. */
  readonly reason: string;
  /** `null` leaves it as it is. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly exitCode: number | null;
  readonly signal: number | null;
}

/** Conditions of a transition. */
export interface TransitionOptions extends WriteOptions {
  /** States it may come from; those that can lead there unless told. */
  readonly from?: readonly RunState[];
}

/** A change as `applyChange` wants it. */
export interface TimedChange extends RunChange {
  readonly at: number;
  readonly from: readonly RunState[] | undefined;
}

/**
 * Moves a run to another state inside a write.
 *
 * @param handle - the open transaction
 * @param run - as stored
 * @param change - the new state
 * @returns false when the present state does not allow it
 */
export function applyChange(handle: WriteHandle, run: Run, change: TimedChange): boolean {
  if (!(change.from ?? previousStates(change.state)).includes(run.state)) {
    return false;
  }
  const since = effectiveTime(run, change);
  handle.run(
    `UPDATE runs SET state = ?, state_since = ?, state_reason = ?,
       started_at = coalesce(?, started_at), ended_at = ?, exit_code = ?, signal = ?
     WHERE id = ?`,
    change.state,
    change.state === run.state ? run.stateSince : since,
    change.reason,
    roundedOrNull(change.startedAt),
    roundedOrNull(change.endedAt),
    change.exitCode,
    change.signal,
    run.id,
  );
  if (run.state === 'queued') {
    // Whoever learns of it, and whoever crashes next: run and wish agree.
    const never = change.state === 'failed' && change.startedAt === null;
    settleLaunch(handle, `run:${run.id}`, never ? 'failed' : 'done', change.at);
  }
  appendEvent(handle, {
    runId: run.id,
    kind: 'state',
    at: since,
    data: {
      from: run.state,
      to: change.state,
      reason: change.reason,
      exitCode: change.exitCode,
      signal: change.signal,
    },
  });
  enterState(handle, {
    subject: `run:${run.id}`,
    state: change.state,
    at: since,
    rate: rateIn({ ...run, state: change.state }),
  });
  return true;
}

/**
 * What a run's machine costs on behalf of the run.
 *
 * @param run - with its state
 * @returns its rate while active, nothing after its end, unknown when lost
 */
export function rateIn(run: Pick<Run, 'rate' | 'state'>): StateChange['rate'] {
  if (isActive(run)) {
    return run.rate;
  }
  return run.state === 'lost' ? null : ZERO_DOLLARS;
}

// A change can be noticed long after it happened (the editor was closed), and
// the machine's clock tells when; it may also be wrong, hence the bounds.
function effectiveTime(run: Run, change: TimedChange): number {
  const begins = run.startedAt === null && isActive({ state: change.state });
  const told = change.endedAt ?? (begins ? change.startedAt : null) ?? change.at;
  return Math.round(Math.max(run.stateSince, Math.min(told, change.at)));
}
