import assert from 'node:assert/strict';

import fc from 'fast-check';
import { describe, it } from 'mocha';

import { HINT, nameStrength } from '../../../../src/training/metrics/known-names.ts';
import { MAX_SEARCHED, parseLine } from '../../../../src/training/metrics/parse-line.ts';

import { SAMPLES } from './samples.ts';

describe('parseLine', () => {
  for (const { from, line, tells } of SAMPLES) {
    it(`reads ${from}`, () => {
      const facts = parseLine(line);
      assert.deepEqual(tells === null ? facts : { ...facts, ...tells }, facts);
      assert.equal(facts === null, tells === null);
    });
  }

  it('takes any name of the exact protocol, nested ones joined by a slash', () => {
    const line = JSON.stringify({
      runctl: 1,
      step: 5,
      total_steps: 50,
      epoch: 2,
      total_epochs: 3,
      'anything at all': 1,
      pid: 7,
      deep: { er: { still: -2e-3 } },
      skipped: ['a', null, true, 'text'],
    });
    assert.deepEqual(parseLine(line), {
      kind: 'protocol',
      metrics: [['anything_at_all', 1], ['pid', 7], ['deep/er/still', -0.002]],
      step: 5,
      totalSteps: 50,
      epoch: 2,
      totalEpochs: 3,
      bar: null,
    });
  });

  it('takes an object under "metrics" as the protocol, and nothing beside it', () => {
    const facts = parseLine('{"metrics": {"foo": 1, "step": 9}, "step": 3, "loss": 4}');
    assert.equal(facts?.kind, 'protocol');
    assert.deepEqual(facts.metrics, [['foo', 1], ['step', 9]]);
    assert.equal(facts.step, 3);
  });

  it('does not take another version for the protocol', () => {
    assert.equal(parseLine('{"runctl": 2, "anything": 1}'), null);
  });

  it('refuses steps that are no whole number from 0 up', () => {
    for (const step of ['-1', '1.5', '"7"', 'null', '1e300']) {
      assert.equal(parseLine(`{"runctl":1,"step":${step},"x":1}`)?.step, null, step);
    }
  });

  it('searches no long line, but reads the protocol at any length', () => {
    const filler = 'x'.repeat(MAX_SEARCHED);
    assert.equal(parseLine(`loss=0.5 ${filler}`), null);
    assert.equal(parseLine(`{"loss": 0.5, "a": "${filler}"}`), null);
    const exact = parseLine(`{"runctl":1,"loss":0.5,"a":"${filler}"}`);
    assert.deepEqual(exact?.metrics, [['loss', 0.5]]);
  });

  it('looks closer at every line that names a known metric', () => {
    const names = [
      ...['loss', 'train_loss', 'valAcc', 'learning_rate', 'grad_norm', 'eval/f1', 'top5_acc'],
      ...['mAP', 'val_precision', 'test recall', 'tokens_per_sec', 'ppl', 'mean_reward', 'rougeL'],
    ];
    for (const name of names) {
      assert.equal(nameStrength(name), 'strong', name);
      assert.match(name, HINT);
      assert.equal(parseLine(`${name}=0.25`)?.metrics[0]?.[1], 0.25, name);
    }
  });

  it('reads back what a program prints, in each form', () => {
    const value = fc.double({ noDefaultInfinity: true, noNaN: true });
    fc.assert(
      fc.property(value, fc.nat(), (loss, step) => {
        const expected = [['loss', Number(String(loss))]];
        for (const line of [
          `step=${step} loss=${loss}`,
          `step: ${step}, loss: ${loss}, x`,
          JSON.stringify({ step, loss }).replace(/"loss":-?0[,}]/, '"loss":0}'),
          `{'step': ${step}, 'loss': ${loss}}`,
        ]) {
          const facts = parseLine(line);
          assert.equal(facts?.step, step, line);
          assert.ok(Math.abs((facts.metrics[0]?.[1] ?? NaN) - (expected[0]?.[1] as number)) === 0);
        }
      }),
      { seed: 20260115, numRuns: 300 },
    );
  });

  it('never throws and never takes long, whatever the line', () => {
    const words = fc.constantFrom(
      ...['loss', ' ', '=', ':', '[', ']', '1/2', 'e', '|', "'", '{', '9', '%|'],
    );
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: words, maxLength: 200 })), (line) => {
        parseLine(line);
      }),
      { seed: 20260115, numRuns: 2000 },
    );
    const nasty = [
      ...['a '.repeat(2000), 'loss '.repeat(800), 'loss' + ' '.repeat(4000)],
      ...['[1/2 '.repeat(800), 'epoch ' + '1'.repeat(4000), '%|'.repeat(2000) + 'loss'],
    ];
    for (const line of nasty) {
      const start = performance.now();
      parseLine(line);
      parseLine(`{'${line}`);
      assert.ok(performance.now() - start < 200, `${line.slice(0, 20)}… took too long`);
    }
  });
});
