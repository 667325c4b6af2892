import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { clockAhead, inHostTime } from '../../../src/remote/agent/host-time.ts';

describe('the clock of a machine', () => {
  it('is taken for ours when the answer does not prove otherwise', () => {
    assert.equal(clockAhead(null, 0, 10), 0);
    assert.equal(clockAhead(1_000_000, 1_000_000, 1_000_100), 0);
    assert.equal(clockAhead(1_004_000, 1_000_000, 1_000_000), 0);
    // The answer took a minute: it may be from its beginning.
    assert.equal(clockAhead(1_000_000, 1_000_000, 1_060_000), 0);
  });

  it('may be ahead or behind', () => {
    assert.equal(clockAhead(4_600_000, 1_000_000, 1_001_000), 3_600_000);
    assert.equal(clockAhead(1_000_000, 4_600_000, 4_601_000), -3_600_000);
  });

  it('is reckoned out of all times of a status', () => {
    const status = {
      id: 'r1',
      state: 'ended' as const,
      started: 5000,
      beat: null,
      exit: { code: 0, signal: null, ended: 5060, phase: 'command' as const, stop: null },
      evidence: { lastbeat: 5050 },
    };
    const told = inHostTime(status, 3_600_000);
    assert.deepEqual([told.started, told.beat, told.exit?.ended], [1400, null, 1460]);
    assert.equal(told.evidence?.lastbeat, 1450);
    assert.equal(inHostTime(status, 0), status);
  });
});
