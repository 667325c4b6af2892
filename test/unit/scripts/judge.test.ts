import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { judge } from '../../../scripts/lib/judge.ts';

describe('The verdict on a group of tests', () => {
  const result = { group: 'unit', planned: 3, passed: 3, failed: 0, skipped: [] as string[] };

  it('is good only when all planned tests ran and the process ended well', () => {
    assert.deepEqual(judge(0, result), { passed: 3, failed: 0 });
    assert.equal(judge(0, { ...result, passed: 2, skipped: ['c'] }).failed, 0);
  });

  it('counts failed tests as they are, whatever the exit code', () => {
    assert.deepEqual(judge(0, { ...result, passed: 1, failed: 2 }), { passed: 1, failed: 2 });
  });

  it('is bad where nothing may be skipped and something was', () => {
    const skipped = { ...result, passed: 2, skipped: ['c'] };
    assert.equal(judge(0, skipped, true).failed, 1);
    assert.equal(judge(0, result, true).failed, 0);
  });

  const brokenEndings = [
    { what: 'a process that left no result', code: 0, result: undefined },
    { what: 'a group without tests', code: 0, result: { ...result, planned: 0, passed: 0 } },
    { what: 'tests that never ran', code: 0, result: { ...result, passed: 2 } },
    { what: 'a group that skipped all', code: 0, result: { ...result, passed: 0, skipped: ['a', 'b', 'c'] } },
    { what: 'an exit code without a failed test', code: 3, result },
  ];
  for (const ending of brokenEndings) {
    it(`takes ${ending.what} for one failure and says so`, () => {
      const verdict = judge(ending.code, ending.result);
      assert.equal(verdict.failed, 1);
      assert.ok(verdict.problem);
    });
  }
});
