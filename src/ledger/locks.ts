import { randomUUID } from 'node:crypto';
import * as l10n from '@vscode/l10n';
import type { Clock } from '../core/clock.ts';
import { LedgerError } from '../core/errors.ts';
import type { Database } from './database.ts';
import type { Guard, ReadHandle, WriteHandle } from './handle.ts';
import { isExpired } from './lease.ts';
import { integer, text } from './rows.ts';

/** How long a silent holder keeps a lock, in ms. */
export const LOCK_TTL_MS = 15_000;

/** Longest wait for a lock whose holder goes on renewing it, in ms. */
const WAIT_MS = 5000;
const POLL_MS = 100;

/** A lock this window took. */
export interface HeldLock {
  readonly resource: string;
  readonly token: string;
}

/** Who holds a lock that was asked for, as it was at one moment. */
interface Holder {
  readonly owner: string;
  readonly token: string;
  readonly expiresAt: number;
}

/** What a locked action can watch and pass on. */
export interface LockScope {
  /** Aborts when the lock was lost. */
  readonly signal: AbortSignal;
  /** Refuses writes once the lock was lost. */
  readonly guard: Guard;
}

/**
 * One row per resource that a command acts on, so that two windows (or two
 * commands of one) never do so at once. Holders renew; a silent one loses it,
 * and not before, even when its process is gone: what it asked a machine for
 * may still be under way there.
 */
export class Locks {
  private readonly database: Database;
  private readonly clock: Clock;
  private readonly owner: string;
  private readonly ttlMs: number;

  /**
   * @param database - the ledger's
   * @param clock - its monotonic side must be the host's
   * @param owner - names this window in the row
   * @param ttlMs - see `LOCK_TTL_MS`
   */
  constructor(database: Database, clock: Clock, owner: string, ttlMs = LOCK_TTL_MS) {
    this.database = database;
    this.clock = clock;
    this.owner = owner;
    this.ttlMs = ttlMs;
  }

  /**
   * Takes a lock when it is free.
   *
   * @param resource - name of what is acted on
   * @returns the lock, or `undefined` while another command holds it
   */
  async acquire(resource: string): Promise<HeldLock | undefined> {
    const lock = await this.take(resource);
    return 'resource' in lock ? lock : undefined;
  }

  /**
   * Renews a lock.
   *
   * @param lock - from `acquire`
   * @returns when it is renewed
   * @throws {LedgerError} `lock-lost` when it had expired or another holds it
   */
  heartbeat(lock: HeldLock): Promise<void> {
    return this.database.write((handle) => {
      this.assertHeld(handle, lock);
      handle.run(
        'UPDATE resource_locks SET expires_at = ?, ttl = ? WHERE resource = ? AND token = ?',
        this.clock.monotonic() + this.ttlMs,
        this.ttlMs,
        lock.resource,
        lock.token,
      );
    });
  }

  /**
   * Checks inside a write transaction that a lock is still held.
   *
   * @param handle - the open transaction
   * @param lock - from `acquire`
   * @throws {LedgerError} `lock-lost`, so that the transaction does nothing
   */
  assertHeld(handle: WriteHandle, lock: HeldLock): void {
    const row = handle.get(
      'SELECT expires_at, ttl FROM resource_locks WHERE resource = ? AND token = ?',
      lock.resource,
      lock.token,
    );
    if (row === undefined || isExpired(row, this.clock.monotonic())) {
      throw new LedgerError(
        'lock-lost',
        l10n.t('Another window took over meanwhile; what was left to do here is dropped.'),
        { details: { resource: lock.resource } },
      );
    }
  }

  /**
   * Gives a lock back; one already lost stays with its new holder.
   *
   * @param lock - from `acquire`
   */
  async release(lock: HeldLock): Promise<void> {
    await this.database.write((handle) =>
      handle.run(
        'DELETE FROM resource_locks WHERE resource = ? AND token = ?',
        lock.resource,
        lock.token,
      ),
    );
  }

  /**
   * Acts under a lock, waiting a little for another command to finish, and for
   * a holder that is silent until its lock lapses.
   *
   * @param resource - name of what is acted on
   * @param action - what to do; writes that must not follow a loss take the guard
   * @returns what the action returned: what it did is done, also when the lock was lost
   * @throws {LedgerError} `locked` when a live holder keeps it; `details.own` tells
   *   whether that is another command of this window
   */
  async withLock<T>(resource: string, action: (scope: LockScope) => Promise<T>): Promise<T> {
    let first: Holder | undefined;
    let since = 0;
    for (;;) {
      const lock = await this.take(resource);
      if ('resource' in lock) {
        return this.hold(lock, action);
      }
      const now = this.clock.monotonic();
      if (lock.token !== first?.token) {
        // Each holder is given its time: one may follow right upon another.
        first = lock;
        since = now;
      }
      const isAlive = lock.expiresAt !== first.expiresAt;
      if (isAlive && now - since >= WAIT_MS) {
        throw new LedgerError('locked', l10n.t('Another command is at work on the same thing.'), {
          steps: [l10n.t('Wait until it has finished, then try again.')],
          details: { resource, own: lock.owner === this.owner },
        });
      }
      await this.clock.sleep(POLL_MS);
    }
  }

  /**
   * Acts under a lock when it is free, else does nothing.
   *
   * @param resource - name of what is acted on
   * @param action - what to do
   * @returns whether the action ran
   */
  async tryWithLock(
    resource: string,
    action: (scope: LockScope) => Promise<unknown>,
  ): Promise<boolean> {
    const lock = await this.acquire(resource);
    if (lock === undefined) {
      return false;
    }
    await this.hold(lock, action);
    return true;
  }

  private async take(resource: string): Promise<HeldLock | Holder> {
    // Whoever waits asks often: no write unless it may succeed.
    const before = await this.database.read((handle) => this.holder(handle, resource));
    if (before !== undefined) {
      return before;
    }
    const token = randomUUID();
    return this.database.write((handle) => {
      const holder = this.holder(handle, resource);
      if (holder !== undefined) {
        return holder;
      }
      const now = this.clock.monotonic();
      purge(handle, now);
      handle.run(
        `INSERT OR REPLACE INTO resource_locks (resource, owner, token, expires_at, ttl)
         VALUES (?, ?, ?, ?, ?)`,
        resource,
        this.owner,
        token,
        now + this.ttlMs,
        this.ttlMs,
      );
      return { resource, token };
    });
  }

  // Whom the lock binds to, if anyone.
  private holder(handle: ReadHandle, resource: string): Holder | undefined {
    const row = handle.get(
      'SELECT owner, token, expires_at, ttl FROM resource_locks WHERE resource = ?',
      resource,
    );
    if (row === undefined || isExpired(row, this.clock.monotonic())) {
      return undefined;
    }
    return {
      owner: text(row, 'owner'),
      token: text(row, 'token'),
      expiresAt: integer(row, 'expires_at'),
    };
  }

  private async hold<T>(lock: HeldLock, action: (scope: LockScope) => Promise<T>): Promise<T> {
    const lost = new AbortController();
    const stop = this.clock.every(this.ttlMs / 3, () => {
      this.heartbeat(lock).catch((error: unknown) => {
        // A busy ledger is tried again at the next beat; only loss is final.
        if (error instanceof LedgerError && error.code === 'lock-lost') {
          lost.abort(error);
        }
      });
    });
    try {
      const guard: Guard = (handle) => this.assertHeld(handle, lock);
      return await action({ signal: lost.signal, guard });
    } finally {
      stop();
      // Must not hide how the action ended; an unreleased lock lapses by itself.
      await this.release(lock).catch(() => undefined);
    }
  }
}

// What `isExpired` says, of all rows: names of runs never come again.
function purge(handle: WriteHandle, now: number): void {
  handle.run(
    'DELETE FROM resource_locks WHERE expires_at <= ? OR expires_at - ttl > ?',
    now,
    now,
  );
}
