import type { Clock } from '../core/clock.ts';
import type { Run } from '../core/model/run.ts';
import { isActive } from '../core/model/run.ts';
import type { Guard } from '../ledger/handle.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RunStatus } from '../remote/agent/agent-answers.ts';

/** Whole seconds and the way there blur what a machine says, in milliseconds. */
const BLUR_MS = 5000;

/**
 * Reads by this host's clock when a machine ends a run.
 *
 * @param status - as the machine has it
 * @param now - milliseconds since the epoch
 * @returns ms since the epoch; `null` for never, `undefined` when an old agent does not tell
 */
export function leaseUntil(status: RunStatus, now: number): number | null | undefined {
  const { lease } = status;
  return lease == null ? lease : now + lease.left * 1000;
}

/**
 * Stores when a machine ends a run, should that have changed.
 *
 * @param ledger - the ledger
 * @param clock - source of time
 * @param run - as the ledger has it; one that has ended is left alone
 * @param status - as the machine has it
 * @param guard - refuses the write when this window no longer watches
 */
export async function noteLease(
  ledger: Ledger,
  clock: Clock,
  run: Run,
  status: RunStatus,
  guard: Guard,
): Promise<void> {
  const until = leaseUntil(status, clock.now());
  if (!isActive(run) || !isUnderWay(status) || until === undefined) {
    return;
  }
  const isSame =
    until === null || run.leaseUntil === null
      ? until === run.leaseUntil
      : Math.abs(until - run.leaseUntil) < BLUR_MS;
  if (!isSame) {
    await ledger.runs.setLease(run.id, until, { guard });
  }
}

function isUnderWay({ state }: RunStatus): boolean {
  return state === 'starting' || state === 'running' || state === 'stopping';
}
