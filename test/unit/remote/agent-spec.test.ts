import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ValidationError } from '../../../src/core/errors.ts';
import type { AgentAfter, AgentSpec } from '../../../src/remote/agent/agent-spec.ts';
import { formatAfterSecrets, formatAgentSpec } from '../../../src/remote/agent/agent-spec.ts';

const SPEC: AgentSpec = {
  argv: ['true'],
  env: {},
  secrets: {},
  directory: '~/code',
  graceSeconds: 30,
  leaseSeconds: null,
  idleSeconds: null,
  sharedDirectory: false,
  setup: [],
  setupKey: null,
  setupStep: 'ab',
  setupOutputs: [],
  record: {},
};
const NOTHING: AgentAfter = {
  checkpoints: null,
  durable: null,
  secrets: {},
  webhook: null,
  holdSeconds: null,
  action: [],
  saveLimitSeconds: null,
};

function added(after: AgentAfter): string[] {
  const before = formatAgentSpec(SPEC).split('\n');
  return formatAgentSpec({ ...SPEC, after }).split('\n').filter((line) => !before.includes(line));
}

describe('the spec of what follows a run', () => {
  it('has a line for each wish and none for what is not wished', () => {
    assert.deepEqual(added(NOTHING), []);
    const after: AgentAfter = {
      checkpoints: 'my checkpoints',
      durable: 's3://bucket/prefix',
      secrets: { AWS_SECRET_ACCESS_KEY: 'a b' },
      webhook: 'https://example.org/?a=b',
      holdSeconds: 90.7,
      action: ['sudo', 'shutdown', '-h', 'now', ''],
      saveLimitSeconds: 0.2,
    };
    assert.deepEqual(added(after), [
      'after-secret AWS_SECRET_ACCESS_KEY=a\\0040b',
      'checkpoints my\\0040checkpoints',
      'durable s3://bucket/prefix',
      'webhook https://example.org/\\0077a=b',
      'hold 90',
      'save-limit 1',
      ...['sudo', 'shutdown', '-h', 'now', ''].map((word) => `action ${word}`),
    ]);
  });

  it('is sent again for a later saving, ended so that a cut one is refused', () => {
    assert.equal(formatAfterSecrets({}), 'end\n');
    assert.equal(formatAfterSecrets({ AWS_REGION: 'x' }), 'after-secret AWS_REGION=x\nend\n');
    assert.throws(() => formatAfterSecrets({ 'A B': 'x' }), ValidationError);
    assert.throws(() => formatAfterSecrets({ A: 'x\0' }), ValidationError);
  });
});
