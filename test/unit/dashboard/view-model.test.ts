import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RunState } from '../../../src/core/model/run.ts';
import type { MicroDollars } from '../../../src/core/money.ts';
import type { RunView } from '../../../src/resources/account-snapshot.ts';
import { NO_CHART_DATA } from '../../../src/ui/dashboard/chart-model.ts';
import { dashboardModel, MAX_ROWS, rowsOf, totalsOf } from '../../../src/ui/dashboard/view-model.ts';
import { busyRuns, manyRuns, runView, snapshotOf } from '../../support/dashboard/samples.ts';
import { NOW, sampleCheckpoint } from '../../support/samples.ts';

const BUSY = snapshotOf(busyRuns());
const rowNamed = (name: string, now = NOW) => rowsOf(BUSY, now).find((row) => row.name === name);
const local = (value: number) => value.toLocaleString();
const tile = (id: string, snapshot = BUSY) =>
  totalsOf(snapshot, NOW).tiles.find((one) => one.id === id);

describe('a run as a row of the dashboard', () => {
  it('tells all of a running one', () => {
    const row = rowNamed('digits-cosine');
    assert.ok(row);
    assert.deepEqual(
      [row.stateText, row.machine, row.durationText, row.costText, row.lossText, row.progressText,
        row.stepText, row.etaText, row.checkpoints, row.checkpointsText, row.canStop, row.canResume],
      ['running', 'This computer', '52m', '$0.41', '0.1642', '68%',
        `step ${local(12_400)} of ${local(18_000)}`, '26m left', 3, `step ${local(12_000)}`,
        true, false],
    );
  });

  it('lets time run only for what runs', () => {
    assert.equal(rowNamed('digits-cosine', NOW + 60_000)?.durationText, '53m');
    assert.equal(rowNamed('resnet-warmup', NOW + 60_000)?.durationText, '1h 04m');
    assert.deepEqual(rowNamed('digits-cosine', NOW + 999), rowNamed('digits-cosine'));
  });

  it('never shows an unknown cost as nothing', () => {
    const row = rowNamed('night-run');
    assert.deepEqual([row?.cost, row?.costText], [null, 'unknown']);
  });

  it('says that a loss is no number, and sorts it as unknown', () => {
    const row = rowNamed('lr-sweep-1e-2');
    assert.deepEqual([row?.loss, row?.lossText], [null, 'NaN']);
  });

  it('shows no part of the way for what succeeded, and where it stood for what did not', () => {
    const text = (state: RunState, step: number) => {
      const view = runView({ name: 'x', state, minutesAgo: 9, minutes: 1, step, total: 1000 });
      return rowsOf(snapshotOf([view]), NOW)[0]?.progressText;
    };
    assert.equal(text('succeeded', 880), 'step 880');
    assert.equal(text('succeeded', 1000), '100%');
    assert.equal(text('failed', 880), '88%');
    assert.equal(text('stopped', 120), '12%');
  });

  it('offers to resume only what has a whole checkpoint', () => {
    assert.equal(rowNamed('resnet-warmup')?.canResume, true);
    assert.equal(rowNamed('lr-sweep-1e-2')?.canResume, false);
    const half = runView({ name: 'half', state: 'failed', minutesAgo: 9, minutes: 1 });
    const checkpoints = [sampleCheckpoint({ complete: false, marks: [] })];
    const [row] = rowsOf(snapshotOf([{ ...half, checkpoints }]), NOW);
    assert.deepEqual([row?.canResume, row?.checkpointsText], [false, '1 being written']);
  });

  it('counts no checkpoint that another run wrote over', () => {
    const view = runView({ name: 'old', state: 'succeeded', minutesAgo: 9, minutes: 1 });
    const over = { overwrittenBy: { runId: view.run.id, name: 'young' } };
    const checkpoints = [{ ...sampleCheckpoint({ marks: [] }), ...over }];
    const snapshot = snapshotOf([{ ...view, checkpoints }]);
    const [row] = rowsOf(snapshot, NOW);
    assert.deepEqual([row?.checkpoints, row?.checkpointsCountText, row?.canResume], [0, '', false]);
    assert.equal(tile('checkpoints', snapshot)?.value, '0');
  });

  it('does not offer to stop what is stopping, and shows what is being done', () => {
    const view = runView({ name: 'x', state: 'stopping', minutesAgo: 9 });
    const [row] = rowsOf(snapshotOf([{ ...view, busy: 'Stopping…' }]), NOW);
    assert.deepEqual([row?.canStop, row?.stateText], [false, 'Stopping…']);
  });

  it('finds a validation loss when there is no plain one', () => {
    const view = runView({ name: 'x', state: 'running', minutesAgo: 9 });
    const point = { name: 'val/loss', value: 0.5, step: 1, at: NOW };
    const latest = { accuracy: { ...point, name: 'accuracy', value: 0.9 }, 'val/loss': point };
    assert.equal(rowsOf(snapshotOf([{ ...view, latest }]), NOW)[0]?.loss, 0.5);
  });

  it('has plain data alone, which survives the way to the page', () => {
    const model = dashboardModel(BUSY, [], NO_CHART_DATA, NOW);
    assert.deepEqual(JSON.parse(JSON.stringify(model)), model);
  });
});

describe('the totals of the dashboard', () => {
  it('count runs, money and checkpoints', () => {
    assert.deepEqual(tile('active')?.value, '3');
    assert.deepEqual([tile('rate')?.value, tile('rate')?.detail], ['$0.48/h', '1 billed now']);
    assert.deepEqual([tile('cost')?.value, tile('cost')?.detail], ['$4.77', 'and 1 of unknown cost']);
    assert.deepEqual([tile('checkpoints')?.value, tile('checkpoints')?.detail], ['9', '434 MB on disk']);
  });

  it('say unknown when no price is known', () => {
    const [view] = busyRuns().filter(({ run }) => run.name === 'night-run');
    assert.ok(view);
    assert.equal(tile('cost', snapshotOf([view]))?.value, 'unknown');
    const active = runView({ name: 'x', state: 'running', minutesAgo: 1, cost: null });
    const run = { ...active.run, rate: null };
    const snapshot = { ...snapshotOf([{ ...active, run }]), providers: [] };
    assert.equal(tile('rate', snapshot)?.value, 'unknown');
    assert.equal(tile('rate', snapshot)?.detail, '1 in use, its price is unknown');
  });

  it('never call a machine billed that costs nothing', () => {
    const free = (name: string, machine: string) => {
      const view = runView({ name, state: 'running', minutesAgo: 1, cost: 0 });
      return { ...view, run: { ...view.run, machine, rate: 0 as MicroDollars } };
    };
    const rate = (...views: readonly RunView[]) =>
      tile('rate', { ...snapshotOf(views), providers: [] });
    assert.equal(rate(free('x', 'a'))?.value, '$0.00/h');
    assert.equal(rate(free('x', 'a'))?.detail, '1 machine in use, nothing billed');
    assert.equal(rate(free('x', 'a'), free('y', 'b'))?.detail, '2 machines in use, nothing billed');
    assert.equal(rate()?.detail, 'nothing billed');
  });

  it('count a file once that two runs of one directory see', () => {
    const [first, second] = busyRuns().filter(({ checkpoints }) => checkpoints.length === 2);
    assert.ok(first && second);
    const both = snapshotOf([first, { ...second, checkpoints: first.checkpoints }]);
    assert.equal(tile('checkpoints', both)?.value, '2');
  });

  it('speak of counts alone, so that they are silent while figures tick', () => {
    const later = snapshotOf(
      busyRuns().map((view) => ({ ...view, cost: ((view.cost ?? 0) + 1) as MicroDollars })),
    );
    assert.equal(totalsOf(BUSY, NOW).spoken, totalsOf(later, NOW + 60_000).spoken);
    assert.equal(totalsOf(BUSY, NOW).spoken, 'Active runs: 3, ended: 4, of these failed: 2');
  });

  it('tell of providers that fail or have fallen silent', () => {
    const [local] = BUSY.providers;
    assert.ok(local);
    const problems = (part: Partial<typeof local>) =>
      totalsOf({ ...BUSY, providers: [{ ...local, ...part }] }, NOW).problems;
    assert.deepEqual(problems({}), []);
    assert.match(problems({ problem: 'No answer.' })[0] ?? '', /This computer: No answer\..*just now/);
    assert.match(problems({ seenAt: NOW - 600_000 })[0] ?? '', /last seen 10m ago/);
    assert.deepEqual(problems({ problem: 'No answer.', seenAt: null }), ['This computer: No answer.']);
  });

  it('list the newest runs and every active one, and say how many are not listed', () => {
    const old = runView({ name: 'marathon', state: 'running', minutesAgo: 99_999 });
    const snapshot = snapshotOf([...manyRuns(MAX_ROWS + 5), old]);
    const rows = rowsOf(snapshot, NOW);
    assert.equal(rows.length, MAX_ROWS + 1);
    assert.equal(rows.at(-1)?.name, 'marathon');
    assert.equal(totalsOf(snapshot, NOW).notListed, '5 older runs are not listed.');
  });
});
