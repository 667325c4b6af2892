import * as l10n from '@vscode/l10n';
import type { Clock } from '../core/clock.ts';
import type { Run } from '../core/model/run.ts';
import type { Guard } from '../ledger/handle.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Machine } from '../providers/training-provider.ts';
import { runLockName } from './run-locks.ts';
import { settledStatusOf } from './run-status.ts';
import type { RunTransition } from './run-transition.ts';

/**
 * Settles a launch whose window went away between the wish and the answer,
 * when the machine knows nothing of the run: it never started. A window still
 * at it holds the run's lock, and is left alone.
 *
 * @param ledger - the ledger
 * @param clock - source of time
 * @param run - in state `queued`
 * @param machine - where it should have started
 * @param guard - refuses the write when this window no longer watches
 */
export async function settleUnstarted(
  ledger: Ledger,
  clock: Clock,
  run: Run,
  machine: Machine,
  guard: Guard,
): Promise<void> {
  await ledger.locks.tryWithLock(runLockName(run.id), async (scope) => {
    const again = await settledStatusOf(ledger, machine, run.id);
    if (again?.state !== 'missing') {
      return;
    }
    const now = clock.now();
    await ledger.runs.transition(run.id, neverStarted(now), now, {
      guard: (handle) => {
        guard(handle);
        scope.guard(handle);
      },
    });
  });
}

/**
 * What becomes of a launch that its machine was never told of.
 *
 * @param now - milliseconds since the epoch
 * @returns the change
 */
export function neverStarted(now: number): RunTransition {
  const reason = l10n.t('It never started: the window closed before the machine was told');
  const none = { startedAt: null, exitCode: null, signal: null };
  return { ...none, state: 'failed', reason, endedAt: now };
}
