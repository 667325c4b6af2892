import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { CancelledError, TransferError } from '../../../src/core/errors.ts';
import { withCopyLock } from '../../../src/ledger/copy-lock.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { LOCK_TTL_MS } from '../../../src/ledger/locks.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';

describe('A copy to a place', () => {
  const target = { side: 'lab', path: '/data/weights' };
  let files: LedgerFiles;
  let clock: FakeClock;
  let one: Ledger;
  let two: Ledger;

  beforeEach(async () => {
    files = new LedgerFiles();
    clock = new FakeClock();
    one = await files.open({ clock, owner: 'one' });
    two = await files.open({ clock, owner: 'two' });
  });
  afterEach(() => files.dispose());

  function refusal(message: RegExp): (error: unknown) => boolean {
    return (error) => {
      assert.ok(error instanceof TransferError, String(error));
      assert.equal(error.code, 'copying');
      assert.match(error.message, message);
      assert.equal(error.nextAction?.title, 'Try Again');
      return true;
    };
  }

  it('keeps every other one out, of this window and of another, and only from there', async () => {
    let finish: () => void = () => undefined;
    const first = withCopyLock(one.locks, target, () => new Promise<void>((done) => (finish = done)));
    await clock.advance(0);
    const never = (): Promise<never> => Promise.reject(new Error('two wrote at once'));
    const other = assert.rejects(withCopyLock(two.locks, target, never), refusal(/^Another window is copying to \/data\/weights$/));
    const own = assert.rejects(withCopyLock(one.locks, target, never), refusal(/under way already/));
    assert.equal(await withCopyLock(two.locks, { ...target, path: '/data/w' }, () => Promise.resolve(1)), 1);
    assert.equal(await withCopyLock(two.locks, { ...target, side: '' }, () => Promise.resolve(2)), 2);
    await clock.advance(6000);
    await other;
    await own;
    finish();
    await first;
    assert.equal(await withCopyLock(two.locks, target, () => Promise.resolve(3)), 3);
  });

  it('ends when the place was lost, and says so instead of a cancel', async () => {
    const copying = withCopyLock(one.locks, target, (lost) =>
      new Promise((_done, fail) => lost.addEventListener('abort', () => fail(new CancelledError()))),
    );
    const lost = assert.rejects(copying, { code: 'lock-lost' });
    await clock.advance(0);
    const connection = new DatabaseSync(files.path);
    assert.equal(connection.prepare('DELETE FROM resource_locks').run().changes, 1);
    connection.close();
    await clock.advance(LOCK_TTL_MS);
    await lost;
  });

  it('passes on what the copy says', async () => {
    await assert.rejects(withCopyLock(one.locks, target, () => Promise.reject(new CancelledError())), CancelledError);
  });
});
