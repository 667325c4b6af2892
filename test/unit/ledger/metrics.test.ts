import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { newRunId, type RunId } from '../../../src/core/ids.ts';
import type { MetricPoint } from '../../../src/core/model/records.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { BLOCK_POINTS, GROUP_POINTS, RAW_POINTS } from '../../../src/ledger/metric-thinning.ts';
import type { LogCursor } from '../../../src/ledger/metrics.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NOW, sampleRun } from '../../support/samples.ts';

function point(name: string, value: number, step: number | null = null): MetricPoint {
  return { name, value, step, at: NOW + (step ?? 0) };
}

function at(offset: number): LogCursor {
  return { identity: 'file', offset };
}

describe('metrics in the ledger', () => {
  let files: LedgerFiles;
  let ledger: Ledger;
  const { id } = sampleRun();

  beforeEach(async () => {
    files = new LedgerFiles();
    ledger = await files.open();
    await ledger.runs.insert(sampleRun());
  });

  afterEach(() => files.dispose());

  async function store(points: readonly MetricPoint[], runId: RunId = id): Promise<void> {
    const from = await ledger.metrics.cursor(runId);
    await ledger.metrics.append(runId, points, { from, to: at((from?.offset ?? 0) + 1) });
  }

  function raw(sql: string): Record<string, unknown>[] {
    const connection = new DatabaseSync(files.path);
    try {
      return connection.prepare(sql).all();
    } finally {
      connection.close();
    }
  }

  it('come with the position of the log they reach', async () => {
    assert.equal(await ledger.metrics.cursor(id), null);
    await ledger.metrics.append(id, [point('loss', 1, 1)], { from: null, to: at(10) });
    assert.deepEqual(await ledger.metrics.cursor(id), at(10));
    await ledger.metrics.append(id, [], { from: at(10), to: at(30) });
    assert.deepEqual(await ledger.metrics.cursor(id), at(30));
  });

  it('grow thin with age, and a chart of them looks the same', async function () {
    this.timeout(20_000);
    const total = RAW_POINTS + 21 * BLOCK_POINTS;
    const valueAt = (step: number): number =>
      step === 777 ? NaN : step === 12_345 ? 9 : Math.sin(step / 1000) + ((step * 7919) % 101) / 1000;
    for (let first = 0; first < total; first += 10_000) {
      const count = Math.min(10_000, total - first);
      await store(Array.from({ length: count }, (_, index) => point('loss', valueAt(first + index), first + index)));
    }
    const kept = raw('SELECT ordinal FROM metric_points ORDER BY ordinal').map(({ ordinal }) => Number(ordinal));
    const old = kept.filter((ordinal) => ordinal < 20 * BLOCK_POINTS);
    assert.ok(old.length <= (20 * BLOCK_POINTS * 4) / GROUP_POINTS, String(old.length));
    assert.ok(old.includes(777) && old.includes(12_345));
    assert.equal(kept.length - old.length, RAW_POINTS + BLOCK_POINTS, 'the newest are all there');
    const series = await ledger.metrics.series(id);
    assert.deepEqual([series[0]?.points, series[0]?.highest], [total, 9]);
    const buckets = await ledger.metrics.chart(id, 'loss', 100);
    assert.equal(buckets.length, 100);
    for (const [index, bucket] of buckets.entries()) {
      const from = Math.ceil((index * total) / 100);
      const to = Math.ceil(((index + 1) * total) / 100);
      const values = Array.from({ length: to - from }, (_, step) => valueAt(from + step)).filter((value) => !Number.isNaN(value));
      // A bucket may begin within a group: what stands for the group is then in its neighbour.
      assert.ok(Math.abs(bucket.max - Math.max(...values)) < 0.2, `max of ${index}`);
      assert.ok(Math.abs(bucket.min - Math.min(...values)) < 0.2, `min of ${index}`);
    }
    const steps = await ledger.metrics.recentSteps(id, 50);
    assert.equal(steps.length, 50);
    assert.ok(steps.every(({ step }, index) => index === 0 || step > (steps[index - 1]?.step ?? 0)));
  });

  it('leave the file as small as before once their run is deleted', async function () {
    this.timeout(20_000);
    const pages = (): number => Number(raw('PRAGMA page_count')[0]?.['page_count']);
    const ended = newRunId(NOW);
    await ledger.runs.insert(sampleRun({ id: ended, state: 'succeeded' }));
    const before = pages();
    for (let first = 0; first < 60_000; first += 10_000) {
      await store(Array.from({ length: 10_000 }, (_, index) => point('loss', index, first + index)), ended);
    }
    assert.ok(pages() > before + 300);
    await ledger.runs.delete(ended);
    assert.ok(pages() < before + 20, `${pages()} pages, ${before} before`);
  });

  it('of one piece of a log are stored once, however many read it', async () => {
    const other = await files.open();
    const move = { from: null, to: at(10) };
    const results = await Promise.allSettled([
      ledger.metrics.append(id, [point('loss', 1)], move),
      other.metrics.append(id, [point('loss', 1)], move),
    ]);
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const series = await ledger.metrics.series(id);
    assert.equal(series[0]?.points, 1);
    for (const from of [null, at(9), { identity: 'another', offset: 10 }]) {
      await assert.rejects(ledger.metrics.append(id, [point('x', 1)], { from, to: at(20) }), {
        code: 'cursor-moved',
      });
    }
    assert.equal((await ledger.metrics.series(id)).length, 1);
  });

  it('are refused for a run that is not there', async () => {
    await assert.rejects(store([point('loss', 1)], newRunId(7)), { code: 'run-not-found' });
  });

  it('are summed up by series in the order these appeared', async () => {
    await store([point('loss', 3, 1), point('acc', 0.5, 1), point('loss', 5, 2)]);
    await store([point('loss', 4, 3)]);
    assert.deepEqual(await ledger.metrics.series(id), [
      { name: 'loss', points: 3, lowest: 3, highest: 5, last: point('loss', 4, 3) },
      { name: 'acc', points: 1, lowest: 0.5, highest: 0.5, last: point('acc', 0.5, 1) },
    ]);
    const latest = await ledger.metrics.latest(id);
    assert.deepEqual(latest, [point('loss', 4, 3), point('acc', 0.5, 1)]);
  });

  it('keep a loss that is not a number or infinite', async () => {
    await store([point('loss', NaN, 1)]);
    const [before] = await ledger.metrics.series(id);
    assert.deepEqual([before?.lowest, before?.highest], [null, null]);
    assert.ok(Number.isNaN(before?.last.value));
    await store([point('loss', 2, 2), point('loss', Infinity, 3), point('loss', NaN, 4)]);
    await store([point('loss', NaN, 5)]);
    const [after] = await ledger.metrics.series(id);
    assert.deepEqual([after?.lowest, after?.highest], [2, Infinity]);
    const chart = await ledger.metrics.chart(id, 'loss', 10);
    assert.deepEqual(
      chart.map(({ last }) => last),
      [NaN, 2, Infinity, NaN, NaN],
    );
  });

  it('tell the newest steps of the fullest series that has any', async () => {
    assert.deepEqual(await ledger.metrics.recentSteps(id, 5), []);
    await store([point('stepless', 1), point('stepless', 1), point('stepless', 1)]);
    assert.deepEqual(await ledger.metrics.recentSteps(id, 5), []);
    await store([point('val', 1, 99), point('loss', 1, 1), point('loss', 2, 2), point('loss', 3, 3)]);
    const steps = await ledger.metrics.recentSteps(id, 2);
    assert.deepEqual(steps, [point('loss', 2, 2), point('loss', 3, 3)]);
  });

  it('have no chart for a series nobody wrote', async () => {
    assert.deepEqual(await ledger.metrics.chart(id, 'none', 10), []);
  });

  it('make the buckets a plain loop would make', async () => {
    let count = 0;
    const values = fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(values, fc.integer({ min: 1, max: 90 }), async (list, wanted) => {
        const runId = newRunId(NOW + count++);
        await ledger.runs.insert(sampleRun({ id: runId }));
        await store(list.map((value, step) => point('x', value, step)), runId);
        const chart = await ledger.metrics.chart(runId, 'x', wanted);
        const size = Math.min(wanted, list.length);
        const expected: number[][] = Array.from({ length: size }, () => []);
        for (const [index, value] of list.entries()) {
          expected[Math.floor((index * size) / list.length)]?.push(value);
        }
        let seen = 0;
        // SQLite has no negative zero.
        const plain = (value: number | undefined): number | undefined => value && value + 0;
        assert.deepEqual(
          chart.map(({ min, max, last, step }) => [min, max, last, step].map((v) => v && v + 0)),
          expected.map((part) => {
            seen += part.length;
            return [Math.min(...part), Math.max(...part), part.at(-1), seen - 1].map((v) =>
              plain(v),
            );
          }),
        );
      }),
      { seed: 20260115, numRuns: 100 },
    );
  });

  it('of a long series are read in pieces that fit together', async () => {
    const length = 50_000;
    for (let from = 0; from < length; from += 10_000) {
      await store(Array.from({ length: 10_000 }, (_, index) => point('x', from + index, index)));
    }
    const chart = await ledger.metrics.chart(id, 'x', 7);
    assert.equal(chart.length, 7);
    assert.equal(chart[0]?.min, 0);
    assert.equal(chart.at(-1)?.last, length - 1);
    for (const [index, { min }] of chart.entries()) {
      assert.equal(min, index === 0 ? 0 : (chart[index - 1]?.max ?? 0) + 1);
    }
  });
});
