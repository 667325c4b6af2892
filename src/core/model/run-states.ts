import type { RunState } from './run.ts';

/** States a run may go to from each state. What has ended stays ended. */
export const NEXT_STATES: Readonly<Record<RunState, readonly RunState[]>> = {
  queued: ['starting', 'running', 'stopping', 'succeeded', 'failed', 'stopped', 'lost'],
  starting: ['running', 'stopping', 'succeeded', 'failed', 'stopped', 'lost'],
  running: ['stopping', 'succeeded', 'failed', 'stopped', 'lost'],
  stopping: ['succeeded', 'failed', 'stopped', 'lost'],
  // "Lost" is what we could see; a machine that answers again may know better.
  lost: ['running', 'stopping', 'succeeded', 'failed', 'stopped'],
  succeeded: [],
  failed: [],
  stopped: [],
};

/** All states of a run. */
export const RUN_STATES: readonly RunState[] = [
  'queued',
  'starting',
  'running',
  'stopping',
  'succeeded',
  'failed',
  'stopped',
  'lost',
];

/**
 * Tells from which states a run may come.
 *
 * @param state - where it goes
 * @returns the states that allow it
 */
export function previousStates(state: RunState): readonly RunState[] {
  return RUN_STATES.filter((from) => NEXT_STATES[from].includes(state));
}
