import * as l10n from '@vscode/l10n';
import type { Run } from '../core/model/run.ts';
import type { RunEndMessage } from './settings.ts';

/** What is told of the end of a run. */
export interface EndMessage {
  readonly severity: 'information' | 'warning';
  readonly text: string;
}

/**
 * Decides whether the end of a run is told, and how.
 *
 * @param run - as stored
 * @param when - the user's setting
 * @param focused - whether the user is at this window
 * @param asked - whether somebody here asked for its stop; its lease may have ended it, too
 * @returns the message, or `null` when the user knows or does not want it
 */
export function runEndMessage(
  run: Run,
  when: RunEndMessage,
  focused: boolean,
  asked: boolean,
): EndMessage | null {
  const wanted = when === 'always' || (when === 'unfocused' && !focused);
  // What the user just stopped needs no telling.
  if (!wanted || (run.state === 'stopped' && asked)) {
    return null;
  }
  return {
    severity: run.state === 'succeeded' ? 'information' : 'warning',
    text: l10n.t('{0}: {1}', run.name, run.stateReason),
  };
}
