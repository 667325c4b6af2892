import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { RunId } from '../../../src/core/ids.ts';
import type { MicroDollars } from '../../../src/core/money.ts';
import type { Ledger, LedgerChange } from '../../../src/ledger/ledger.ts';
import type { SeenResource } from '../../../src/ledger/resources.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NOW, sampleCheckpoint, sampleRun } from '../../support/samples.ts';

const { id } = sampleRun();
const RATE = 2_000_000 as MicroDollars;

let files: LedgerFiles;
let ledger: Ledger;
let clock: FakeClock;

async function open(): Promise<void> {
  files = new LedgerFiles();
  clock = new FakeClock();
  ledger = await files.open({ clock });
  await ledger.runs.insert(sampleRun());
}

function pod(changes: Partial<SeenResource> = {}): SeenResource {
  return {
    provider: 'cloud',
    id: 'pod-1',
    kind: 'pod',
    name: 'p',
    state: 'running',
    rate: RATE,
    facts: { gpu: 'H100' },
    ...changes,
  };
}

describe('checkpoints in the ledger', () => {
  beforeEach(open);
  afterEach(() => files.dispose());

  const stored = { protected: false, resumedFrom: false };

  it('are the set that was found last', async () => {
    const first = sampleCheckpoint({ path: '/c/1', modifiedAt: NOW, step: 0.5, marks: [] });
    const second = sampleCheckpoint({ path: '/c/2', modifiedAt: NOW + 1, clockAhead: -3_600_000 });
    await ledger.checkpoints.replace(id, [second, first]);
    assert.deepEqual(await ledger.checkpoints.list(id), [
      { ...first, ...stored },
      { ...second, ...stored },
    ]);
    await ledger.checkpoints.replace(id, [{ ...second, size: 7 }]);
    assert.deepEqual(await ledger.checkpoints.list(id), [{ ...second, ...stored, size: 7 }]);
  });

  it('keep their guards while one listing misses them', async () => {
    const checkpoint = sampleCheckpoint();
    await ledger.checkpoints.mark(id, checkpoint.path, 'protected');
    await ledger.checkpoints.mark(id, checkpoint.path, 'resumedFrom');
    await ledger.checkpoints.replace(id, [checkpoint]);
    await ledger.checkpoints.replace(id, []);
    await ledger.checkpoints.replace(id, [checkpoint]);
    const [found] = await ledger.checkpoints.list(id);
    assert.deepEqual([found?.protected, found?.resumedFrom], [true, true]);
    await ledger.checkpoints.mark(id, checkpoint.path, 'protected', false);
    const [lifted] = await ledger.checkpoints.list(id);
    assert.deepEqual([lifted?.protected, lifted?.resumedFrom], [false, true]);
  });
});

describe('checkpoints of several runs in the ledger', () => {
  const other = sampleRun({ id: 'r0mf3k2p1b-0123456789' as RunId });

  beforeEach(async () => {
    await open();
    await ledger.runs.insert(other);
  });
  afterEach(() => files.dispose());

  it('are forgotten by path in every run, and no others', async () => {
    const all = ['/c/1', '/c/2', '/c/3'].map((path) => sampleCheckpoint({ path }));
    await ledger.checkpoints.replace(id, all);
    await ledger.checkpoints.replace(other.id, all.slice(1).map((c) => ({ ...c, runId: other.id })));
    await ledger.checkpoints.forgetPaths(['/c/2', '/c/9']);
    const paths = async (run: RunId): Promise<string[]> =>
      (await ledger.checkpoints.list(run)).map(({ path }) => path);
    assert.deepEqual(await paths(id), ['/c/1', '/c/3']);
    assert.deepEqual(await paths(other.id), ['/c/3']);
  });

  it('list their guards together, those lifted left out', async () => {
    await ledger.checkpoints.mark(id, '/c/1', 'protected');
    await ledger.checkpoints.mark(other.id, '/c/2', 'resumedFrom');
    await ledger.checkpoints.mark(other.id, '/c/3', 'protected');
    await ledger.checkpoints.mark(other.id, '/c/3', 'protected', false);
    const guards = [...(await ledger.checkpoints.guards())];
    assert.deepEqual(guards.sort((a, b) => (a.path < b.path ? -1 : 1)), [
      { path: '/c/1', protected: true, resumedFrom: false },
      { path: '/c/2', protected: false, resumedFrom: true },
    ]);
  });
});

describe('resources in the ledger', () => {
  beforeEach(open);
  afterEach(() => files.dispose());

  it('remember when they were seen first and last', async () => {
    await ledger.resources.upsertSeen([pod()], NOW);
    await ledger.resources.upsertSeen([pod({ name: 'renamed' })], NOW + 50);
    const [found] = await ledger.resources.list();
    assert.deepEqual(found, { ...pod({ name: 'renamed' }), firstSeen: NOW, lastSeen: NOW + 50 });
    const intervals = await ledger.intervals.of('cloud:pod-1');
    assert.equal(intervals.length, 1, 'nothing changed that costs');
  });

  it('make an interval of each state and rate', async () => {
    await ledger.resources.upsertSeen([pod()], NOW);
    await ledger.resources.upsertSeen([pod({ rate: null })], NOW + 10);
    await ledger.resources.upsertSeen([pod({ state: 'stopped', rate: null })], NOW + 20);
    assert.equal(await ledger.resources.markGone('cloud', 'pod-1', NOW + 30), true);
    assert.equal(await ledger.resources.markGone('cloud', 'pod-1', NOW + 40), false);
    const intervals = await ledger.intervals.of('cloud:pod-1');
    assert.deepEqual(
      intervals.map(({ state, from, to, rate }) => [state, from - NOW, to && to - NOW, rate]),
      [
        ['running', 0, 10, RATE],
        ['running', 10, 20, null],
        ['stopped', 20, 30, null],
      ],
    );
  });

  it('are listed by provider, those gone only when asked for', async () => {
    await ledger.resources.upsertSeen([pod(), pod({ provider: 'other' })], NOW);
    await ledger.resources.markGone('cloud', 'pod-1', NOW);
    const names = async (filter: object): Promise<string[]> =>
      (await ledger.resources.list(filter)).map(({ provider }) => provider);
    assert.deepEqual(await names({}), ['other']);
    assert.deepEqual(await names({ gone: true }), ['cloud', 'other']);
    assert.deepEqual(await names({ gone: true, provider: 'cloud' }), ['cloud']);
    await ledger.resources.upsertSeen([pod()], NOW + 5);
    assert.deepEqual(await names({}), ['cloud', 'other'], 'back again');
  });
});

describe('intervals in the ledger', () => {
  beforeEach(open);
  afterEach(() => files.dispose());

  it('never overlap, also when the clock was set back', async () => {
    const enter = (state: string, at: number): Promise<void> =>
      ledger.intervals.transition({ subject: 's', state, at, rate: RATE });
    await enter('a', NOW);
    await enter('b', NOW - 500);
    await ledger.intervals.close('s', NOW + 100);
    await ledger.intervals.close('s', NOW + 200);
    await enter('c', NOW + 50);
    const intervals = await ledger.intervals.of('s');
    assert.deepEqual(
      intervals.map(({ state, from, to }) => [state, from - NOW, to && to - NOW]),
      [
        ['a', 0, 0],
        ['b', 0, 100],
        ['c', 100, null],
      ],
    );
  });

  it('are listed by the time they touch', async () => {
    await ledger.intervals.transition({ subject: 's', state: 'a', at: 100, rate: null });
    await ledger.intervals.transition({ subject: 's', state: 'b', at: 200, rate: null });
    const states = async (filter: object): Promise<string[]> =>
      (await ledger.intervals.list(filter))
        .filter(({ subject }) => subject === 's')
        .map(({ state }) => state);
    assert.deepEqual(await states({}), ['a', 'b']);
    assert.deepEqual(await states({ since: 200 }), ['b']);
    assert.deepEqual(await states({ since: 199 }), ['a', 'b']);
    assert.deepEqual(await states({ until: 200 }), ['a']);
    assert.deepEqual(await states({ until: 100 }), []);
  });
});

describe('intents in the ledger', () => {
  beforeEach(open);
  afterEach(() => files.dispose());

  const intent = {
    id: 'i',
    kind: 'create-resource',
    subject: 'cloud:x',
    request: { gpu: 1 },
    createdAt: NOW,
  } as const;

  it('are opened once and closed once', async () => {
    await ledger.intents.open(intent);
    await assert.rejects(ledger.intents.open(intent), { kind: 'exists', code: 'intent-exists' });
    assert.equal(await ledger.intents.close('i', 'done', { id: 'pod' }, NOW + 1), true);
    assert.equal(await ledger.intents.close('i', 'failed', {}, NOW + 2), false);
    assert.deepEqual(await ledger.intents.get('i'), {
      ...intent,
      state: 'done',
      outcome: { id: 'pod' },
      closedAt: NOW + 1,
    });
    await assert.rejects(ledger.intents.open(intent), { code: 'intent-exists' });
  });

  it('are listed while nobody knows how they ended, oldest first', async () => {
    await ledger.intents.open({ ...intent, id: 'late', createdAt: NOW + 5 });
    await ledger.intents.open(intent);
    await ledger.intents.open({ ...intent, id: 'ended' });
    await ledger.intents.close('ended', 'failed', {}, NOW);
    const open = await ledger.intents.listOpen();
    assert.deepEqual(open.map((item) => item.id), ['i', 'late']);
  });
});

describe('changes of the ledger', () => {
  beforeEach(open);
  afterEach(() => files.dispose());

  function listen(to: Ledger): string[] {
    const heard: string[] = [];
    to.onDidChange((change: LedgerChange) => {
      heard.push(`${change.own ? 'own' : 'other'}: ${[...change.topics].join(' ')}`);
    });
    return heard;
  }

  async function passTime(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) {
      await clock.advance(200);
    }
  }

  it('are told at once when they are our own', async () => {
    const heard = listen(ledger);
    await ledger.runs.rename(id, 'x', NOW);
    assert.deepEqual(heard, ['own: runs']);
  });

  it('of other windows are told by topic while watched, and not after', async () => {
    const heard = listen(ledger);
    const watch = ledger.watch(200);
    await passTime();
    const other = await files.open();
    await passTime();
    await other.checkpoints.replace(id, [sampleCheckpoint()]);
    await passTime();
    assert.deepEqual(heard, ['other: checkpoints']);
    watch.dispose();
    await other.runs.rename(id, 'x', NOW);
    await passTime();
    assert.equal(heard.length, 1);
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  it('are not told when another window only renews its lease', async () => {
    const heard = listen(ledger);
    const before = await ledger.dataVersion();
    ledger.watch(200);
    await passTime();
    const other = await files.open();
    await other.election.campaign();
    await other.locks.acquire('r');
    await passTime();
    assert.deepEqual(heard, []);
    assert.notEqual(await ledger.dataVersion(), before);
  });

  it('include the loss of the file while watched', async () => {
    const losses: string[] = [];
    ledger.onDidLose((error) => losses.push(error.code));
    ledger.watch(200);
    await passTime();
    assert.deepEqual(losses, []);
    files.remove();
    await passTime();
    assert.deepEqual(losses, ['ledger-gone']);
  });
});

describe('a ledger row no version of ours wrote', () => {
  beforeEach(open);
  afterEach(() => files.dispose());

  it('is refused with the column that cannot be read', async () => {
    for (const [column, value] of [
      ['spec', '{"argv": "no list"}'],
      ['spec', 'not json'],
      ['code', '[]'],
      ['state', 'dancing'],
      ['resumed_from', '{"runId": "NOT AN ID", "checkpointPath": "/c"}'],
    ] as const) {
      const connection = new DatabaseSync(files.path);
      const saved = connection.prepare(`SELECT ${column} AS v FROM runs`).get()?.['v'] ?? null;
      connection.prepare(`UPDATE runs SET ${column} = ?`).run(value);
      await assert.rejects(ledger.runs.list(), { code: 'ledger-malformed' }, `${column}: ${value}`);
      connection.prepare(`UPDATE runs SET ${column} = ?`).run(saved);
      connection.close();
    }
    assert.equal((await ledger.runs.list()).length, 1);
  });
});
