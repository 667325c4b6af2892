import assert from 'node:assert/strict';

import { describe, it } from 'mocha';

import { UserPattern } from '../../../../src/training/metrics/user-pattern.ts';

describe('UserPattern', () => {
  it('takes the step and every other named group', () => {
    const pattern = new UserPattern(
      String.raw`it (?<step>\d+)/(?<total_steps>\d+) \| ` +
        String.raw`train (?<loss>[\d.]+) \| val (?<val__loss>\S+)`,
    );
    const [facts, none] = pattern.match(['it 7/90 | train 0.5 | val nan', 'it is late']);
    assert.deepEqual(facts?.metrics, [['loss', 0.5], ['val/loss', NaN]]);
    assert.deepEqual([facts.step, facts.totalSteps], [7, 90]);
    assert.equal(none, null);
  });

  it('takes the group "epoch" for the epoch, alone as well', () => {
    const pattern = new UserPattern(String.raw`^ep (?<epoch>\S+)(?: err (?<err>\S+))?`);
    const [both, alone, bad] = pattern.match(['ep 1.5 err 3', 'ep 2', 'ep nan']);
    assert.deepEqual([both?.epoch, both?.metrics], [1.5, [['err', 3]]]);
    assert.deepEqual([alone?.epoch, alone?.metrics], [2, []]);
    assert.equal(bad, null);
  });

  it('takes a name from the log where the groups are "name" and "value"', () => {
    const pattern = new UserPattern(String.raw`<(?<name>\w+)> (?<value>\S+)`);
    assert.deepEqual(pattern.match(['<speed> 3.5'])[0]?.metrics, [['speed', 3.5]]);
  });

  it('passes over groups that matched no number, or nothing', () => {
    const pattern = new UserPattern(String.raw`(?<a>\S+) (?<b>\d+)?`);
    assert.equal(pattern.match(['word '])[0], null);
    assert.deepEqual(pattern.match(['word 3'])[0]?.metrics, [['b', 3]]);
  });

  it('says why it cannot be used instead of throwing', () => {
    const pattern = new UserPattern('(?<loss>');
    assert.match(pattern.problem ?? '', /cannot be used/);
    assert.deepEqual(pattern.match(['loss 1']), [null]);
  });

  it('is cut off when it backtracks without end, and given up at the third time', () => {
    const pattern = new UserPattern('(?<loss>[0-9]+)$|^(?<x>(a+)+)$');
    const nasty = `${'a'.repeat(40)}!`;
    const start = performance.now();
    assert.deepEqual(pattern.match([nasty, '5'])[1]?.metrics, [['loss', 5]]);
    assert.equal(pattern.problem, null);
    pattern.match([nasty, nasty, nasty, nasty]);
    assert.match(String(pattern.problem), /takes too long/);
    assert.deepEqual(pattern.match(['5']), [null]);
    assert.ok(performance.now() - start < 3000);
  });

  it('is not tried on lines over 4 KiB', () => {
    const pattern = new UserPattern('(?<loss>[0-9])');
    assert.deepEqual(pattern.match(['1'.repeat(4097)]), [null]);
    assert.deepEqual(pattern.match(['x'.repeat(4095) + '1'])[0]?.metrics, [['loss', 1]]);
  });
});
