import type { Clock } from '../core/clock.ts';
import type { Run } from '../core/model/run.ts';
import type { Guard } from '../ledger/handle.ts';
import type { Ledger } from '../ledger/ledger.ts';

/**
 * Says of a run under way why its state is not certain, or that it is again.
 * Its state stays: what cannot be seen has neither ended nor gone.
 *
 * @param ledger - the ledger
 * @param clock - source of time
 * @param run - as the ledger has it; one waiting to start or ended is left alone
 * @param reason - for people
 * @param guard - refuses the write when this window no longer watches
 * @returns when it is stored
 */
export async function noteReason(
  ledger: Ledger,
  clock: Clock,
  run: Run,
  reason: string,
  guard: Guard,
): Promise<void> {
  const { state } = run;
  const isUnderWay = state === 'starting' || state === 'running' || state === 'stopping';
  if (!isUnderWay || run.stateReason === reason) {
    return;
  }
  const same = { startedAt: null, endedAt: null, exitCode: null, signal: null };
  await ledger.runs.transition(run.id, { ...same, state, reason }, clock.now(), {
    guard,
    from: [state],
  });
}
