import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { placeQuestion } from '../../../src/ui/launch/place-question.ts';

const BUCKET = { durable: 's3://bucket/runs', endpoint: null };
const HOOK = 'https://example.org';

describe('the question whether what a workspace names may be used', () => {
  it('is one for a bucket and a webhook together', () => {
    const both = placeQuestion({ bucket: BUCKET, webhook: HOOK }, '/w/.runctl.toml');
    assert.deepEqual([both.title, both.yes], ['Send results to s3://bucket/runs, and tell https://example.org when runs end?', 'Use Both']);
    assert.match(both.detail, /Both are named in \/w\/\.runctl\.toml.*checkpoint.*Amazon S3.*example\.org is told by the machine/s);
  });

  it('tells of each alone what it gets', () => {
    const webhook = placeQuestion({ bucket: null, webhook: HOOK }, 'f');
    assert.deepEqual([webhook.title, webhook.yes], ['Tell https://example.org when runs end?', 'Use This Webhook']);
    assert.doesNotMatch(webhook.detail, /checkpoint|Amazon/);
    const bucket = placeQuestion({ bucket: { ...BUCKET, endpoint: 'https://minio' }, webhook: null }, 'f');
    assert.deepEqual([bucket.title, bucket.yes], ['Send results to s3://bucket/runs?', 'Use This Bucket']);
    assert.match(bucket.detail, /at https:\/\/minio/);
    assert.doesNotMatch(bucket.detail, /is told/);
  });
});
