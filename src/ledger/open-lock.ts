import type { Clock } from '../core/clock.ts';
import { BackOff } from './back-off.ts';
import { createPrivately } from './ledger-file.ts';
import { asLedgerError, busyError, isBusy, loadSqlite } from './sqlite.ts';

/** Longest wait for another window that opens the ledger, in ms. */
const DEADLINE_MS = 15_000;

/**
 * Runs an action while no other window opens, migrates or sets aside the same
 * ledger. The lock is SQLite's own on an empty file beside it: the system
 * frees it when its holder dies, and never takes it from one that is only
 * paused, so there is no such thing as a stale lock.
 *
 * @param path - the ledger's file
 * @param clock - source of time
 * @param action - what must be alone
 * @returns what the action returned
 * @throws {LedgerError} `ledger-busy` when another window does not finish
 */
export async function withOpenLock<T>(
  path: string,
  clock: Clock,
  action: () => Promise<T>,
): Promise<T> {
  const lockPath = `${path}.lock`;
  const { DatabaseSync } = await loadSqlite();
  createPrivately(lockPath);
  const connection = new DatabaseSync(lockPath);
  try {
    const backOff = new BackOff(clock, DEADLINE_MS);
    for (let locked = false; !locked; ) {
      try {
        connection.exec('PRAGMA busy_timeout = 0');
        connection.exec('BEGIN EXCLUSIVE');
        locked = true;
      } catch (error) {
        if (!isBusy(error)) {
          throw asLedgerError(error, lockPath);
        }
        await backOff.wait(() => busyError(path, error));
      }
    }
    return await action();
  } finally {
    // Ends the transaction too; the file stays, or a waiting window would lock another one.
    connection.close();
  }
}
