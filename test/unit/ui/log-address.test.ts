import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RunId } from '../../../src/core/ids.ts';
import { logAddressPath, parseLogAddress } from '../../../src/ui/logs/log-address.ts';

describe('the address of a log document', () => {
  const run = { id: 'r0mf3k2p1a-9f31r0abc1' as RunId, name: 'digits' };

  it('ends in the name of the run, which is what its tab is called', () => {
    assert.equal(logAddressPath(run, 0, 1).split('/').at(-1), 'digits · r0abc1.log');
    assert.equal(logAddressPath(run, 1, 7).split('/').at(-1), 'digits · r0abc1 (part 2 of 7).log');
  });

  it('leads back to the run and the part, whatever the name', () => {
    for (const name of ['a/b\\c', '50%', '../x', '100/3/y']) {
      const path = logAddressPath({ ...run, name }, 3, 5);
      assert.deepEqual(parseLogAddress(path), { runId: run.id, part: 3 });
    }
  });

  it('of another kind shows nothing', () => {
    for (const path of ['/', '/x', `/${run.id}/x/y.log`, `/${run.id}/1`, '/..%/1/y', `/${run.id}/1/a/b`]) {
      assert.equal(parseLogAddress(path), undefined, path);
    }
  });
});
