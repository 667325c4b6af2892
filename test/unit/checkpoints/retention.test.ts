import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { markCheckpoints } from '../../../src/checkpoints/marks.ts';
import type { MarkableCheckpoint } from '../../../src/checkpoints/marks.ts';
import { planRetention } from '../../../src/checkpoints/retention.ts';
import { ValidationError } from '../../../src/core/errors.ts';

const GUARDS = { resumedFrom: [], protectedPaths: [] };
const KEEP_ALL_KINDS = { keepLast: 2, keepBest: true, keepFinal: true };

function checkpoint(facts: Partial<MarkableCheckpoint>): MarkableCheckpoint {
  return {
    path: '/c/x', runId: null, kind: 'file', size: 10, modifiedAt: 0, step: null, epoch: null,
    loss: null, complete: true, metrics: {}, declaredBest: false, namedBest: false, final: false,
    ...facts,
  };
}

const arbitrary = fc
  .uniqueArray(
    fc.record({
      id: fc.nat(40), size: fc.nat(1000), step: fc.option(fc.nat(30)), complete: fc.boolean(),
      loss: fc.option(fc.integer({ min: 0, max: 9 })), final: fc.boolean(),
      modifiedAt: fc.nat(50),
    }),
    { selector: (c) => c.id, maxLength: 25 },
  )
  .map((list) => markCheckpoints(list.map(({ id, ...c }) => checkpoint({ ...c, path: `/c/${id}` }))));

const policies = fc.record({
  keepLast: fc.integer({ min: 1, max: 8 }), keepBest: fc.boolean(), keepFinal: fc.boolean(),
});

describe('the plan of a clean-up', () => {
  it('holds its promises for any checkpoints and policy', () => {
    const guards = fc.record({
      resumedFrom: fc.array(fc.nat(40).map((id) => `/c/${id}`), { maxLength: 4 }),
      protectedPaths: fc.array(fc.nat(40).map((id) => `/c/${id}`), { maxLength: 4 }),
    });
    const property = fc.property(arbitrary, policies, guards, (all, policy, guard) => {
      const plan = planRetention(all, policy, guard);
      const kept = plan.keep.map((k) => k.checkpoint);
      assert.deepEqual(new Set([...kept, ...plan.remove]), new Set(all));
      assert.equal(kept.length + plan.remove.length, all.length);
      assert.equal(plan.bytesFreed, plan.remove.reduce((sum, c) => sum + c.size, 0));
      const complete = all.filter((c) => c.complete);
      for (const newest of complete.slice(0, policy.keepLast)) {
        assert.ok(kept.includes(newest), 'the last N stay');
      }
      for (const gone of plan.remove) {
        assert.ok(gone.complete, 'never an incomplete one');
        assert.ok(!guard.resumedFrom.includes(gone.path), 'never one that was resumed from');
        assert.ok(!guard.protectedPaths.includes(gone.path), 'never a protected one');
        assert.ok(!(policy.keepBest && gone.marks.includes('best')), 'best stays');
        assert.ok(!(policy.keepFinal && gone.marks.includes('final')), 'final stays');
        assert.ok(!gone.marks.includes('newest'), 'newest stays');
      }
      if (complete.length > 0) {
        assert.ok(kept.some((c) => c.complete), 'something to resume from stays');
      }
    });
    fc.assert(property, { seed: 20, numRuns: 500 });
  });

  it('removes nothing more when it is made again', () => {
    const property = fc.property(arbitrary, policies, (all, policy) => {
      const kept = planRetention(all, policy, GUARDS).keep.map((k) => k.checkpoint);
      assert.deepEqual(planRetention(kept, policy, GUARDS).remove, []);
    });
    fc.assert(property, { seed: 21, numRuns: 300 });
  });

  it('does what a person would do by hand', () => {
    const marked = markCheckpoints([
      ...[1, 2, 3, 4].map((step) => checkpoint({ path: `/c/${step}.pt`, step, size: step })),
      checkpoint({ path: '/c/0.pt', step: 0, declaredBest: true }),
      checkpoint({ path: '/c/5.pt', step: 5, complete: false }),
    ]);
    const plan = planRetention(marked, KEEP_ALL_KINDS, { ...GUARDS, resumedFrom: ['/c/2.pt'] });
    assert.deepEqual(plan.remove.map((c) => c.path), ['/c/1.pt']);
    assert.equal(plan.bytesFreed, 1);
    assert.deepEqual(plan.keep.map((k) => `${k.checkpoint.path} ${k.reason}`), [
      '/c/5.pt incomplete', '/c/4.pt newest', '/c/3.pt newest', '/c/2.pt resumed-from',
      '/c/0.pt best',
    ]);
  });

  it('protects a directory by a file in it', () => {
    const marked = markCheckpoints(
      [1, 2].map((step) => checkpoint({ path: `/c/checkpoint-${step}`, step, kind: 'directory' })),
    );
    const guards = { resumedFrom: ['/c/checkpoint-1/model.safetensors'], protectedPaths: [] };
    const policy = { keepLast: 1, keepBest: false, keepFinal: false };
    assert.deepEqual(planRetention(marked, policy, guards).remove, []);
    const near = { ...guards, resumedFrom: ['/c/checkpoint-10'] };
    assert.equal(planRetention(marked, policy, near).remove.length, 1);
  });

  it('refuses a policy that keeps nothing', () => {
    for (const keepLast of [0, -1, 1.5, Number.NaN]) {
      assert.throws(() => planRetention([], { ...KEEP_ALL_KINDS, keepLast }, GUARDS), ValidationError);
    }
  });
});

describe('the marks of checkpoints', () => {
  it('go by time when one has no step', () => {
    const marked = markCheckpoints([
      checkpoint({ path: '/c/1', step: 900, modifiedAt: 1 }),
      checkpoint({ path: '/c/2', modifiedAt: 2 }),
    ]);
    assert.deepEqual(marked.map((c) => c.path), ['/c/2', '/c/1']);
    assert.deepEqual(marked[0]?.marks, ['newest']);
  });

  it('take a name before the lowest loss, and one loss alone for nothing', () => {
    const marks = (list: MarkableCheckpoint[]) =>
      markCheckpoints(list).filter((c) => c.marks.includes('best')).map((c) => c.path);
    const low = checkpoint({ path: '/c/1', step: 1, loss: 0.1 });
    const high = checkpoint({ path: '/c/2', step: 2, loss: 0.2 });
    const named = checkpoint({ path: '/c/best', step: 3, namedBest: true });
    assert.deepEqual(marks([low, high]), ['/c/1']);
    assert.deepEqual(marks([low, high, named]), ['/c/best']);
    assert.deepEqual(marks([low]), []);
    assert.deepEqual(marks([{ ...low, complete: false }, high]), []);
  });
});
