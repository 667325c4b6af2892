import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { asRunId, newRunId, shortRunId } from '../../../src/core/ids.ts';

const times = fc.integer({ min: 0, max: 8_640_000_000_000_000 });

describe('Run ids', () => {
  it('spells time and chance', () => {
    const random = (size: number): Buffer => Buffer.alloc(size, 0xab);
    assert.equal(newRunId(0, random), 'r000000000-ababababab');
  });

  it('passes its own check at any time', () => {
    fc.assert(
      fc.property(times, (now) => {
        const id = newRunId(now);
        return asRunId(id) === id;
      }),
      { seed: 29 },
    );
  });

  it('sorts as text by time of creation', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4e12 }),
        fc.integer({ min: 1, max: 1e12 }),
        (at, more) => newRunId(at) < newRunId(at + more),
      ),
      { seed: 29 },
    );
  });

  it('differs for runs of the same moment', () => {
    const ids = new Set(Array.from({ length: 1000 }, () => newRunId(1_700_000_000_000)));
    assert.equal(ids.size, 1000);
  });

  it('refuses what a path or a shell could read otherwise', () => {
    for (const text of ['', '..', 'a/b', 'A', '-a', 'a b', 'a\n', 'a;b', 'x'.repeat(65), 'ä']) {
      assert.equal(asRunId(text), undefined, JSON.stringify(text));
    }
  });

  it('shortens to the part that chance gave', () => {
    const id = asRunId('r0mf3k2p1a-9f31c0d2ee');
    assert.ok(id);
    assert.equal(shortRunId(id), 'c0d2ee');
  });
});
