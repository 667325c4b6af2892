import { randomUUID } from 'node:crypto';
import * as l10n from '@vscode/l10n';
import type { Clock } from '../core/clock.ts';
import { LedgerError } from '../core/errors.ts';
import type { Database } from './database.ts';
import type { Guard, WriteHandle } from './handle.ts';
import { isExpired } from './lease.ts';

/** How long a silent holder keeps a lock, in ms. */
export const LOCK_TTL_MS = 15_000;

/** Longest wait for a lock another command holds, in ms. */
const WAIT_MS = 5000;
const POLL_MS = 100;

/** A lock this window took. */
export interface HeldLock {
  readonly resource: string;
  readonly token: string;
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
 * commands of one) never do so at once. Holders renew; a silent one loses it.
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
  acquire(resource: string): Promise<HeldLock | undefined> {
    const token = randomUUID();
    return this.database.write((handle) => {
      const now = this.clock.monotonic();
      const row = handle.get(
        'SELECT expires_at, ttl FROM resource_locks WHERE resource = ?',
        resource,
      );
      if (row !== undefined && !isExpired(row, now)) {
        return undefined;
      }
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
        l10n.t('Another window took over {0}; this result is dropped.', lock.resource),
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
   * Acts under a lock, waiting a little for another command to finish.
   *
   * @param resource - name of what is acted on
   * @param action - what to do; its result is dropped when the lock was lost
   * @returns what the action returned
   * @throws {LedgerError} `locked` when it stays held, `lock-lost` when it was lost
   */
  async withLock<T>(resource: string, action: (scope: LockScope) => Promise<T>): Promise<T> {
    const deadline = this.clock.monotonic() + WAIT_MS;
    for (;;) {
      const lock = await this.acquire(resource);
      if (lock !== undefined) {
        return this.hold(lock, action);
      }
      if (this.clock.monotonic() >= deadline) {
        throw new LedgerError('locked', l10n.t('Something else is happening to {0}.', resource), {
          steps: [l10n.t('Wait until it has finished, then try again.')],
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
   * @throws {LedgerError} `lock-lost` when the lock was lost meanwhile
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
      const value = await action({ signal: lost.signal, guard });
      await this.heartbeat(lock);
      return value;
    } finally {
      stop();
      // Must not hide how the action ended; an unreleased lock lapses by itself.
      await this.release(lock).catch(() => undefined);
    }
  }
}
