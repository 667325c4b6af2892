import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { RunId } from '../../../src/core/ids.ts';
import type { MetricPoint } from '../../../src/core/model/records.ts';
import { fromDollars } from '../../../src/core/money.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
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

  it('reads the metrics of an active run anew, and the row when told', async () => {
    const run = sampleRun();
    await ledger.runs.insert(run);
    await reader.read(IDLE);
    await append(run.id, points(['loss', 0.5, 3]), 10);
    assert.equal((await reader.read(IDLE))[0]?.latest['loss']?.value, 0.5);
    await ledger.runs.rename(run.id, 'better', NOW);
    reader.invalidate();
    assert.equal((await reader.read(IDLE))[0]?.run.name, 'better');
  });

  it('keeps the view of an ended run until its row or its checkpoints change', async () => {
    const run = sampleRun({ state: 'succeeded', endedAt: NOW, exitCode: 0 });
    await ledger.runs.insert(run);
    const [first] = await reader.read(IDLE);
    reader.invalidate();
    assert.equal((await reader.read(IDLE))[0], first);
    await ledger.runs.annotate(run.id, 'kept', NOW);
    reader.invalidate();
    assert.equal((await reader.read(IDLE))[0]?.run.note, 'kept');
    await ledger.checkpoints.replace(run.id, [sampleCheckpoint()]);
    reader.invalidateEnded();
    assert.equal((await reader.read(IDLE))[0]?.checkpoints.length, 1);
  });
});
