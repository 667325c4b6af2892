import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'mocha';
import { SYNC_SCRIPT } from '../../support/sync-bed.ts';

describe('the sync script', () => {
  it('is clean POSIX sh to shellcheck', function () {
    this.timeout(30_000);
    const { error, stdout } = spawnSync('shellcheck', ['-s', 'sh', SYNC_SCRIPT], {
      encoding: 'utf8',
    });
    assert.ifError(error);
    assert.equal(stdout, '');
  });
});
