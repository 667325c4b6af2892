import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { LedgerError } from '../../../src/core/errors.ts';
import { ELECTION_TTL_MS } from '../../../src/ledger/election.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { LOCK_TTL_MS } from '../../../src/ledger/locks.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NOW, sampleRun } from '../../support/samples.ts';

let files: LedgerFiles;
let clock: FakeClock;
let one: Ledger;
let two: Ledger;

async function openTwo(): Promise<void> {
  files = new LedgerFiles();
  clock = new FakeClock();
  one = await files.open({ clock, owner: 'one' });
  two = await files.open({ clock, owner: 'two' });
}

function raw(sql: string): void {
  const connection = new DatabaseSync(files.path);
  connection.exec(sql);
  connection.close();
}

function lockedNames(): unknown[] {
  const connection = new DatabaseSync(files.path);
  const rows = connection.prepare('SELECT resource FROM resource_locks ORDER BY 1').all();
  connection.close();
  return rows.map(({ resource }) => resource);
}

describe('election of the watching window', () => {
  beforeEach(openTwo);
  afterEach(() => files.dispose());

  it('has one winner, who stays it by renewing', async () => {
    assert.equal(await one.election.campaign(), 1);
    for (let count = 0; count < 5; count++) {
      await clock.advance(ELECTION_TTL_MS - 1);
      assert.equal(await two.election.campaign(), undefined);
      assert.equal(await one.election.campaign(), 1);
    }
  });

  it('can be told without wanting to win it', async () => {
    const elected = async () => [await one.election.elected(), await two.election.elected()];
    assert.deepEqual(await elected(), ['nobody', 'nobody']);
    await one.election.campaign();
    assert.deepEqual(await elected(), ['this', 'another']);
    await clock.advance(ELECTION_TTL_MS);
    assert.deepEqual(await elected(), ['nobody', 'nobody']);
    const { journal, schema } = await one.storage();
    assert.match(journal, /^(?:wal|truncate)$/);
    assert.ok(schema > 0);
  });

  it('is written once in a third of its time, and never by the windows that lost it', async () => {
    await one.election.campaign();
    const commits = async (): Promise<number[]> => [await one.dataVersion(), await two.dataVersion()];
    const seen = new Set([JSON.stringify(await commits())]);
    for (let ms = 0; ms < ELECTION_TTL_MS * 3; ms += 1000) {
      await clock.advance(1000);
      assert.deepEqual([await one.election.campaign(), await two.election.campaign()], [1, undefined]);
      seen.add(JSON.stringify(await commits()));
    }
    assert.equal(seen.size - 1, 7, 'every four of thirty seconds');
  });

  it('goes to another window with a higher epoch when the winner is silent', async () => {
    await one.election.campaign();
    await clock.advance(ELECTION_TTL_MS);
    assert.equal(await two.election.campaign(), 2);
    assert.equal(await one.election.campaign(), undefined);
  });

  it('begins anew for a winner that was silent too long, so that old acts are void', async () => {
    await one.election.campaign();
    await clock.advance(ELECTION_TTL_MS);
    assert.equal(await one.election.campaign(), 2);
    await assert.rejects(one.runs.insert(sampleRun(), { guard: one.election.guard(1) }), {
      code: 'not-elected',
    });
    await one.runs.insert(sampleRun(), { guard: one.election.guard(2) });
  });

  it('refuses the act of a window that was superseded or has expired', async () => {
    const guard = one.election.guard((await one.election.campaign())!);
    await one.runs.insert(sampleRun(), { guard });
    await clock.advance(ELECTION_TTL_MS);
    const act = (): Promise<number> => one.events.append(sampleRun().id, 'x', {}, NOW, { guard });
    await assert.rejects(act(), { code: 'not-elected' }, 'expired, nobody else elected yet');
    await two.election.campaign();
    await assert.rejects(act(), { code: 'not-elected' });
    assert.deepEqual((await one.events.list(sampleRun().id)).map(({ kind }) => kind), ['state']);
    const stolen = two.election.guard(1);
    await assert.rejects(two.events.append(sampleRun().id, 'x', {}, NOW, { guard: stolen }), {
      code: 'not-elected',
    });
  });

  it('is free at once when given up, and only its holder can give it up', async () => {
    await one.election.campaign();
    await two.election.release();
    assert.equal(await two.election.campaign(), undefined);
    await one.election.release();
    assert.equal(await two.election.campaign(), 2);
  });

  it('is given up when the ledger is closed', async () => {
    await one.election.campaign();
    await one.close();
    assert.equal(await two.election.campaign(), 2);
  });

  it('is free when the lease is from before a reboot', async () => {
    await one.election.campaign();
    raw('UPDATE election SET expires_at = expires_at + 1');
    assert.equal(await two.election.campaign(), 2, 'granted in the future');
  });
});

describe('locks on resources', () => {
  beforeEach(openTwo);
  afterEach(() => files.dispose());

  it('are held by one command at a time, also within one window', async () => {
    const lock = await one.locks.acquire('run:a');
    assert.ok(lock);
    assert.equal(await two.locks.acquire('run:a'), undefined);
    assert.equal(await one.locks.acquire('run:a'), undefined);
    assert.ok(await two.locks.acquire('run:b'));
    await one.locks.release(lock);
    assert.ok(await two.locks.acquire('run:a'));
  });

  it('last while their holder renews them', async () => {
    const lock = (await one.locks.acquire('r'))!;
    for (let count = 0; count < 3; count++) {
      await clock.advance(LOCK_TTL_MS - 1);
      await one.locks.heartbeat(lock);
      assert.equal(await two.locks.acquire('r'), undefined);
    }
  });

  it('are lost by a silent holder, whose release does not free the next one', async () => {
    const lock = (await one.locks.acquire('r'))!;
    await clock.advance(LOCK_TTL_MS);
    await assert.rejects(one.locks.heartbeat(lock), { code: 'lock-lost' }, 'expired');
    assert.ok(await two.locks.acquire('r'));
    await assert.rejects(one.locks.heartbeat(lock), { code: 'lock-lost' }, 'taken');
    await one.locks.release(lock);
    assert.equal(await one.locks.acquire('r'), undefined);
  });

  it('from before a reboot bind nobody', async () => {
    await one.locks.acquire('r');
    raw('UPDATE resource_locks SET expires_at = expires_at + 1');
    assert.ok(await two.locks.acquire('r'));
  });

  it('are renewed while an action runs, and freed after it', async () => {
    let finish: (value: string) => void = () => undefined;
    const acting = one.locks.withLock('r', () => new Promise<string>((done) => (finish = done)));
    await clock.advance(LOCK_TTL_MS * 3);
    assert.equal(await two.locks.tryWithLock('r', () => Promise.reject(new Error('ran'))), false);
    finish('value');
    assert.equal(await acting, 'value');
    let ran = false;
    const act = (): Promise<void> => Promise.resolve(void (ran = true));
    assert.equal(await two.locks.tryWithLock('r', act), true);
    assert.ok(ran);
  });

  it('are freed when the action fails, and the failure is told', async () => {
    await assert.rejects(
      one.locks.withLock('r', () => Promise.reject(new RangeError('mine'))),
      RangeError,
    );
    assert.ok(await two.locks.acquire('r'));
  });

  it('that were lost refuse writes and abort the signal, but undo nothing', async () => {
    await one.runs.insert(sampleRun());
    const acting = one.locks.withLock('r', async ({ signal, guard }) => {
      raw('DELETE FROM resource_locks');
      const taken = await two.locks.acquire('r');
      assert.ok(taken);
      await assert.rejects(one.events.append(sampleRun().id, 'x', {}, NOW, { guard }), {
        code: 'lock-lost',
      });
      await clock.advance(LOCK_TTL_MS);
      assert.equal(signal.aborted, true);
      return 'done';
    });
    assert.equal(await acting, 'done');
  });

  it('are waited for a little, then refused with words', async () => {
    const lock = (await one.locks.acquire('r'))!;
    const patient = two.locks.withLock('r', () => Promise.resolve('done'));
    await clock.advance(1000);
    await one.locks.release(lock);
    await clock.advance(1000);
    assert.equal(await patient, 'done');
    let finish: () => void = () => undefined;
    const acting = one.locks.withLock('r', () => new Promise<void>((done) => (finish = done)));
    const refused = assert.rejects(
      two.locks.withLock('r', () => Promise.resolve()),
      (error) => {
        assert.ok(error instanceof LedgerError);
        assert.deepEqual([error.code, error.details['own']], ['locked', false]);
        assert.doesNotMatch(error.message, /\br\b/, 'no name of a row');
        return true;
      },
    );
    await clock.advance(6000);
    await refused;
    finish();
    await acting;
  });

  it('of a silent holder are waited for until they lapse', async () => {
    await one.locks.acquire('r');
    let done = false;
    const patient = two.locks.withLock('r', () => Promise.resolve(void (done = true)));
    await clock.advance(LOCK_TTL_MS - 1);
    assert.equal(done, false);
    await clock.advance(200);
    await patient;
    assert.equal(done, true);
  });

  it('are waited for also when another is quicker once a silent holder has lapsed', async () => {
    await one.locks.acquire('r');
    const patient = two.locks.withLock('r', () => Promise.resolve('done'));
    await clock.advance(LOCK_TTL_MS - 50);
    let finish: () => void = () => undefined;
    // Before the next look of the one who waits.
    const quick = clock.sleep(50).then(() =>
      one.locks.withLock('r', () => new Promise<void>((ready) => (finish = ready))),
    );
    await clock.advance(1000);
    finish();
    await quick;
    await clock.advance(1000);
    assert.equal(await patient, 'done');
  });

  it('leave no row behind once they have lapsed and anything is locked', async () => {
    await one.locks.acquire('a');
    await clock.advance(1);
    await one.locks.acquire('b');
    raw("INSERT INTO resource_locks VALUES ('reboot', 'x', 'x', 9e12, 15000)");
    await clock.advance(LOCK_TTL_MS - 1);
    await two.locks.acquire('c');
    assert.deepEqual(lockedNames(), ['b', 'c']);
  });
});
