import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { formatDuration } from '../../../src/core/format.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('A duration', () => {
  const texts: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [42_900, '42s'],
    [MINUTE, '1m'],
    [187_000, '3m 07s'],
    [HOUR, '1h'],
    [HOUR + 59_000, '1h'],
    [2 * HOUR + 5 * MINUTE, '2h 05m'],
    [24 * HOUR, '1d'],
    [99 * HOUR, '4d 3h'],
  ];
  for (const [ms, text] of texts) {
    it(`of ${ms} ms reads ${text}`, () => {
      assert.equal(formatDuration(ms), text);
    });
  }
});
