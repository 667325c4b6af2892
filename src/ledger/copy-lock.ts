import * as l10n from '@vscode/l10n';
import { LedgerError, TransferError } from '../core/errors.ts';
import type { Locks } from './locks.ts';

/** Where a copy is written to. */
export interface CopyTarget {
  /** The host or machine, so that equal paths of two are told apart. */
  readonly side: string;
  /** Absolute path of the copy there. */
  readonly path: string;
}

/**
 * Copies something while no other command of any window of this host writes
 * to the same place: two writers would spoil each other's part.
 *
 * @param locks - the ledger's
 * @param target - where it is written to
 * @param copy - hears when the place was lost to another window, as after a sleep
 * @returns what the copy returned
 * @throws {TransferError} `copying` when another copy to this place is under way
 * @throws {LedgerError} `lock-lost` when the place was lost meanwhile
 */
export async function withCopyLock<T>(
  locks: Locks,
  target: CopyTarget,
  copy: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const { side, path } = target;
  try {
    return await locks.withLock(`copy:${side}:${path}`, async ({ signal }) => {
      try {
        return await copy(signal);
      } catch (error) {
        // Not the person gave it up.
        signal.throwIfAborted();
        throw error;
      }
    });
  } catch (error) {
    if (!(error instanceof LedgerError && error.code === 'locked')) {
      throw error;
    }
    const own = error.details['own'] === true;
    const message = own
      ? l10n.t('A copy to {0} is under way already', path)
      : l10n.t('Another window is copying to {0}', path);
    throw new TransferError('copying', message, {
      cause: error,
      steps: [l10n.t('Wait until it is done, or choose another place.')],
      nextAction: { title: l10n.t('Try Again'), again: true },
      details: { side, path },
    });
  }
}
