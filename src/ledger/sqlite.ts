import type { DatabaseSync } from 'node:sqlite';
import * as l10n from '@vscode/l10n';
import { LedgerError, UnsupportedError } from '../core/errors.ts';

/** The part of `node:sqlite` the ledger uses. */
export type SqliteModule = typeof import('node:sqlite');

/** A raw connection; only this folder sees one. */
export type Connection = DatabaseSync;

/** Primary result codes of SQLite that mean something to the ledger. */
export const SQLITE = {
  busy: 5,
  locked: 6,
  readonly: 8,
  corrupt: 11,
  full: 13,
  protocol: 15,
  notADatabase: 26,
} as const;

const READONLY_DB_MOVED = 1032;
const MODULE_MISSING = new Set(['ERR_UNKNOWN_BUILTIN_MODULE', 'ERR_MODULE_NOT_FOUND']);

/**
 * Loads SQLite when it is first needed.
 *
 * @param load - how to load it; tests pass a failing one
 * @returns the module
 * @throws {UnsupportedError} `no-sqlite` when this host has none
 */
export async function loadSqlite(
  load: () => Promise<SqliteModule> = () => import('node:sqlite'),
): Promise<SqliteModule> {
  try {
    return await load();
  } catch (error) {
    if (!MODULE_MISSING.has(String(property(error, 'code')))) {
      throw error;
    }
    throw new UnsupportedError(
      'no-sqlite',
      l10n.t(
        'runctl needs VS Code 1.101 or newer: this one runs on Node {0}, which has no SQLite.',
        process.versions.node,
      ),
      {
        cause: error,
        nextAction: {
          title: l10n.t('Check for Updates'),
          command: 'update.checkForUpdate',
        },
      },
    );
  }
}

/**
 * Tells which SQLite this host has, without a file.
 *
 * @returns such as `3.51.3`
 */
export async function sqliteVersion(): Promise<string> {
  const { DatabaseSync } = await loadSqlite();
  const connection = new DatabaseSync(':memory:');
  const row = connection.prepare('SELECT sqlite_version() AS version').get();
  connection.close();
  return String(row?.['version']);
}

/**
 * Reads SQLite's own result code from an error.
 *
 * @param error - anything thrown
 * @returns the primary code, or `undefined` when SQLite did not throw it
 */
export function sqliteCode(error: unknown): number | undefined {
  const code = property(error, 'errcode');
  return typeof code === 'number' ? code & 0xff : undefined;
}

/**
 * Tells whether another connection was in the way, so that trying again helps.
 *
 * @param error - anything thrown
 * @returns true for a lock held elsewhere
 */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE.busy || code === SQLITE.locked || code === SQLITE.protocol;
}

/**
 * Tells whether the file itself is damaged.
 *
 * @param error - anything thrown, also a translated error
 * @returns true for a malformed file or one that is no database
 */
export function isCorrupt(error: unknown): boolean {
  const code = sqliteCode(error);
  return (
    code === SQLITE.corrupt ||
    code === SQLITE.notADatabase ||
    (error instanceof LedgerError && error.code === 'ledger-corrupt')
  );
}

/**
 * Gives SQLite's errors our words; leaves all others alone.
 *
 * @param error - anything thrown
 * @param path - the ledger's file
 * @returns a `LedgerError` with the original as its cause, or the same error
 */
export function asLedgerError(error: unknown, path: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined) {
    return error;
  }
  if (isBusy(error)) {
    return busyError(path, error);
  }
  if (isCorrupt(error)) {
    return new LedgerError('ledger-corrupt', l10n.t('The ledger {0} is damaged.', path), {
      cause: error,
      nextAction: reloadAction(),
    });
  }
  if (property(error, 'errcode') === READONLY_DB_MOVED) {
    return goneError(path, error);
  }
  if (code === SQLITE.full) {
    return new LedgerError(
      'ledger-full',
      l10n.t('The disk is full: the ledger {0} cannot be written.', path),
      { cause: error, steps: [l10n.t('Free some space on the disk.'), l10n.t('Try again.')] },
    );
  }
  if (code === SQLITE.readonly) {
    return new LedgerError('ledger-readonly', l10n.t('The ledger {0} is read-only.', path), {
      cause: error,
      steps: [l10n.t('Make the file and its folder writable.'), l10n.t('Reload the window.')],
    });
  }
  return new LedgerError(
    'ledger-failed',
    l10n.t('The ledger {0} failed: {1}', path, error instanceof Error ? error.message : ''),
    { cause: error, nextAction: reloadAction(), details: { errcode: property(error, 'errcode') } },
  );
}

/**
 * Says that another window kept the ledger locked until the deadline.
 *
 * @param path - the ledger's file
 * @param cause - what SQLite said last
 * @returns the error to throw
 */
export function busyError(path: string, cause: unknown): LedgerError {
  return new LedgerError(
    'ledger-busy',
    l10n.t('The ledger is kept locked by another window or program.'),
    {
      cause,
      details: { path },
      nextAction: reloadAction(),
      steps: [
        l10n.t('Close any program that has {0} open.', path),
        l10n.t('Wait for other VS Code windows to finish, then try again.'),
      ],
    },
  );
}

/**
 * Says that the open file is no longer the one at its path.
 *
 * @param path - the ledger's file
 * @param cause - what showed it, when SQLite did
 * @returns the error to throw
 */
export function goneError(path: string, cause?: unknown): LedgerError {
  return new LedgerError(
    'ledger-gone',
    l10n.t('The ledger {0} was deleted or replaced while it was open.', path),
    { cause, nextAction: reloadAction() },
  );
}

/**
 * Says that the owner has closed the ledger.
 *
 * @returns the error to throw
 */
export function closedError(): LedgerError {
  return new LedgerError('ledger-closed', l10n.t('The ledger is closed.'));
}

function reloadAction(): { title: string; command: string } {
  return { title: l10n.t('Reload Window'), command: 'workbench.action.reloadWindow' };
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
