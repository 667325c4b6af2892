import * as l10n from '@vscode/l10n';
import { CancelledError } from './errors.ts';

/**
 * Waits for work, but no longer than until the signal is aborted, whether or
 * not the work listens to it. What the work then still returns is dropped.
 *
 * @param signal - aborted when the user gives up
 * @param work - started unless the signal is aborted already
 * @returns what the work returned; a success that came before the abort counts
 * @throws {CancelledError} when the signal is aborted
 */
export async function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) {
    throw cancelledBy(signal);
  }
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(cancelledBy(signal));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    if (onAbort !== undefined) {
      signal.removeEventListener('abort', onAbort);
    }
  }
}

/**
 * The error of a user's cancel.
 *
 * @param signal - an aborted signal
 * @returns an error whose cause is the signal's reason
 */
export function cancelledBy(signal: AbortSignal): CancelledError {
  return new CancelledError(l10n.t('Cancelled'), { cause: signal.reason });
}
