import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { SystemClock } from '../../../src/core/clock.ts';
import { Database } from '../../../src/ledger/database.ts';
import { inspect, migrate } from '../../../src/ledger/migrations.ts';
import { APPLICATION_ID, MIGRATIONS } from '../../../src/ledger/schema.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { sampleRun } from '../../support/samples.ts';

describe('opening the ledger', () => {
  let files: LedgerFiles;

  beforeEach(() => {
    files = new LedgerFiles();
  });

  afterEach(() => files.dispose());

  function raw<T>(action: (connection: DatabaseSync) => T): T {
    const connection = new DatabaseSync(files.path);
    try {
      return action(connection);
    } finally {
      connection.close();
    }
  }

  async function withOneRun(): Promise<void> {
    const ledger = await files.open();
    await ledger.runs.insert(sampleRun());
    await ledger.close();
  }

  it('makes folder and file, and finds everything again', async () => {
    await withOneRun();
    const { ledger, setAside } = await files.openFully();
    assert.equal(setAside, null);
    assert.deepEqual(await ledger.runs.get(sampleRun().id), sampleRun());
    assert.deepEqual(files.asides(), []);
  });

  it('keeps a file that is no database, byte for byte, and begins a fresh one', async () => {
    const garbage = 'this is no ledger\n'.repeat(500);
    writeFileSync(files.path, garbage);
    const { ledger, setAside } = await files.openFully();
    assert.equal(setAside?.reason, 'corrupt');
    assert.equal(readFileSync(setAside.path, 'utf8'), garbage);
    assert.deepEqual(await ledger.runs.list(), []);
    await ledger.runs.insert(sampleRun());
  });

  it('sets a damaged database aside', async () => {
    await withOneRun();
    const size = statSync(files.path).size;
    truncateSync(files.path, size - 5 * 4096);
    const { setAside } = await files.openFully();
    assert.equal(setAside?.reason, 'corrupt');
    assert.equal(statSync(setAside.path).size, size - 5 * 4096);
  });

  it('sets aside a database that is not a ledger', async () => {
    raw((connection) => connection.exec('CREATE TABLE mine (a); INSERT INTO mine VALUES (1)'));
    const { setAside } = await files.openFully();
    assert.equal(setAside?.reason, 'corrupt');
  });

  it('keeps a ledger of a newer version whole, with what only its log holds', async () => {
    await withOneRun();
    const newer = new DatabaseSync(files.path);
    newer.exec('PRAGMA journal_mode = WAL');
    newer.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    newer.exec("UPDATE runs SET name = 'only in the log'");
    const { ledger, setAside } = await files.openFully();
    assert.equal(setAside?.reason, 'newer');
    assert.deepEqual(await ledger.runs.list(), []);
    newer.close();
    const kept = new DatabaseSync(setAside.path);
    assert.equal(kept.prepare('SELECT name FROM runs').get()?.['name'], 'only in the log');
    kept.close();
  });

  it('never overwrites what was set aside before', async () => {
    const clock = new FakeClock();
    for (const text of ['first', 'second']) {
      writeFileSync(files.path, text.repeat(1000));
      const { ledger, setAside } = await files.openFully({ clock });
      assert.ok(setAside?.path.includes('.corrupt-20260115T120000000Z'));
      await ledger.close();
    }
    const texts = files.asides().map((name) => readFileSync(join(files.folder, name), 'utf8'));
    assert.deepEqual(texts.map((text) => text.slice(0, 5)).sort(), ['first', 'secon']);
  });

  it('moves a bad file once when several windows meet it', async () => {
    writeFileSync(files.path, 'garbage'.repeat(1000));
    const opened = await Promise.all([1, 2, 3, 4].map(() => files.openFully()));
    assert.equal(opened.filter(({ setAside }) => setAside !== null).length, 1);
    assert.equal(files.asides().length, 1);
    await opened[0]!.ledger.runs.insert(sampleRun());
    assert.equal((await opened[3]!.ledger.runs.list()).length, 1, 'all share one file');
  });

  it('closes what it opened when it cannot go on', async () => {
    const folder = join(files.folder, 'ledger.sqlite');
    assert.ok(!existsSync(folder));
    writeFileSync(join(files.folder, 'file'), '');
    const impossible = new LedgerFiles();
    Reflect.set(impossible, 'path', join(files.folder, 'file', 'ledger.sqlite'));
    await assert.rejects(impossible.open());
    await impossible.dispose();
  });
});

describe('ledger migrations', () => {
  let files: LedgerFiles;
  const opened: Database[] = [];

  beforeEach(() => {
    files = new LedgerFiles();
  });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((database) => database.close()));
    await files.dispose();
  });

  async function open(): Promise<Database> {
    const database = await Database.open(files.path, new SystemClock());
    opened.push(database);
    return database;
  }

  const steps = ['CREATE TABLE a (n)', 'CREATE TABLE b (n); INSERT INTO b VALUES (1)'];

  it('run once each, whoever comes first', async () => {
    const both = [await open(), await open()];
    await Promise.all(both.map((database) => migrate(database, steps)));
    const [one, two] = both;
    assert.equal(await two!.read((handle) => handle.get('SELECT count(*) AS n FROM b')?.['n']), 1);
    assert.equal(await one!.read((h) => h.get('PRAGMA user_version')?.['user_version']), 2);
  });

  it('go on from where an older version stopped', async () => {
    const database = await open();
    await migrate(database, steps.slice(0, 1));
    await database.write((handle) => handle.run('INSERT INTO a VALUES (7)'));
    await migrate(database, steps);
    assert.equal(await database.read((handle) => handle.get('SELECT n FROM a')?.['n']), 7);
    assert.equal(await inspect(database, 2), 'usable');
    assert.equal(await inspect(database, 1), 'newer');
  });

  it('leave nothing of a step that fails', async () => {
    const database = await open();
    const broken = ['CREATE TABLE a (n)', 'CREATE TABLE b (n); CREATE TABLE a (n)'];
    await assert.rejects(migrate(database, broken), { code: 'ledger-failed' });
    const names = await database.read((h) => h.all('SELECT name FROM sqlite_schema'));
    assert.deepEqual(names.map(({ name }) => name), ['a']);
    assert.equal(await database.read((h) => h.get('PRAGMA user_version')?.['user_version']), 1);
  });

  it('mark the file as ours', async () => {
    const database = await open();
    await migrate(database);
    const id = await database.read((h) => h.get('PRAGMA application_id')?.['application_id']);
    assert.equal(id, APPLICATION_ID);
  });
});
