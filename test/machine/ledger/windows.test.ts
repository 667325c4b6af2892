import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { JournalMode } from '../../../src/ledger/journal-mode.ts';
import { MIGRATIONS } from '../../../src/ledger/schema.ts';
import { JOURNAL_MODES, LedgerFiles } from '../../support/ledger-files.ts';
import { NOW, sampleRun } from '../../support/samples.ts';
import { ELECTION_TTL_MS, pause, until, Window } from './window.ts';

const { id } = sampleRun();
const KILLS = 30;

let files: LedgerFiles;
let windows: Window[] = [];

async function start(journal: JournalMode, owner?: string): Promise<Window> {
  const window = await Window.start(files.path, journal, owner);
  windows.push(window);
  return window;
}

function raw<T>(action: (connection: DatabaseSync) => T): T {
  const connection = new DatabaseSync(files.path);
  try {
    return action(connection);
  } finally {
    connection.close();
  }
}

function prepare(): void {
  files = new LedgerFiles();
}

async function cleanUp(): Promise<void> {
  await Promise.all(windows.map((window) => window.kill()));
  windows = [];
  await files.dispose();
}

for (const journal of JOURNAL_MODES) {
  describe(`windows sharing a ledger in ${journal} mode`, () => {
    beforeEach(prepare);
    afterEach(cleanUp);

    it('write at once, lose nothing, and none waits for long', async function () {
      this.timeout(60_000);
      const ledger = await files.open({ journal });
      await ledger.runs.insert(sampleRun());
      const count = 1500;
      const both = [await start(journal, 'a'), await start(journal, 'b')];
      const longest = await Promise.all(both.map((window) => window.call('events', count)));
      const events = await ledger.events.list(id, 0, 10_000);
      for (const owner of ['a', 'b']) {
        const own = events.filter(({ kind }) => kind === owner).map(({ data }) => data['index']);
        assert.deepEqual(own, Array.from({ length: count }, (_, index) => index));
      }
      const order = events.map(({ kind }) => kind);
      const turns = order.filter((kind, index) => kind !== order[index - 1]).length;
      assert.ok(turns > 10, `they hardly met: ${turns} turns`);
      assert.ok(Math.max(...longest) < 2000, `longest waits: ${longest.join(', ')} ms`);
    });

    it('turn each byte of one log into metrics exactly once', async function () {
      this.timeout(60_000);
      const ledger = await files.open({ journal });
      await ledger.runs.insert(sampleRun());
      const both = [await start(journal, 'a'), await start(journal, 'b')];
      const stored = await Promise.all(both.map((window) => window.call('readLog', 300)));
      assert.equal(stored[0]! + stored[1]!, 300);
      const chart = await ledger.metrics.chart(id, 'byte', 1000);
      assert.deepEqual(
        chart.map(({ last }) => last),
        Array.from({ length: 300 }, (_, index) => index),
      );
    });

    it(`lose nothing acknowledged when killed in the middle of writes ${KILLS} times`, async function () {
      this.timeout(120_000);
      let ledger = await files.open({ journal });
      await ledger.runs.insert(sampleRun());
      let total = 0;
      for (let round = 0; round < KILLS; round++) {
        await ledger.close();
        const window = await start(journal);
        void window.call('flood').catch(() => undefined);
        await until('a first write', () => window.acknowledged > total);
        await pause((round * 7) % 40);
        await window.kill();
        ledger = await files.open({ journal });
        const reached = (await ledger.metrics.cursor(id))?.offset ?? 0;
        assert.ok(reached >= window.acknowledged, `${reached} < ${window.acknowledged}`);
        const series = await ledger.metrics.series(id);
        assert.deepEqual(
          series.map(({ points }) => points),
          [reached, reached, reached],
          'a write is whole or not there',
        );
        total = reached;
      }
      assert.deepEqual(files.asides(), []);
      const check = raw((connection) => connection.prepare('PRAGMA integrity_check').get());
      assert.equal(check?.['integrity_check'], 'ok');
      const stored = raw((connection) =>
        connection.prepare('SELECT count(*) AS n FROM metric_points').get(),
      );
      assert.equal(stored?.['n'], total * 3);
    });

    for (const mode of ['IMMEDIATE', 'EXCLUSIVE'] as const) {
      it(`stay responsive while another process holds the ${mode} lock`, async function () {
        this.timeout(30_000);
        const ledger = await files.open({ journal });
        await ledger.runs.insert(sampleRun());
        const other = await start(journal);
        const held = other.holding();
        const holding = other.call('hold', mode, 2000);
        await held;
        const delay = monitorEventLoopDelay({ resolution: 5 });
        delay.enable();
        // It measures from one sample to the next, so one must come before and after.
        await pause(50);
        const begun = performance.now();
        const write = ledger.runs.rename(id, 'renamed', NOW);
        const read = ledger.runs.get(id);
        await Promise.all([write, read]);
        const waited = performance.now() - begun;
        await pause(50);
        delay.disable();
        await holding;
        assert.ok(waited > 1000, `the lock was really in the way: ${waited} ms`);
        assert.ok(delay.max / 1e6 < 200, `event loop held up for ${delay.max / 1e6} ms`);
        assert.equal((await ledger.runs.get(id))?.name, 'renamed');
      });
    }

    it('elect another one while the winner is stopped, and refuse its act after it wakes', async function () {
      this.timeout(30_000);
      const ledger = await files.open({ journal });
      await ledger.runs.insert(sampleRun());
      const old = await start(journal, 'old');
      const young = await start(journal, 'young');
      const epoch = await old.call('campaign');
      assert.equal(epoch, 1);
      await old.call('act', epoch, 0);
      assert.equal(await young.call('campaign'), null);
      old.signal('SIGSTOP');
      let next: number | null = null;
      await until('a take-over', async () => (next = await young.call('campaign')) !== null);
      assert.equal(next, 2);
      old.signal('SIGCONT');
      await assert.rejects(old.call('act', epoch, 0), /^Error: not-elected$/);
      assert.equal(await old.call('campaign'), null);
      await young.call('act', 2, 0);
      const events = await ledger.events.list(id);
      assert.deepEqual(events.map(({ kind }) => kind).slice(1), ['old', 'young']);
    });

    it('elect nobody else while the winner is stopped inside its act', async function () {
      this.timeout(30_000);
      const ledger = await files.open({ journal });
      await ledger.runs.insert(sampleRun());
      const old = await start(journal, 'old');
      const young = await start(journal, 'young');
      await old.call('campaign');
      const held = old.holding();
      const act = old.call('act', 1, 100);
      await held;
      old.signal('SIGSTOP');
      let taken: number | null | undefined;
      const campaign = young.call('campaign').then((epoch) => (taken = epoch));
      await pause(ELECTION_TTL_MS * 2);
      assert.equal(taken, undefined, 'has to wait for the open transaction');
      old.signal('SIGCONT');
      await act;
      assert.equal(await campaign, 2);
      await assert.rejects(old.call('act', 1, 0), /not-elected/);
    });
  });
}

describe('windows opening a ledger at once', () => {
  beforeEach(prepare);
  afterEach(cleanUp);

  async function openTogether(): Promise<(string | null)[]> {
    const both = [await start('truncate', 'a'), await start('truncate', 'b')];
    const reasons = await Promise.all(both.map((window) => window.call('open')));
    await Promise.all(both.map((window) => window.call('events', 3)));
    await Promise.all(both.map((window) => window.kill()));
    return reasons;
  }

  function check(): void {
    raw((connection) => {
      const version = connection.prepare('PRAGMA user_version').get();
      assert.equal(version?.['user_version'], MIGRATIONS.length);
      assert.equal(connection.prepare('SELECT count(*) AS n FROM runs').get()?.['n'], 1);
      const count = connection.prepare("SELECT count(*) AS n FROM run_events WHERE kind <> 'state'");
      assert.equal(count.get()?.['n'], 6, 'both write to the same file');
    });
  }

  it('migrate an empty file together', async function () {
    this.timeout(60_000);
    for (let round = 0; round < 6; round++) {
      assert.deepEqual(await openTogether(), [null, null]);
      check();
      for (const ending of ['', '-wal', '-shm', '-journal']) {
        rmSync(files.path + ending, { force: true });
      }
    }
  });

  const bad = {
    corrupt: () => writeFileSync(files.path, 'no database at all\n'.repeat(1000)),
    newer: () =>
      raw((connection) => {
        connection.exec(`PRAGMA user_version = ${MIGRATIONS.length + 7}`);
      }),
  };
  for (const [reason, spoil] of Object.entries(bad)) {
    it(`keep a ${reason} file once and share one fresh ledger`, async function () {
      this.timeout(60_000);
      const first = await files.open();
      await first.close();
      for (let round = 1; round <= 5; round++) {
        spoil();
        const reasons = await openTogether();
        assert.deepEqual(reasons.filter((item) => item !== null), [reason]);
        assert.equal(files.asides().length, round);
        check();
      }
    });
  }
});
