import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { chartsOf, chosenRuns, chosenSeries, thin } from '../../../src/ui/dashboard/chart-model.ts';
import type { SeriesPoint } from '../../../src/ui/dashboard/chart-model.ts';
import type { ChartLine } from '../../../src/ui/dashboard/messages.ts';
import { busyRuns, snapshotOf } from '../../support/dashboard/samples.ts';
import { NOW } from '../../support/samples.ts';

const BUSY = snapshotOf(busyRuns());
const NONE = { runIds: null, series: null };
const point = (step: number | null, value: number, at = NOW): SeriesPoint => ({ step, value, at });

function lineOf(points: readonly SeriesPoint[]): ChartLine | undefined {
  const data = { runId: 'r-digits-cosine', name: 'loss', points };
  const all = { available: ['loss'], series: ['loss'], data: [data], problem: '' };
  return chartsOf(BUSY, ['r-digits-cosine'], all).charts[0]?.lines[0];
}

describe('the choice of what to chart', () => {
  it('begins with the newest active run that has metrics', () => {
    assert.deepEqual(chosenRuns(BUSY, NONE), ['r-digits-cosine']);
    const ended = snapshotOf(busyRuns().filter(({ run }) => run.endedAt !== null));
    assert.deepEqual(chosenRuns(ended, NONE), ['r-lr-sweep-3e-4']);
    assert.deepEqual(chosenRuns(snapshotOf([]), NONE), []);
  });

  it('keeps to what was chosen and exists, up to six', () => {
    const runIds = ['r-gone', 'r-night-run', 'r-night-run', ...BUSY.runs.map(({ run }) => run.id)];
    const chosen = chosenRuns(BUSY, { ...NONE, runIds });
    assert.equal(chosen[0], 'r-night-run');
    assert.equal(chosen.length, 6);
    assert.equal(new Set(chosen).size, 6);
    assert.deepEqual(chosenRuns(BUSY, { ...NONE, runIds: [] }), []);
  });

  it('begins with losses, else the first series', () => {
    assert.deepEqual(chosenSeries(['lr', 'loss', 'glossy', 'val/loss'], NONE), ['loss', 'val/loss']);
    assert.deepEqual(chosenSeries(['lr', 'accuracy'], NONE), ['lr']);
    assert.deepEqual(chosenSeries(['lr', 'loss'], { ...NONE, series: ['gone', 'lr'] }), ['lr']);
    assert.deepEqual(chosenSeries(['lr', 'loss'], { ...NONE, series: [] }), []);
  });
});

describe('a line of a chart', () => {
  it('tells last, lowest and highest of all points, also of those taken together', () => {
    const line = lineOf([{ ...point(1, 2), min: 0.5, max: 9 }, point(2, 1)]);
    assert.deepEqual(
      [line?.lastText, line?.lowestText, line?.highestText], ['1 at step 2', '0.5', '9'],
    );
  });

  it('counts time from the start of the run', () => {
    assert.deepEqual(lineOf([point(1, 2, NOW - 51 * 60_000)])?.elapsed, [60_000]);
    assert.deepEqual(lineOf([point(1, 2, 0)])?.elapsed, [0]);
  });

  it('says from where on it is no number, and leaves a gap there', () => {
    const line = lineOf([point(1, 2), point(20, NaN), point(30, Infinity)]);
    assert.ok(line);
    assert.deepEqual(line.values, [2, null, null]);
    assert.equal(line.problem, 'Not a finite number from step 20');
    assert.equal(line.highestText, '2');
  });

  it('is not there without points, nor is a chart without lines', () => {
    assert.equal(lineOf([]), undefined);
  });
});

describe('thinning a series', () => {
  const values = fc.oneof(fc.double({ min: -5, max: 5, noNaN: true }), fc.constant(NaN));

  it('keeps the ends, the order and every extreme, within the limit', () => {
    const property = fc.property(
      fc.array(values, { minLength: 1, maxLength: 300 }), fc.integer({ min: 4, max: 60 }),
      (list, limit) => {
        const points = list.map((value, index) => point(index, value));
        const kept = thin(points, limit);
        assert.ok(kept.length <= limit);
        assert.equal(kept[0], points[0]);
        assert.equal(kept.at(-1), points.at(-1));
        assert.deepEqual([...kept].sort((a, b) => (a.step ?? 0) - (b.step ?? 0)), kept);
        if (list.every(Number.isFinite)) {
          const range = (some: readonly SeriesPoint[]) =>
            [Math.min(...some.map((p) => p.value)), Math.max(...some.map((p) => p.value))];
          assert.deepEqual(range(kept), range(points));
        } else {
          assert.ok(kept.some(({ value }) => Number.isNaN(value)), 'NaN is news');
        }
      },
    );
    fc.assert(property, { seed: 30, numRuns: 400 });
  });
});
