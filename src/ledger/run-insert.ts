import * as l10n from '@vscode/l10n';
import { ExistsError } from '../core/errors.ts';
import type { Run } from '../core/model/run.ts';
import type { WriteHandle } from './handle.ts';
import { enterState } from './intervals.ts';
import { appendEvent } from './run-events.ts';
import { insertRun } from './run-row.ts';
import { rateIn } from './run-transitions.ts';

/**
 * Adds a run with its first event and interval.
 *
 * @param handle - the open transaction
 * @param run - what to store
 * @throws {ExistsError} `run-exists` when the id is taken
 */
export function insertNew(handle: WriteHandle, run: Run): void {
  if (!insertWithHistory(handle, run)) {
    throw new ExistsError('run-exists', l10n.t('There is a run {0} already', run.id));
  }
}

/**
 * Adds a run with its first event and interval, unless the id is taken.
 *
 * @param handle - the open transaction
 * @param run - what to store
 * @returns false when a run of that id exists; it is left alone
 */
export function insertWithHistory(handle: WriteHandle, run: Run): boolean {
  if (!insertRun(handle, run)) {
    return false;
  }
  const { id, state, stateReason: reason, stateSince: at } = run;
  appendEvent(handle, { runId: id, kind: 'state', at, data: { from: null, to: state, reason } });
  enterState(handle, { subject: `run:${id}`, state, at, rate: rateIn(run) });
  return true;
}
