import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as l10n from '@vscode/l10n';
import type { Clock } from '../core/clock.ts';
import { LedgerError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { Database } from './database.ts';
import { chooseJournalMode, fileSystemType, type JournalMode } from './journal-mode.ts';
import { Ledger } from './ledger.ts';
import { inspect, migrate, type FileVerdict } from './migrations.ts';
import { withOpenLock } from './open-lock.ts';
import { setAside, type LedgerSetAside } from './set-aside.ts';
import { isCorrupt, sqliteVersion } from './sqlite.ts';

export type { LedgerSetAside } from './set-aside.ts';

/** How to open a ledger. */
export interface OpenLedgerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names this window in elections and locks; made up unless given. */
  readonly owner?: string;
  /** Overrules the choice by SQLite version and file system. */
  readonly journal?: JournalMode;
}

/** An open ledger, and what had to make room for it. */
export interface OpenedLedger {
  readonly ledger: Ledger;
  /** Set when the file found could not be used; it is kept there. */
  readonly setAside: LedgerSetAside | null;
}

/**
 * Opens the ledger, making folder and file when there are none. A damaged
 * file, or one of a newer version, is kept under another name and a fresh one
 * begins; when several windows meet the same file, one of them moves it.
 *
 * @param path - absolute path of the file
 * @param options - clock, logger and overrides
 * @returns the ledger, to be closed by the caller
 * @throws {UnsupportedError} `no-sqlite` on a host without SQLite
 * @throws {LedgerError} `ledger-busy`, `ledger-readonly` and the like
 */
export async function openLedger(path: string, options: OpenLedgerOptions): Promise<OpenedLedger> {
  const { clock, logger } = options;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  return withOpenLock(path, clock, async () => {
    const first = await tryOpen(path, options);
    if (first instanceof Database) {
      return { ledger: newLedger(first, options), setAside: null };
    }
    const aside = await setAside(path, first, clock.now());
    logger.warn(`${first} ledger kept as ${aside.path}`);
    const second = await tryOpen(path, options);
    if (!(second instanceof Database)) {
      throw new LedgerError('ledger-corrupt', l10n.t('A fresh ledger at {0} is damaged.', path));
    }
    return { ledger: newLedger(second, options), setAside: aside };
  });
}

function newLedger(database: Database, options: OpenLedgerOptions): Ledger {
  const { clock, logger, owner = randomUUID() } = options;
  return new Ledger(database, { clock, logger, owner });
}

async function tryOpen(
  path: string,
  options: OpenLedgerOptions,
): Promise<Database | Exclude<FileVerdict, 'usable'>> {
  const database = await Database.open(path, options.clock);
  try {
    const verdict = await inspect(database);
    if (verdict === 'usable') {
      await prepare(database, options);
      return database;
    }
    await database.close();
    return verdict;
  } catch (error) {
    await database.close();
    if (isCorrupt(error)) {
      options.logger.warn('the ledger is damaged', error);
      return 'corrupt';
    }
    throw error;
  }
}

async function prepare(database: Database, options: OpenLedgerOptions): Promise<void> {
  const version = await sqliteVersion();
  const wanted =
    options.journal ??
    chooseJournalMode({
      sqliteVersion: version,
      platform: process.platform,
      fileSystemType: await fileSystemType(database.path),
    });
  const used = await database.useJournal(wanted);
  const note = `SQLite ${version}, journal mode ${used}`;
  if (used === wanted) {
    options.logger.debug(note);
  } else {
    options.logger.warn(`${note}; other windows keep it from being ${wanted}`);
  }
  await migrate(database);
}
