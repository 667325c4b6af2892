import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ConfigError } from '../../../src/core/errors.ts';
import { endpointOf, storeSecretNames, storeSecrets } from '../../../src/storage/store-endpoints.ts';

describe('the store of a bucket', () => {
  it('is Amazon’s unless the user’s settings name another for that very bucket', () => {
    for (const setting of [undefined, null, {}, { other: 'https://s3.example.org' }, 'https://x', 3]) {
      assert.equal(endpointOf(setting, 'mine'), null, JSON.stringify(setting));
    }
    assert.equal(endpointOf({ mine: 'https://a' }, 'toString'), null);
    assert.deepEqual(endpointOf({ mine: 'https://s3.example.org/' }, 'mine'), {
      endpoint: 'https://s3.example.org',
      region: null,
    });
    assert.deepEqual(endpointOf({ mine: { endpoint: 'https://s3.example.org:9000', region: 'eu-1' } }, 'mine'), {
      endpoint: 'https://s3.example.org:9000',
      region: 'eu-1',
    });
  });

  it('may be without encryption on the machine itself alone', () => {
    for (const address of ['http://localhost:9000', 'http://127.0.0.1:9000', 'http://[::1]:9000']) {
      assert.equal(endpointOf({ mine: address }, 'mine')?.endpoint, address);
    }
    for (const address of [
      'http://s3.example.org',
      'http://localhost.example.org',
      'http://127.0.0.1@example.org',
      'https://user:pass@example.org',
      'https://example.org/path',
      'https://example.org/?x=1',
      'ftp://localhost',
      's3.example.org',
      '',
      7,
      null,
    ]) {
      assert.throws(
        () => endpointOf({ mine: address }, 'mine'),
        (error) => error instanceof ConfigError && error.nextAction?.arguments?.[0] === 'runctl.storage.endpoints',
        String(address),
      );
    }
    for (const region of ['', 'EU 1', 'a\nb', 5]) {
      assert.throws(() => endpointOf({ mine: { endpoint: 'https://a', region } }, 'mine'), ConfigError);
    }
  });

  it('is opened with the AWS secrets of the profile and no others', () => {
    const secrets = { HF_TOKEN: 'h', AWS_ACCESS_KEY_ID: 'i', AWS_SECRET_ACCESS_KEY: 's' };
    const own = { AWS_ACCESS_KEY_ID: 'i', AWS_SECRET_ACCESS_KEY: 's' };
    assert.deepEqual(storeSecrets(secrets, null), own);
    assert.deepEqual(storeSecrets(secrets, { endpoint: 'https://a', region: 'r' }), {
      ...own,
      AWS_ENDPOINT_URL_S3: 'https://a',
      AWS_REGION: 'r',
    });
    assert.deepEqual(storeSecrets({ HF_TOKEN: 'h' }, null), {}, 'the machine uses its own');
    assert.deepEqual(storeSecretNames(['HF_TOKEN', 'AWS_SESSION_TOKEN']), ['AWS_SESSION_TOKEN']);
  });
});
