import * as l10n from '@vscode/l10n';
import type { Clock } from '../core/clock.ts';
import { LedgerError } from '../core/errors.ts';
import type { Database } from './database.ts';
import type { Guard, ReadHandle, Row } from './handle.ts';
import { isExpired } from './lease.ts';
import { integer, text } from './rows.ts';

/** How long the elected window may be silent before another takes over, in ms. */
export const ELECTION_TTL_MS = 10_000;

const NAME = 'watcher';

/**
 * Elects the one window that does background work. Each take-over has a
 * higher epoch; a write guarded by an epoch is refused once that epoch is
 * over, also when its window was paused in between.
 */
export class Election {
  private readonly database: Database;
  private readonly clock: Clock;
  private readonly owner: string;
  private readonly ttlMs: number;

  /**
   * @param database - the ledger's
   * @param clock - its monotonic side must be the host's
   * @param owner - names this window, unlike any other
   * @param ttlMs - see `ELECTION_TTL_MS`
   */
  constructor(database: Database, clock: Clock, owner: string, ttlMs = ELECTION_TTL_MS) {
    this.database = database;
    this.clock = clock;
    this.owner = owner;
    this.ttlMs = ttlMs;
  }

  /**
   * Takes a free lease, or renews that of this window once a third of its time
   * has passed; writes nothing else. To be called at least every third of the
   * lease's time, and after every wake.
   *
   * @returns the epoch to act under, or `undefined` when another window is elected
   */
  async campaign(): Promise<number | undefined> {
    const standing = await this.database.read((handle) => this.standing(handle));
    return standing === 'open' ? this.take() : standing.epoch;
  }

  /**
   * Checks inside a write transaction that this window is still elected.
   * While that transaction is open nobody else can become so.
   *
   * @param handle - the open transaction
   * @param epoch - what `campaign` returned
   * @throws {LedgerError} `not-elected`, so that the transaction does nothing
   */
  assertHolder(handle: ReadHandle, epoch: number): void {
    const row = current(handle);
    const held =
      row !== undefined &&
      text(row, 'owner') === this.owner &&
      integer(row, 'epoch') === epoch &&
      !isExpired(row, this.clock.monotonic());
    if (!held) {
      throw new LedgerError(
        'not-elected',
        l10n.t('Another window has taken over the background work.'),
        { details: { epoch } },
      );
    }
  }

  /**
   * Makes `assertHolder` a guard for writes.
   *
   * @param epoch - what `campaign` returned
   * @returns a guard
   */
  guard(epoch: number): Guard {
    return (handle) => this.assertHolder(handle, epoch);
  }

  /**
   * Tells who is elected right now, without wanting to be.
   *
   * @returns this window, another one or nobody
   */
  elected(): Promise<'this' | 'another' | 'nobody'> {
    return this.database.read((handle) => {
      const row = current(handle);
      if (row === undefined || isExpired(row, this.clock.monotonic())) {
        return 'nobody';
      }
      return text(row, 'owner') === this.owner ? 'this' : 'another';
    });
  }

  /** Lets another window take over at once. Does nothing when not elected. */
  async release(): Promise<void> {
    const mine = await this.database.read((handle) => {
      const row = current(handle);
      return row !== undefined && text(row, 'owner') === this.owner && integer(row, 'ttl') > 0;
    });
    if (mine) {
      await this.database.write((handle) =>
        handle.run(
          'UPDATE election SET expires_at = 0, ttl = 0 WHERE name = ? AND owner = ?',
          NAME,
          this.owner,
        ),
      );
    }
  }

  // Nobody else can take what was renewed a moment ago, nor this window what is another's.
  private standing(handle: ReadHandle): 'open' | { readonly epoch: number | undefined } {
    const now = this.clock.monotonic();
    const row = current(handle);
    if (row === undefined || isExpired(row, now)) {
      return 'open';
    }
    if (text(row, 'owner') !== this.owner) {
      return { epoch: undefined };
    }
    const left = integer(row, 'expires_at') - now;
    return left > (integer(row, 'ttl') * 2) / 3 ? { epoch: integer(row, 'epoch') } : 'open';
  }

  private take(): Promise<number | undefined> {
    return this.database.write((handle) => {
      const now = this.clock.monotonic();
      const row = current(handle);
      const free = row === undefined || isExpired(row, now);
      if (!free && text(row, 'owner') !== this.owner) {
        return undefined;
      }
      const before = row === undefined ? 0 : integer(row, 'epoch');
      // A lapsed lease begins anew even for its last owner: what was started under it is void.
      const epoch = free ? before + 1 : before;
      handle.run(
        `INSERT INTO election (name, owner, epoch, expires_at, ttl) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, epoch = excluded.epoch,
           expires_at = excluded.expires_at, ttl = excluded.ttl`,
        NAME,
        this.owner,
        epoch,
        now + this.ttlMs,
        this.ttlMs,
      );
      return epoch;
    });
  }
}

function current(handle: ReadHandle): Row | undefined {
  return handle.get('SELECT owner, epoch, expires_at, ttl FROM election WHERE name = ?', NAME);
}
