import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock, type Clock } from '../../src/core/clock.ts';
import { NULL_LOGGER } from '../../src/core/logger.ts';
import type { JournalMode } from '../../src/ledger/journal-mode.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger, type OpenedLedger } from '../../src/ledger/open-ledger.ts';

export const JOURNAL_MODES: readonly JournalMode[] = ['wal', 'truncate'];

export interface LedgerFileOptions {
  readonly clock?: Clock;
  readonly owner?: string;
  readonly journal?: JournalMode;
}

/** A folder for the ledgers of one test; `dispose` closes them and removes it. */
export class LedgerFiles {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'runctl-ledger-')));
  readonly path = join(this.folder, 'ledger.sqlite');
  private readonly opened: Ledger[] = [];

  async open(options: LedgerFileOptions = {}): Promise<Ledger> {
    const { ledger } = await this.openFully(options);
    return ledger;
  }

  async openFully(options: LedgerFileOptions = {}): Promise<OpenedLedger> {
    const opened = await openLedger(this.path, {
      clock: new SystemClock(),
      logger: NULL_LOGGER,
      ...options,
    });
    this.opened.push(opened.ledger);
    return opened;
  }

  /** Names in the folder that say a file was set aside, main files only. */
  asides(): readonly string[] {
    return readdirSync(this.folder).filter((name) => /\.(corrupt|newer)-\w+(-\d+)?$/.test(name));
  }

  /** Deletes the file under whoever has it open. */
  remove(): void {
    rmSync(this.path);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.opened.map((ledger) => ledger.close()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
