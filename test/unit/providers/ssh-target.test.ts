import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { ValidationError } from '../../../src/core/errors.ts';
import { machineIdOf, targetOf } from '../../../src/providers/ssh/ssh-target.ts';

describe('the id of an SSH machine', () => {
  it('holds host, user and port, as far as they were said', () => {
    assert.deepEqual(targetOf('lab'), { host: 'lab', user: null, port: null });
    assert.deepEqual(targetOf('me@10.0.0.5:2222'), { host: '10.0.0.5', user: 'me', port: 2222 });
    assert.deepEqual(targetOf('[fe80::1%eth0]:22'), { host: 'fe80::1%eth0', user: null, port: 22 });
    assert.equal(machineIdOf({ host: '::1', user: 'u', port: null }), 'u@[::1]');
  });

  it('reads back what it was made from', () => {
    const word = fc.stringMatching(/^[a-z0-9_][a-z0-9._-]{0,20}$/);
    const address = fc.stringMatching(/^[0-9a-f]{1,4}:[0-9a-f:]{1,20}$/);
    const target = fc.record({
      host: fc.oneof(word, address),
      user: fc.option(word, { nil: null }),
      port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: null }),
    }, { noNullPrototype: true });
    fc.assert(
      fc.property(target, (given) => {
        assert.deepEqual(targetOf(machineIdOf(given)), given);
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  for (const id of ['', 'a b', '-oProxyCommand=x', 'u@-h', '-l@h', 'h:0', 'h:70000', 'h/x', 'a@b@c', 'h\n']) {
    it(`refuses ${JSON.stringify(id)}`, () => {
      assert.throws(() => targetOf(id), ValidationError);
    });
  }
});
