import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { RunRow } from '../../../src/ui/dashboard/messages.ts';
import { applyRows, diffRows } from '../../../src/ui/dashboard/rows-patch.ts';
import { rowsOf } from '../../../src/ui/dashboard/view-model.ts';
import {
  INITIAL_VIEW,
  placements,
  sortedBy,
  tablePage,
} from '../../../webview-ui/dashboard/table-model.ts';
import { busyRuns, manyRuns, snapshotOf } from '../../support/dashboard/samples.ts';
import { NOW } from '../../support/samples.ts';

const ROWS = rowsOf(snapshotOf(busyRuns()), NOW);
const names = (change: Partial<typeof INITIAL_VIEW>) =>
  tablePage(ROWS, { ...INITIAL_VIEW, ...change }).rows.map((row) => row.name);
const byId = (rows: readonly RunRow[]) => new Map(rows.map((row) => [row.id, row]));

describe('the order of the table', () => {
  it('begins with the newest, what waits to start before all', () => {
    assert.deepEqual(names({}).slice(0, 2), ['vit-small-finetune', 'digits-cosine']);
    assert.equal(names({ direction: 'ascending' }).at(-1), 'vit-small-finetune');
  });

  it('puts what has no value last in either direction', () => {
    for (const direction of ['ascending', 'descending'] as const) {
      assert.equal(names({ column: 'cost', direction }).at(-1), 'night-run');
      const last = names({ column: 'loss', direction }).slice(-2);
      assert.deepEqual(new Set(last), new Set(['vit-small-finetune', 'lr-sweep-1e-2']));
    }
  });

  it('sorts names as people count', () => {
    const [row] = ROWS;
    assert.ok(row);
    const rows = ['run-10', 'run-9'].map((name) => ({ ...row, id: name, name }));
    const view = { ...INITIAL_VIEW, column: 'name', direction: 'ascending' } as const;
    assert.deepEqual(tablePage(rows, view).rows.map((one) => one.name), ['run-9', 'run-10']);
  });

  it('turns round on a second click, and begins sensibly in a new column', () => {
    const loss = sortedBy({ ...INITIAL_VIEW, page: 3 }, 'loss');
    assert.deepEqual([loss.column, loss.direction, loss.page], ['loss', 'ascending', 0]);
    assert.equal(sortedBy(loss, 'loss').direction, 'descending');
    assert.equal(sortedBy(loss, 'cost').direction, 'descending');
  });

  it('filters by all words and by state', () => {
    assert.deepEqual(names({ filter: ' FAILED sweep ' }), ['lr-sweep-1e-2']);
    assert.equal(names({ show: 'active' }).length, 3);
    assert.equal(names({ show: 'ended' }).length, 4);
    assert.deepEqual(names({ filter: 'nothing' }), []);
  });

  it('comes back to the last page when pages vanish', () => {
    const rows = rowsOf(snapshotOf(manyRuns(60)), NOW);
    const page = tablePage(rows, { ...INITIAL_VIEW, page: 9 });
    assert.deepEqual([page.page, page.pages, page.first, page.rows.length], [2, 3, 51, 10]);
    assert.equal(tablePage([], INITIAL_VIEW).first, 0);
  });
});

describe('the difference of two tables', () => {
  const subsets = fc.subarray(ROWS);

  it('brings one to the other, and is none between equals', () => {
    const property = fc.property(subsets, subsets, fc.nat(6), (before, after, changed) => {
      const next = after.map((row, i) => (i === changed ? { ...row, costText: '$9' } : row));
      const patch = diffRows(byId(before), next) ?? { upsert: [], removed: [] };
      assert.deepEqual(byId(next), new Map([...byId(next).keys()].map((id) =>
        [id, applyRows(byId(before), patch).get(id)])));
      assert.equal(applyRows(byId(before), patch).size, next.length);
      assert.equal(diffRows(byId(next), structuredClone(next)), null);
    });
    fc.assert(property, { seed: 31, numRuns: 200 });
  });

  it('holds only what changed', () => {
    const after = ROWS.map((row, index) => (index === 1 ? { ...row, lossText: '0.1' } : { ...row }));
    const patch = diffRows(byId(ROWS), after.slice(0, -1));
    assert.ok(patch);
    assert.deepEqual(patch.upsert.map(({ id }) => id), [after[1]?.id]);
    assert.deepEqual(patch.removed, [ROWS.at(-1)?.id]);
  });
});

describe('the moves from one order of rows to another', () => {
  const orders = fc.tuple(
    fc.uniqueArray(fc.nat(30).map(String), { maxLength: 20 }),
    fc.uniqueArray(fc.nat(30).map(String), { maxLength: 20 }),
  );

  it('lead there', () => {
    const property = fc.property(orders, ([before, after]) => {
      // As the page does it: what is gone is removed first, then each is placed.
      let keys = before.filter((key) => after.includes(key));
      for (const { key, before: next } of placements(before, after)) {
        keys = keys.filter((one) => one !== key);
        keys.splice(next === null ? keys.length : keys.indexOf(next), 0, key);
      }
      assert.deepEqual(keys, after);
    });
    fc.assert(property, { seed: 32, numRuns: 500 });
  });

  it('are none for the same order, and one for one row that jumps', () => {
    const keys = ['a', 'b', 'c', 'd'];
    assert.deepEqual(placements(keys, keys), []);
    assert.deepEqual(placements(keys, ['d', 'a', 'b', 'c']), [{ key: 'd', before: 'a' }]);
  });
});
