import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { entryParts } from '../../../src/sync/entry-diff.ts';
import type { KeptEntry } from '../../../src/sync/entry-diff.ts';

describe('what a list of entries has that an older one has not', () => {
  const lists = fc.uniqueArray(fc.tuple(fc.nat(12), fc.nat(2)), { selector: ([path]) => path });

  it('gives the new list when put together with the old one, whatever changed', () => {
    fc.assert(
      fc.property(lists, lists, (before, after) => {
        const old = listOf(before);
        const now = listOf(after);
        const parts = entryParts(old, now);
        const joined = parts.flatMap((part) =>
          'entries' in part ? part.entries : old.slice(part.from, part.from + part.count),
        );
        assert.deepEqual(joined, now);
        const fresh = parts.flatMap((part) => ('entries' in part ? part.entries : []));
        const known = new Set(old.map((entry) => JSON.stringify(entry)));
        assert.ok(fresh.every((entry) => !known.has(JSON.stringify(entry))), 'told again');
      }),
    );
  });

  it('is one stretch when nothing changed', () => {
    const old = listOf([[1, 0], [2, 0], [3, 1]]);
    assert.deepEqual(entryParts(old, listOf([[1, 0], [2, 0], [3, 1]])), [{ from: 0, count: 3 }]);
    assert.deepEqual(entryParts(old, []), []);
  });
});

function listOf(items: readonly (readonly [path: number, version: number])[]): KeptEntry[] {
  return [...items]
    .sort(([a], [b]) => a - b)
    .map(([path, version]): KeptEntry => {
      const name = String(path).padStart(2, '0');
      if (path % 4 === 0) return { kind: 'link', path: name, target: `to ${version}` };
      return {
        kind: 'file',
        path: name,
        size: 1,
        modifiedAt: 0,
        mode: version === 2 ? 0o755 : 0o644,
        identity: '1:1',
        stamp: String(version % 2),
        touchedAt: 0,
        hash: 'ab',
      };
    });
}
