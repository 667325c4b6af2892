import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  costOver,
  formatCost,
  formatDollars,
  fromDollars,
  sum,
  toDollars,
  ZERO_DOLLARS,
} from '../../../src/core/money.ts';
import type { MicroDollars } from '../../../src/core/money.ts';

const micro = (value: number): MicroDollars => value as MicroDollars;
const amounts = fc.integer({ min: 0, max: 1_000_000_000_000 }).map(micro);
const HOUR = 3_600_000;

describe('Money', () => {
  it('converts there and back exactly', () => {
    fc.assert(
      fc.property(amounts, (amount) => fromDollars(toDollars(amount)) === amount),
      { seed: 23, numRuns: 2000 },
    );
  });

  it('rounds to the nearest millionth', () => {
    assert.equal(fromDollars(0.0104), 10_400);
    assert.equal(fromDollars(98.32), 98_320_000);
    assert.equal(fromDollars(0.0000004), 0);
  });

  it('refuses what is no amount', () => {
    for (const dollars of [-1, Number.NaN, Infinity, 1e300]) {
      assert.throws(() => fromDollars(dollars), RangeError);
    }
  });

  it('adds without drift, in any order', () => {
    fc.assert(
      fc.property(fc.array(amounts, { maxLength: 500 }), (list) => {
        const exact = list.reduce((total, amount) => total + BigInt(amount), 0n);
        return BigInt(sum(list)) === exact && sum(list.toReversed()) === sum(list);
      }),
      { seed: 23 },
    );
    assert.equal(sum([]), ZERO_DOLLARS);
    assert.equal(sum(Array.from({ length: 10 }, () => fromDollars(0.1))), fromDollars(1));
  });

  it('charges an hour exactly the rate and no time nothing', () => {
    fc.assert(
      fc.property(amounts, fc.integer({ max: 0 }), (rate, past) => {
        return costOver(rate, HOUR) === rate && costOver(rate, past) === 0;
      }),
      { seed: 23 },
    );
  });

  it('is off by half a millionth at most', () => {
    const rates = fc.integer({ min: 0, max: 200_000_000 }).map(micro);
    const times = fc.integer({ min: 0, max: 400 * 24 * HOUR });
    fc.assert(
      fc.property(rates, times, (rate, ms) => {
        const off = BigInt(costOver(rate, ms)) * BigInt(HOUR) - BigInt(rate) * BigInt(ms);
        return off >= BigInt(-HOUR / 2 - 1) && off <= BigInt(HOUR / 2 + 1);
      }),
      { seed: 23, numRuns: 2000 },
    );
  });

  it('says of a cost in a row that it is under a cent, not how far', () => {
    assert.deepEqual(
      [0, 0.000006, 0.0099, 0.01, 1.25].map((dollars) => formatCost(fromDollars(dollars))),
      ['$0.00', '<$0.01', '<$0.01', '$0.01', '$1.25'],
    );
  });

  it('shows cents, and more digits where cents would hide everything', () => {
    assert.equal(formatDollars(ZERO_DOLLARS), '$0.00');
    assert.equal(formatDollars(fromDollars(1.25)), '$1.25');
    assert.equal(formatDollars(fromDollars(0.0031)), '$0.0031');
    assert.equal(formatDollars(fromDollars(0.00004)), '$0.00004');
    assert.equal(formatDollars(fromDollars(0.01)), '$0.01');
    assert.equal(formatDollars(fromDollars(1234.5)), '$1,234.50');
  });
});
