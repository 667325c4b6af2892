import assert from 'node:assert/strict';
import { renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { SystemClock } from '../../../src/core/clock.ts';
import { LedgerError } from '../../../src/core/errors.ts';
import { Database } from '../../../src/ledger/database.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { JOURNAL_MODES, LedgerFiles } from '../../support/ledger-files.ts';

/** Each sleep takes half a second on its clock and no time at all. */
class ImpatientClock extends FakeClock {
  private slept = 0;

  override monotonic(): number {
    return super.monotonic() + this.slept;
  }

  override sleep(): Promise<void> {
    this.slept += 500;
    return Promise.resolve();
  }
}

const TABLE = 'CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT';

for (const journal of JOURNAL_MODES) {
  describe(`ledger database in ${journal} mode`, () => {
    let files: LedgerFiles;
    let database: Database;

    beforeEach(async () => {
      files = new LedgerFiles();
      database = await Database.open(files.path, new SystemClock());
      assert.equal(await database.useJournal(journal), journal);
      await database.write((handle) => {
        handle.exec(TABLE);
        handle.exec('CREATE TABLE topics (name TEXT PRIMARY KEY, version INTEGER) STRICT');
      });
    });

    afterEach(async () => {
      await database.close();
      await files.dispose();
    });

    function stored(): Promise<unknown[]> {
      return database.read((handle) => handle.all('SELECT a FROM t ORDER BY a').map(({ a }) => a));
    }

    function insert(value: number): Promise<number> {
      return database.write((handle) => handle.run('INSERT INTO t VALUES (?)', value));
    }

    it('is readable by its owner only', () => {
      assert.equal(statSync(files.path).mode & 0o777, 0o600);
    });

    it('runs writes one after the other in the order they were asked for', async () => {
      const order: number[] = [];
      await Promise.all(
        [1, 2, 3].map((value) =>
          database.write((handle) => {
            order.push(value);
            return handle.run('INSERT INTO t VALUES (?)', value);
          }),
        ),
      );
      assert.deepEqual(order, [1, 2, 3]);
      assert.deepEqual(await stored(), [1, 2, 3]);
    });

    it('undoes everything when the callback throws, and goes on', async () => {
      const failing = database.write((handle) => {
        handle.run('INSERT INTO t VALUES (1)');
        throw new RangeError('no');
      });
      const next = insert(2);
      await assert.rejects(failing, RangeError);
      await next;
      assert.deepEqual(await stored(), [2]);
    });

    it('undoes everything when a guard throws', async () => {
      const guard = (): void => {
        throw new RangeError('superseded');
      };
      await assert.rejects(
        database.write((handle) => handle.run('INSERT INTO t VALUES (1)'), { guard }),
        RangeError,
      );
      assert.deepEqual(await stored(), []);
    });

    it('refuses an asynchronous callback and stores nothing of it', async () => {
      const late = database.write((handle) => {
        handle.run('INSERT INTO t VALUES (1)');
        return Promise.reject(new Error('late'));
      });
      await assert.rejects(late, TypeError);
      assert.deepEqual(await stored(), []);
    });

    it('translates a broken constraint and keeps the cause', async () => {
      await insert(1);
      await assert.rejects(insert(1), { name: 'LedgerError', code: 'ledger-failed' });
      assert.deepEqual(await stored(), [1]);
    });

    it('waits for a lock held elsewhere', async () => {
      const other = new DatabaseSync(files.path);
      other.exec('BEGIN IMMEDIATE; INSERT INTO t VALUES (1)');
      let done = false;
      const write = insert(2).then(() => (done = true));
      await new Promise((resolve) => setTimeout(resolve, 60));
      assert.equal(done, false);
      other.exec('COMMIT');
      await write;
      assert.deepEqual(await stored(), [1, 2]);
      other.close();
    });

    it('keeps a write together when a reader holds up its commit', async () => {
      const other = new DatabaseSync(files.path);
      other.exec('BEGIN');
      other.prepare('SELECT * FROM t').all();
      const write = database.write((handle) => {
        handle.run('INSERT INTO t VALUES (1)');
        handle.run('INSERT INTO t VALUES (2)');
      });
      await new Promise((resolve) => setTimeout(resolve, 30));
      const read = stored();
      await new Promise((resolve) => setTimeout(resolve, 30));
      other.exec('COMMIT');
      assert.deepEqual(await read, [1, 2], 'a read sees all of it or waits');
      await write;
      other.close();
    });

    it('gives up on a lock after its deadline, with something to do', async () => {
      const clock = new ImpatientClock();
      const waiting = await Database.open(files.path, clock);
      const other = new DatabaseSync(files.path);
      other.exec('BEGIN IMMEDIATE');
      const begun = clock.monotonic();
      await assert.rejects(
        waiting.write((handle) => handle.run('INSERT INTO t VALUES (9)')),
        (error) => {
          assert.ok(error instanceof LedgerError);
          assert.equal(error.code, 'ledger-busy');
          assert.equal(error.steps.length, 2);
          return true;
        },
      );
      const waited = clock.monotonic() - begun;
      assert.ok(waited >= 10_000 && waited < 11_000, `${waited} ms`);
      other.exec('ROLLBACK');
      other.close();
      await waiting.close();
      assert.deepEqual(await stored(), []);
    });

    it('refuses to write into a deleted file and says so once', async () => {
      const losses: string[] = [];
      database.onDidLose((error) => losses.push(error.code));
      rmSync(files.path);
      await assert.rejects(insert(1), { code: 'ledger-gone' });
      await assert.rejects(insert(2), { code: 'ledger-gone' });
      await assert.rejects(stored(), { code: 'ledger-gone' });
      assert.deepEqual(losses, ['ledger-gone']);
    });

    it('notices a replaced file without writing', () => {
      assert.equal(database.checkPresent(), true);
      renameSync(files.path, `${files.path}.old`);
      new DatabaseSync(files.path).close();
      assert.equal(database.checkPresent(), false);
    });

    it('finishes writes under way before it closes, and refuses later ones', async () => {
      const write = insert(1);
      const closing = database.close();
      await assert.rejects(insert(2), { code: 'ledger-closed' });
      await write;
      await closing;
      await assert.rejects(stored(), { code: 'ledger-closed' });
      const other = new DatabaseSync(files.path);
      assert.equal(other.prepare('SELECT a FROM t').all().length, 1);
      other.close();
    });

    it('syncs fully for durable writes only', async () => {
      const level = (): Promise<unknown> =>
        database.read((handle) => handle.get('PRAGMA synchronous')?.['synchronous']);
      await insert(1);
      assert.equal(await level(), 1);
      await database.write((handle) => handle.run('INSERT INTO t VALUES (2)'), { durable: true });
      assert.equal(await level(), 2);
      await insert(3);
      assert.equal(await level(), 1);
    });

    it('tells listeners what a write was about, only once it is stored', async () => {
      const heard: (readonly string[])[] = [];
      database.onDidWrite((topics) => heard.push(topics));
      const failing = database.write(
        () => {
          throw new RangeError('no');
        },
        { topics: ['runs'] },
      );
      await assert.rejects(failing, RangeError);
      await database.write(() => undefined, { topics: ['metrics', 'runs'] });
      assert.deepEqual(heard, [['metrics', 'runs']]);
    });
  });
}
