import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { transferText } from '../../../src/ui/launch/transfer-text.ts';

const MB = 1_000_000;

describe('the progress of a transfer', () => {
  it('tells bytes at first, then pace and time left', () => {
    const at = (sent: number, elapsedMs: number): string =>
      transferText({ sent, total: 10 * MB, what: 'x' }, elapsedMs);
    assert.equal(at(MB, 500), '1.0 MB of 10.0 MB');
    assert.equal(at(0, 5000), '0 B of 10.0 MB');
    assert.match(at(2 * MB, 4000), /^2\.0 MB of 10.0 MB, 500 KB\/s, 16s left$/);
    assert.match(at(10 * MB, 4000), /, 0s left$/);
  });

  it('tells what is under way while nothing has to be sent', () => {
    assert.equal(transferText({ sent: 0, total: 0, what: 'comparing' }, 9000), 'comparing');
  });
});
