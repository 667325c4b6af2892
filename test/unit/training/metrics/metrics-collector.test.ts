import assert from 'node:assert/strict';

import fc from 'fast-check';
import { describe, it } from 'mocha';

import type { MetricPoint } from '../../../../src/core/model/records.ts';
import { LineSplitter } from '../../../../src/training/log/line-splitter.ts';
import {
  EPOCH,
  MetricsCollector,
  TOTAL_STEPS,
  type MetricsOptions,
} from '../../../../src/training/metrics/metrics-collector.ts';
import { cutAt } from '../log/support.ts';

import { SAMPLES } from './samples.ts';
import { linesOf } from './support.ts';

describe('MetricsCollector', () => {
  it('gives points with their step and time, and the total as a series', () => {
    const collector = new MetricsCollector();
    const lines = linesOf('step=1 total_steps=10 loss=0.5\nstep=2 loss=0.4\n');
    const points = collector.take(lines, 7000);
    assert.deepEqual(points, [
      { name: 'loss', value: 0.5, step: 1, at: 7000 },
      { name: TOTAL_STEPS, value: 10, step: 1, at: 7000 },
      { name: 'loss', value: 0.4, step: 2, at: 7000 },
    ]);
    assert.deepEqual(collector.place, { step: 2, total: 10, epoch: null, totalEpochs: null });
  });

  it('goes on counting where the bar of the next epoch starts again', () => {
    const text = [
      'Epoch 1/3\n1/2 [=>..] - loss: 5\r2/2 [====] - loss: 4\n',
      'Epoch 2/3\n1/2 [=>..] - loss: 3\r2/2 [====] - loss: 2 - val_loss: 9\n',
    ].join('');
    const collector = new MetricsCollector();
    const points = collector.take(linesOf(text), 0);
    assert.deepEqual(steps(points, 'loss'), [[1, 5], [2, 4], [3, 3], [4, 2]]);
    assert.deepEqual(steps(points, 'val_loss'), [[4, 9]]);
    assert.deepEqual(collector.place, { step: 4, total: 6, epoch: 2, totalEpochs: 3 });
  });

  it('keeps the epoch as a series that has a point where it changes', () => {
    const collector = new MetricsCollector({ maxSeries: 1 });
    const lines = 'Epoch 1/3\nstep=1 loss=4\nstep=2 loss=3\nstep=3 epoch=2 loss=2\n';
    const points = collector.take(linesOf(lines), 0);
    assert.deepEqual(steps(points, EPOCH), [[1, 1], [3, 2]]);
    const later = new MetricsCollector({ known: points, maxSeries: 1 });
    const more = later.take(linesOf('step=4 epoch=2 loss=2\nstep=5 epoch=3 loss=1\n'), 1);
    assert.deepEqual(steps(more, EPOCH), [[5, 3]]);
    assert.equal(collector.counts.refused + later.counts.refused, 0);
  });

  it('places a training that Lightning resumed in the epoch it goes on with', () => {
    const bar = 'Epoch 2/9:  50%|█| 50/100 [00:01<00:01, 49.9it/s, v_num=0, loss=2.5]\r';
    const collector = new MetricsCollector();
    assert.deepEqual(steps(collector.take(linesOf(bar), 0), 'loss'), [[250, 2.5]]);
    assert.equal(collector.place.total, 1000);
  });

  it('learns from the last epoch whether "Epoch 0/2" were two or three', () => {
    const bar = (epoch: number): string =>
      `Epoch ${epoch}/2:  99%|█| 100/100 [00:01<00:01, 49.9it/s, loss=2.${epoch}]\n`;
    const collector = new MetricsCollector();
    collector.take(linesOf(bar(0) + bar(1)), 0);
    assert.deepEqual([collector.place.step, collector.place.total], [200, 200]);
    collector.take(linesOf(bar(2)), 0);
    assert.deepEqual([collector.place.step, collector.place.total], [300, 300]);
  });

  it('places a resumed training in the epoch it goes on with', () => {
    const collector = new MetricsCollector();
    const text = 'Epoch [4/5], Step [100/600], Loss: 0.3\nEpoch [5/5], Step [100/600], Loss: 0.2\n';
    assert.deepEqual(steps(collector.take(linesOf(text), 0), 'Loss'), [[1900, 0.3], [2500, 0.2]]);
    assert.equal(collector.place.total, 3000);
  });

  it('does not guess the end when the number of epochs is unknown', () => {
    const collector = new MetricsCollector();
    const bar = (epoch: number, at: number): string =>
      `Epoch ${epoch}:  50%|█| ${at}/100 [00:01<00:01, 49.9it/s, loss=2.${at}]\r`;
    const points = collector.take(linesOf(bar(0, 50) + bar(0, 100) + bar(1, 50)), 0);
    assert.deepEqual(steps(points, 'loss').map(([step]) => step), [50, 100, 150]);
    assert.equal(collector.place.total, null);
    assert.deepEqual(steps(points, TOTAL_STEPS), []);
  });

  it('goes on from what an earlier reader stored', () => {
    const known = [
      { name: 'val_loss', value: 2, step: 200, at: 10 },
      { name: 'loss', value: 1, step: 250, at: 20 },
      { name: TOTAL_STEPS, value: 500, step: 250, at: 20 },
    ];
    const collector = new MetricsCollector({ known, maxSeries: 2 });
    const text = [
      'loss: 0.9 acc: 0.1\n',
      '60/100 [====] - loss: 0.8\r100/100 [====] - loss: 0.7\n',
      '1/100 [>....] - loss: 0.6\n',
    ].join('');
    const points = collector.take(linesOf(text), 30);
    assert.deepEqual(steps(points, 'loss'), [[250, 0.9], [260, 0.8], [300, 0.7], [301, 0.6]]);
    assert.equal(points.length, 4);
    assert.equal(collector.counts.refused, 1);
  });

  it('takes a total back that turns out to be that of one epoch', () => {
    const collector = new MetricsCollector();
    const bar = (at: number): string => `  4%|▍    | ${at}/100 [00:03<01:12,  9.9it/s]\r`;
    const points = collector.take(linesOf(bar(99) + bar(100) + bar(1)), 0);
    assert.deepEqual(steps(points, TOTAL_STEPS), [[99, 100], [101, NaN]]);
  });

  it('leaves evaluation and download bars out of the step', () => {
    const collector = new MetricsCollector();
    const bar = (at: number, total: number, rate = '9.9it/s', label = ''): string =>
      `${label}  4%|▍    | ${at}/${total} [00:03<01:12,  ${rate}]\r`;
    const text = [
      bar(9_000_000, 9_912_422, '12.1MB/s', 'data'),
      bar(5, 500) + bar(10, 500),
      bar(1, 20) + bar(20, 20),
      bar(3, 900, '9.9it/s', 'Map:'),
      "{'eval_loss': 0.5, 'epoch': 0.02}\n",
      bar(11, 500),
    ].join('');
    const points = collector.take(linesOf(text), 0);
    assert.deepEqual(steps(points, 'eval_loss'), [[10, 0.5]]);
    assert.deepEqual(collector.place, { step: 11, total: 500, epoch: 0.02, totalEpochs: null });
  });

  it('counts epochs where nothing else is told', () => {
    const collector = new MetricsCollector();
    const points = collector.take(linesOf('Epoch 1/3 loss=3\nEpoch 2/3 loss=2\n'), 0);
    assert.deepEqual(steps(points, 'loss'), [[1, 3], [2, 2]]);
    assert.equal(collector.place.total, 3);
  });

  it('forgets the number of epochs as a total when steps are told after all', () => {
    const collector = new MetricsCollector();
    const points = collector.take(linesOf('Epoch 1/3\nstep=1 loss=4\nstep=2 loss=3\n'), 0);
    assert.deepEqual(steps(points, 'loss'), [[1, 4], [2, 3]]);
    assert.deepEqual(steps(points, TOTAL_STEPS).map(([, total]) => total), [3, NaN]);
    const told = new MetricsCollector();
    told.take(linesOf('total_steps=30\nEpoch 1/3\nstep=1 loss=4\n'), 0);
    assert.equal(told.place.total, 30);
  });

  it('prefers a total the log tells to one worked out from the bar of an epoch', () => {
    const bar = (at: number): string => `Epoch 0:  5%|█| ${at}/100 [00:01<00:01, 49.9it/s]\r`;
    const collector = new MetricsCollector();
    collector.take(linesOf(`total_steps=1000\n${bar(99)}${bar(3)}`), 0);
    assert.deepEqual([collector.place.step, collector.place.total], [103, 1000]);
  });

  it('does not take the same values of a bar twice', () => {
    const bar = '2/2 [====] - loss: 4';
    const points = new MetricsCollector().take(linesOf(`${bar}\r${bar}\r${bar}\n`), 0);
    assert.deepEqual(steps(points, 'loss'), [[2, 4]]);
  });

  it('takes at most 50 series by known names, and the protocol without a cap', () => {
    const collector = new MetricsCollector();
    const guessed = Array.from({ length: 60 }, (_, index) => `loss_${index}=1\n`).join('');
    assert.equal(collector.take(linesOf(guessed + guessed), 0).length, 100);
    assert.equal(collector.counts.refused, 20);
    const exact = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`n${index}`, 1]));
    assert.equal(collector.take(linesOf(JSON.stringify({ metrics: exact })), 0).length, 80);
    assert.equal(collector.counts.refused, 20);
  });

  it('keeps NaN and infinite values, which are news, and counts them', () => {
    const collector = new MetricsCollector();
    const points = collector.take(linesOf('step=1 loss=nan\nstep=2 loss=-inf\n'), 0);
    assert.deepEqual(steps(points, 'loss'), [[1, NaN], [2, -Infinity]]);
    assert.equal(collector.counts.nonFinite, 2);
  });

  it('counts a backlog as read at one moment', () => {
    const collector = new MetricsCollector();
    const times = [
      ...collector.take(linesOf('step=1 loss=3\n'), 1000, false),
      ...collector.take(linesOf('step=900 loss=3\n'), 1400, false),
      ...collector.take(linesOf('step=901 loss=3\n'), 5000, true),
      ...collector.take(linesOf('step=999 loss=3\n'), 6000, false),
    ].map((point) => point.at);
    assert.deepEqual(times, [1000, 1000, 5000, 6000]);
  });

  it('tells the progress now and then where there are no metrics', () => {
    const collector = new MetricsCollector();
    const bar = (at: number): string => `  4%|▍ | ${at}/500 [00:03<01:12,  6.6it/s]\r`;
    const points = Array.from({ length: 51 }, (_, turn) =>
      collector.take(linesOf(bar(turn)), 50_000 + turn * 200),
    ).flat();
    assert.deepEqual(
      steps(points, TOTAL_STEPS),
      [0, 10, 20, 30, 40, 50].map((step) => [step, 500]),
    );
  });

  it("prefers the user's pattern and still reads the other lines", () => {
    const points = take('a loss=9 b 1\nloss=2\n', { pattern: String.raw`b (?<b>\d)` });
    assert.deepEqual(points.map(({ name, value }) => [name, value]), [['b', 1], ['loss', 2]]);
    const broken = new MetricsCollector({ pattern: '(' });
    assert.notEqual(broken.problem, null);
    assert.equal(broken.take(linesOf('loss=2\n'), 0).length, 1);
  });

  it('reads nothing out of the pieces of a line too long for memory', () => {
    const long = `loss=1 ${'x'.repeat(64 * 1024)} loss=2\nloss=3\n`;
    assert.deepEqual(take(long).map((point) => point.value), [3]);
  });

  it('gives the same points wherever the chunks are cut', () => {
    const line = fc.constantFrom(...SAMPLES.map((sample) => sample.line), 'plain text', '');
    const end = fc.constantFrom('\n', '\r', '\r\n');
    fc.assert(
      fc.property(fc.array(fc.tuple(line, end)), fc.array(fc.nat()), (parts, cuts) => {
        const data = Buffer.from(parts.map(([text, stop]) => text + stop).join(''));
        const splitter = new LineSplitter();
        const collector = new MetricsCollector();
        const points = cutAt(data, cuts).flatMap((c) => collector.take(splitter.push(c), 0));
        points.push(...collector.take(splitter.end(), 0));
        assert.deepEqual(points, take(data.toString()));
      }),
      { seed: 20260115, numRuns: 200 },
    );
  });
});

function take(text: string, options?: MetricsOptions): MetricPoint[] {
  return new MetricsCollector(options).take(linesOf(text), 0);
}

function steps(points: readonly MetricPoint[], name: string): [number | null, number][] {
  return points.filter((point) => point.name === name).map(({ step, value }) => [step, value]);
}
