import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { StateInterval } from '../../../src/core/model/records.ts';
import type { MicroDollars } from '../../../src/core/money.ts';
import { costOfIntervals } from '../../../src/costs/meter.ts';
import type { MeteredCost, MeterOptions } from '../../../src/costs/meter.ts';

const HOUR = 3_600_000;
const BILLS = new Set(['running', 'deleting']);

const interval = (
  from: number,
  to: number | null,
  rate: number | null = 1000,
  state = 'running',
  subject = 'aws:i-1',
): StateInterval => ({ subject, state, from, to, rate: rate as MicroDollars | null });

const meter = (list: readonly StateInterval[], options: Partial<MeterOptions> = {}): MeteredCost =>
  costOfIntervals(list, { now: 100 * HOUR, bills: BILLS, ...options });

/** Any intervals of few subjects on a small grid, so that they meet and overlap often. */
const moments = fc.integer({ min: 0, max: 40 });
const arbitrary = fc.array(
  fc
    .record({
      subject: fc.constantFrom('aws:i-1', 'aws:i-2'),
      state: fc.constantFrom('running', 'stopped', 'deleting'),
      from: moments,
      to: fc.option(moments, { nil: null }),
      rate: fc.option(fc.integer({ min: 0, max: 98_320_000 }), { nil: null }),
    })
    .map(({ subject, state, from, to, rate }) => interval(from, to, rate, state, subject)),
  { maxLength: 12 },
);

/** The rule read literally: at each moment the interval that began last decides. */
function literally(list: readonly StateInterval[], now: number): [bigint, number] {
  let total = 0n;
  let unknownMs = 0;
  for (const subject of new Set(list.map((one) => one.subject))) {
    for (let at = 0; at < 60; at++) {
      let decides: StateInterval | undefined;
      for (const one of list) {
        const covers = one.subject === subject && one.from <= at && at < (one.to ?? now);
        if (covers && (decides === undefined || one.from >= decides.from)) {
          decides = one;
        }
      }
      if (decides !== undefined && BILLS.has(decides.state)) {
        total += BigInt(decides.rate ?? 0);
        unknownMs += decides.rate === null ? 1 : 0;
      }
    }
  }
  return [total, unknownMs];
}

describe('The meter', () => {
  it('charges the hours of an interval', () => {
    assert.deepEqual(meter([interval(0, 2 * HOUR, 1_250_000)]), { known: 2_500_000, unknownMs: 0 });
    assert.deepEqual(meter([]), { known: 0, unknownMs: 0 });
  });

  it('lets an open interval last until now', () => {
    assert.equal(meter([interval(0, null)], { now: 3 * HOUR }).known, 3000);
  });

  it('charges only the states that bill', () => {
    const list = [
      interval(0, HOUR, 1000, 'running'),
      interval(HOUR, 2 * HOUR, 1000, 'stopped'),
      interval(2 * HOUR, 3 * HOUR, 1000, 'deleting'),
    ];
    assert.equal(meter(list).known, 2000);
    assert.equal(meter(list, { bills: new Set(['stopped']) }).known, 1000);
  });

  it('counts the time of an unknown rate instead of calling it free', () => {
    const list = [interval(0, HOUR), interval(HOUR, 3 * HOUR, null)];
    assert.deepEqual(meter(list), { known: 1000, unknownMs: 2 * HOUR });
    assert.deepEqual(meter([interval(0, HOUR, null, 'stopped')]), { known: 0, unknownMs: 0 });
  });

  it('knows the difference between free and unknown', () => {
    assert.deepEqual(meter([interval(0, HOUR, 0)]), { known: 0, unknownMs: 0 });
  });

  it('adds subjects up', () => {
    const list = [interval(0, HOUR), interval(0, HOUR, 500, 'running', 'aws:i-2')];
    assert.equal(meter(list).known, 1500);
  });

  it('takes a clock that was set back for no time', () => {
    assert.equal(meter([interval(2 * HOUR, HOUR)]).known, 0);
    assert.equal(meter([interval(2 * HOUR, null)], { now: HOUR }).known, 0);
  });

  it('counts only inside the window', () => {
    const list = [interval(0, 10 * HOUR)];
    assert.equal(meter(list, { since: 9 * HOUR }).known, 1000);
    assert.equal(meter(list, { until: 2 * HOUR }).known, 2000);
    assert.equal(meter(list, { since: 3 * HOUR, until: 5 * HOUR }).known, 2000);
    assert.equal(meter(list, { since: 11 * HOUR }).known, 0);
  });

  it('lets the newer observation decide where two overlap', () => {
    const left = interval(0, null, 1000);
    assert.equal(meter([left, interval(HOUR, null, 0, 'stopped')]).known, 1000);
    assert.equal(meter([left, interval(HOUR, 2 * HOUR, 9000)], { now: 3 * HOUR }).known, 11_000);
    const twins = [interval(0, HOUR, 1), interval(0, HOUR, 7)];
    assert.equal(meter(twins).known, 7);
  });

  it('stays exact where numbers no longer are', () => {
    const years = 50 * 365 * 24 * HOUR;
    const list = [interval(0, years, 98_320_001)];
    assert.equal(meter(list, { now: years }).known, 98_320_001 * 50 * 365 * 24);
  });

  it('equals the rule read moment by moment', () => {
    fc.assert(
      fc.property(arbitrary, fc.integer({ min: 0, max: 60 }), (list, now) => {
        const [total, unknownMs] = literally(list, now);
        const hour = BigInt(HOUR);
        assert.deepEqual(costOfIntervals(list, { now, bills: BILLS }), {
          known: Number((total + hour / 2n) / hour),
          unknownMs,
        });
      }),
      { seed: 31, numRuns: 2000 },
    );
  });

  it('counts no moment twice: a repeated interval changes nothing', () => {
    fc.assert(
      fc.property(arbitrary, (list) => {
        assert.deepEqual(meter([...list, ...list], { now: 60 }), meter(list, { now: 60 }));
      }),
      { seed: 31 },
    );
  });

  it('does not care where an interval is cut', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: HOUR - 1 }), { maxLength: 20 });
    fc.assert(
      fc.property(cuts, fc.integer({ min: 0, max: 98_320_000 }), (at, rate) => {
        const edges = [...new Set([0, ...at, HOUR])].sort((a, b) => a - b);
        const parts = edges.slice(1).map((to, index) => interval(edges[index] ?? 0, to, rate));
        assert.deepEqual(meter(parts), { known: rate, unknownMs: 0 });
      }),
      { seed: 31 },
    );
  });

  it('never tells a negative figure and never less as time goes on', () => {
    fc.assert(
      fc.property(arbitrary, moments, moments, (list, now, later) => {
        // Only what no observation supersedes can be expected to grow.
        const alone = list.filter(({ state }) => BILLS.has(state)).slice(0, 1);
        const first = meter(alone, { now });
        const second = meter(alone, { now: now + later });
        const any = meter(list, { now });
        assert.ok(any.known >= 0 && any.unknownMs >= 0);
        assert.ok(second.known >= first.known && second.unknownMs >= first.unknownMs);
      }),
      { seed: 31 },
    );
  });

  it('splits over windows without loss', () => {
    fc.assert(
      fc.property(arbitrary, moments, (list, edge) => {
        const scaled = list.map((one) => ({
          ...one,
          from: one.from * HOUR,
          to: one.to === null ? null : one.to * HOUR,
        }));
        const before = meter(scaled, { until: edge * HOUR });
        const after = meter(scaled, { since: edge * HOUR });
        const whole = meter(scaled);
        assert.equal(before.known + after.known, whole.known);
        assert.equal(before.unknownMs + after.unknownMs, whole.unknownMs);
      }),
      { seed: 31 },
    );
  });
});
