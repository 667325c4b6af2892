import assert from 'node:assert/strict';

import fc from 'fast-check';
import { describe, it } from 'mocha';

import { progressOf, type StepTime } from '../../../../src/training/metrics/progress.ts';

describe('progressOf', () => {
  it('knows nothing without a step', () => {
    assert.equal(progressOf([], 100, 0), null);
  });

  it('tells the step alone when the total is unknown', () => {
    assert.deepEqual(progressOf(even(3), null, 3000), {
      step: 2,
      total: null,
      fraction: null,
      remainingMs: null,
    });
  });

  it('tells the time left at an even pace, counted from now', () => {
    const steps = even(11);
    assert.deepEqual(progressOf(steps, 100, 10_000), {
      step: 10,
      total: 100,
      fraction: 0.1,
      remainingMs: 90_000,
    });
    assert.equal(progressOf(steps, 100, 10_500)?.remainingMs, 89_500);
  });

  it('does not take the steps before a resume for its own work', () => {
    const steps = [{ step: 5000, at: 0 }, { step: 5010, at: 10_000 }];
    assert.equal(progressOf(steps, 5100, 10_000)?.remainingMs, 90_000);
  });

  it('stands where the furthest series is, unless that ended before a setback', () => {
    const steps = [{ step: 90, at: 0 }, { step: 1, at: 20 }, { step: 2, at: 1020 }];
    const position = (reached: readonly StepTime[]) => progressOf(steps, 100, 1020, reached)?.step;
    assert.equal(position([{ step: 5, at: 900 }, { step: 1, at: 1020 }]), 5);
    assert.equal(position([{ step: 95, at: 10 }]), 2);
  });

  it('counts anew where the step went back', () => {
    const before = [{ step: 90, at: 0 }, { step: 99, at: 10 }];
    const steps = [...before, { step: 1, at: 20 }, { step: 2, at: 1020 }];
    assert.equal(progressOf(steps, 10, 1020)?.remainingMs, 8000);
  });

  it('guesses no pace from lines read in one moment', () => {
    const backlog = [{ step: 1, at: 500 }, { step: 900, at: 500 }];
    assert.equal(progressOf(backlog, 1000, 500)?.remainingMs, null);
    const live = [...backlog, { step: 910, at: 10_500 }];
    assert.equal(progressOf(live, 1000, 10_500)?.remainingMs, 90_000);
  });

  it('is not misled by a first burst of lines read almost at once', () => {
    const burst = [{ step: 10, at: 0 }, { step: 40, at: 200 }];
    const even = Array.from({ length: 30 }, (_, i) => ({ step: 50 + i * 10, at: 800 + i * 600 }));
    const { step, at } = even.at(-1) ?? { step: 0, at: 0 };
    const left = progressOf([...burst, ...even], step + 1000, at)?.remainingMs ?? 0;
    assert.ok(Math.abs(left - 60_000) < 6000, `${left}`);
  });

  it('follows a change of pace within a few minutes', () => {
    const slow = Array.from({ length: 60 }, (_, index) => ({ step: index, at: index * 1000 }));
    const fast = Array.from({ length: 600 }, (_, index) => ({
      step: 60 + index * 2,
      at: 60_000 + index * 1000,
    }));
    const now = fast.at(-1)?.at ?? 0;
    const left = progressOf([...slow, ...fast], 2258, now)?.remainingMs ?? 0;
    assert.ok(Math.abs(left - 500_000) < 10_000, `${left}`);
  });

  it('does not know the time left when nothing has come for long', () => {
    assert.notEqual(progressOf(even(11), 100, 10_000 + 69_000)?.remainingMs, null);
    assert.equal(progressOf(even(11), 100, 10_000 + 71_000)?.remainingMs, null);
  });

  it('is done at the total, also beyond it', () => {
    assert.deepEqual(progressOf([{ step: 12, at: 0 }], 10, 1_000_000), {
      step: 12,
      total: 10,
      fraction: 1,
      remainingMs: 0,
    });
  });

  it('always stays within its bounds', () => {
    const time = fc.record({ step: fc.nat(1000), at: fc.nat(100_000) });
    fc.assert(
      fc.property(fc.array(time), fc.option(fc.nat(2000)), fc.nat(300_000), (steps, total, now) => {
        const progress = progressOf(steps, total, now);
        const { fraction, remainingMs } = progress ?? { fraction: null, remainingMs: null };
        assert.ok(fraction === null || (fraction >= 0 && fraction <= 1));
        assert.ok(remainingMs === null || (Number.isFinite(remainingMs) && remainingMs >= 0));
      }),
      { seed: 20260115, numRuns: 500 },
    );
  });
});

// A step a second from step 0 at time 0.
function even(count: number): StepTime[] {
  return Array.from({ length: count }, (_, step) => ({ step, at: step * 1000 }));
}
