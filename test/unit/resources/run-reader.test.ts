import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { RunId } from '../../../src/core/ids.ts';
import type { MetricPoint } from '../../../src/core/model/records.ts';
import type { Run } from '../../../src/core/model/run.ts';
import { fromDollars } from '../../../src/core/money.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import type { RunView } from '../../../src/resources/account-snapshot.ts';
import { RunReader } from '../../../src/resources/run-reader.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NOW, sampleCheckpoint, sampleRun } from '../../support/samples.ts';

const IDLE = new Map<string, string>();

describe('RunReader', () => {
  let files: LedgerFiles;
  let ledger: Ledger;
  let clock: FakeClock;
  let reader: RunReader;

  beforeEach(async () => {
    files = new LedgerFiles();
    clock = new FakeClock(NOW);
    ledger = await files.open({ clock });
    reader = new RunReader(ledger, clock);
  });

  afterEach(() => files.dispose());

  const points = (...values: [string, number, number | null][]): MetricPoint[] =>
    values.map(([name, value, step]) => ({ name, value, step, at: NOW }));

  async function append(runId: RunId, added: MetricPoint[], offset: number): Promise<void> {
    const from = await ledger.metrics.cursor(runId);
    await ledger.metrics.append(runId, added, { from, to: { identity: '1:1', offset } });
  }

  it('shows runs newest first, each with its newest values and checkpoints', async () => {
    const older = sampleRun({ id: 'r-older' as RunId, createdAt: NOW - 100_000 });
    const run = sampleRun();
    await ledger.runs.insert(older);
    await ledger.runs.insert(run);
    await append(run.id, points(['loss', 2, 1], ['total_steps', 10, 1], ['loss', 1, 2]), 100);
    const early = sampleCheckpoint({ path: '/c/1', step: 1, modifiedAt: NOW - 2, marks: [] });
    const late = sampleCheckpoint({ path: '/c/2', step: 2, modifiedAt: NOW - 1 });
    await ledger.checkpoints.replace(run.id, [late, early]);
    const [view, other] = await reader.read(new Map([[run.id, 'stopping…']]));
    assert.deepEqual([view?.run.id, other?.run.id], [run.id, older.id]);
    assert.deepEqual([view?.latest['loss']?.value, view?.busy, other?.busy], [1, 'stopping…', null]);
    assert.deepEqual(view?.checkpoints.map(({ path }) => path), ['/c/2', '/c/1']);
    assert.deepEqual([view.progress?.step, view.progress?.total], [2, 10]);
  });

  it('tells the position by whichever series is furthest, not by the fullest', async () => {
    const run = sampleRun();
    await ledger.runs.insert(run);
    const fullest = points(['loss', 3, 80], ['loss', 2, 84], ['loss', 1, 88]);
    const others = points(['total_steps', 100, null], ['val', 1, 100], ['lr', 1, 40]);
    await append(run.id, [...fullest, ...others], 100);
    const [view] = await reader.read(IDLE);
    assert.deepEqual([view?.progress?.step, view?.progress?.fraction], [100, 1]);
  });

  it('sees that a later run wrote over a checkpoint of a run it has read before', async () => {
    const older = sampleRun({ id: 'r-older' as RunId, createdAt: NOW - 100_000, state: 'succeeded' });
    await ledger.runs.insert(older);
    const final = sampleCheckpoint({ path: '/c/final', modifiedAt: NOW - 2 });
    await ledger.checkpoints.replace(older.id, [final]);
    assert.equal((await reader.read(IDLE))[0]?.checkpoints[0]?.overwrittenBy, undefined);
    const run = sampleRun({ name: 'again' });
    await ledger.runs.insert(run);
    await ledger.checkpoints.replace(run.id, [{ ...final, modifiedAt: NOW - 1 }]);
    const [view, other] = await reader.read(IDLE);
    assert.equal(view?.checkpoints[0]?.overwrittenBy, undefined);
    assert.equal(other?.checkpoints[0]?.overwrittenBy?.name, 'again');
  });

  it('counts the cost of an active run up to now, and never below nothing', async () => {
    const run = sampleRun({ rate: fromDollars(3.6), stateSince: NOW - 60_000 });
    await ledger.runs.insert(run);
    const cost = async (): Promise<number | null | undefined> => (await reader.read(IDLE))[0]?.cost;
    assert.equal(await cost(), 60_000);
    clock.jump(-3_600_000);
    assert.equal(await cost(), 0);
    clock.jump(3_600_000 + 1000);
    assert.equal(await cost(), 61_000);
  });

  it('knows no cost when the price is unknown', async () => {
    await ledger.runs.insert(sampleRun({ rate: null }));
    assert.equal((await reader.read(IDLE))[0]?.cost, null);
  });

  it('reads the metrics of an active run anew, and a changed row', async () => {
    const run = sampleRun();
    await ledger.runs.insert(run);
    await reader.read(IDLE);
    await append(run.id, points(['loss', 0.5, 3]), 10);
    assert.equal((await reader.read(IDLE))[0]?.latest['loss']?.value, 0.5);
    await ledger.runs.rename(run.id, 'better', NOW);
    assert.equal((await reader.read(IDLE))[0]?.run.name, 'better');
  });

  const ended = (id: string, createdAt = NOW): Run =>
    sampleRun({ id: id as RunId, createdAt, state: 'succeeded', endedAt: NOW, exitCode: 0 });

  it('keeps the view of an ended run until its row, checkpoints or metrics change', async () => {
    const run = ended('r-1');
    await ledger.runs.insert(run);
    await ledger.runs.insert(ended('r-2', NOW - 1));
    const [first, second] = await reader.read(IDLE);
    assert.ok(first && second);
    let last = first;
    const path = sampleCheckpoint().path;
    for (const [change, seen] of [
      [() => ledger.runs.annotate(run.id, 'kept', NOW), (view: RunView) => view.run.note],
      [
        () => ledger.checkpoints.replace(run.id, [sampleCheckpoint()]),
        (view: RunView) => view.checkpoints.length,
      ],
      [
        () => ledger.checkpoints.settle(run.id, [sampleCheckpoint({ marks: ['final'] })]),
        (view: RunView) => view.checkpoints[0]?.marks.join(),
      ],
      [
        () => ledger.checkpoints.mark(run.id, path, 'protected'),
        (view: RunView) => JSON.stringify(view.checkpoints),
      ],
      [
        () => ledger.checkpoints.mark(run.id, path, 'protected', false),
        (view: RunView) => JSON.stringify(view.checkpoints),
      ],
      [() => ledger.checkpoints.forgetPaths([path]), (view: RunView) => view.checkpoints.length],
      [() => append(run.id, points(['loss', 2, 1]), 10), (view: RunView) => view.latest['loss']?.value],
    ] as const) {
      assert.equal((await reader.read(IDLE))[0], last, 'nothing changed yet');
      await change();
      const [now, other] = await reader.read(IDLE);
      assert.ok(now);
      assert.notEqual(seen(now), seen(last));
      assert.equal(other, second, 'only the changed one is read again');
      last = now;
    }
  });

  it('sees what another window changes, adds and deletes', async () => {
    for (const [id, age] of [['r-1', 3], ['r-2', 2], ['r-3', 1]] as const) {
      await ledger.runs.insert(ended(id, NOW - age));
    }
    const names = async (): Promise<string[]> =>
      (await reader.read(IDLE)).map(({ run, checkpoints }) => `${run.name}:${checkpoints.length}`);
    assert.deepEqual(await names(), ['digits:0', 'digits:0', 'digits:0']);
    const other = await files.open({ clock, owner: 'other' });
    await other.runs.rename('r-3' as RunId, 'third', NOW);
    await other.checkpoints.replace('r-1' as RunId, [sampleCheckpoint()]);
    await other.runs.delete('r-2' as RunId);
    await other.runs.insert({ ...ended('r-4'), name: 'fourth' });
    await other.runs.insert({ ...ended('r-0', NOW - 9), name: 'oldest' });
    assert.deepEqual(await names(), ['fourth:0', 'third:0', 'digits:1', 'oldest:0']);
    const listed = (await ledger.runs.list()).map(({ id }) => id);
    assert.deepEqual((await reader.read(IDLE)).map(({ run }) => run.id), listed);
  });

  it('misses no run when others are deleted and added while it reads all', async () => {
    const total = 450;
    for (let count = 0; count < total; count++) {
      await ledger.runs.insert(ended(`r-${String(count).padStart(4, '0')}`, NOW - count));
    }
    const reading = reader.read(IDLE);
    // Each read answers within a turn or two, so these come between the pages.
    for (let count = 0; count < 5; count++) {
      await ledger.runs.delete(`r-${String(count).padStart(4, '0')}` as RunId);
      await new Promise(setImmediate);
    }
    await ledger.runs.insert(ended('r-new', NOW + 1));
    await reading;
    const listed = (await ledger.runs.list()).map(({ id }) => id);
    assert.equal(listed.length, total - 5 + 1);
    assert.deepEqual((await reader.read(IDLE)).map(({ run }) => run.id), listed);
  });

  it('reads nothing but the changes of thousands of ended runs', async () => {
    const other = await files.open({ clock, owner: 'other' });
    for (let count = 0; count < 2000; count++) {
      await ledger.runs.insert(ended(`r-${count}`, NOW - count));
    }
    const before = await reader.read(IDLE);
    await other.checkpoints.replace('r-1234' as RunId, [sampleCheckpoint()]);
    const after = await reader.read(IDLE);
    const changed = after.filter((view, index) => view !== before[index]);
    assert.deepEqual(changed.map(({ run }) => run.id), ['r-1234']);
  });
});
