import * as l10n from '@vscode/l10n';
import type { Run } from '../core/model/run.ts';
import { isActive } from '../core/model/run.ts';
import type { WriteOptions } from '../ledger/database.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RunTransition } from './run-transition.ts';

/**
 * Stores a change of a run at the time the machine gives for it, so that what
 * happened while no window was open costs what it cost. A run first seen when
 * it had already ended passes through `running`.
 *
 * @param ledger - the ledger
 * @param run - as the ledger has it
 * @param transition - the change
 * @param now - milliseconds since the epoch
 * @param options - guard of the watching window
 * @returns false when its present state does not allow it
 */
export async function recordTransition(
  ledger: Ledger,
  run: Run,
  transition: RunTransition,
  now: number,
  options: Pick<WriteOptions, 'guard'> = {},
): Promise<boolean> {
  const { startedAt, endedAt } = transition;
  let since = run.stateSince;
  const within = (at: number | null): number => Math.min(now, Math.max(since, at ?? now));
  const unseenStart = run.state === 'queued' && startedAt !== null && !isActive(transition);
  if (unseenStart) {
    const started = { ...transition, state: 'running', endedAt: null } as const;
    const reason = l10n.t('Running');
    const at = within(startedAt);
    await ledger.runs.transition(run.id, { ...started, reason, exitCode: null, signal: null }, at, {
      ...options,
    });
    since = at;
  }
  const began = transition.state === 'starting' || transition.state === 'running';
  return ledger.runs.transition(run.id, transition, within(began ? startedAt : endedAt), options);
}
