import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  CancelledError,
  CloudProviderError,
  RetryableError,
  ValidationError,
} from '../../../src/core/errors.ts';
import { isRetryable } from '../../../src/core/retryable.ts';

const withCode = (code: string): Error => Object.assign(new Error('failed'), { code });
const withStatus = (status: number): Error => Object.assign(new Error('failed'), { status });

describe('What may be retried', () => {
  for (const code of ['ECONNRESET', 'ETIMEDOUT', 'EAI_AGAIN', 'EPIPE', 'ECONNREFUSED']) {
    it(`repeats after ${code}`, () => assert.ok(isRetryable(withCode(code))));
  }

  for (const code of ['ENOENT', 'EACCES', 'ENOSPC', 'UnauthorizedOperation']) {
    it(`does not repeat after ${code}`, () => assert.ok(!isRetryable(withCode(code))));
  }

  it('repeats after 408, 425, 429 and server failures, after no other client failure', () => {
    const repeated = Array.from({ length: 500 }, (_, index) => index + 100).filter((status) =>
      isRetryable(withStatus(status)),
    );
    const server = Array.from({ length: 100 }, (_, index) => index + 500);
    assert.deepEqual(repeated, [
      ...[408, 425, 429],
      ...server.filter((status) => status !== 501 && status !== 505),
    ]);
  });

  it('knows AWS throttling by name although its status is 400', () => {
    const error = Object.assign(new Error('Rate exceeded'), {
      name: 'ThrottlingException',
      $metadata: { httpStatusCode: 400 },
    });
    assert.ok(isRetryable(error));
  });

  it('believes the mark the AWS client sets', () => {
    assert.ok(isRetryable(Object.assign(new Error('x'), { $retryable: { throttling: false } })));
  });

  it('reads the status of AWS metadata', () => {
    assert.ok(isRetryable(Object.assign(new Error('x'), { $metadata: { httpStatusCode: 502 } })));
    assert.ok(!isRetryable(Object.assign(new Error('x'), { $metadata: { httpStatusCode: 403 } })));
  });

  it('does not hammer for capacity, which EC2 reports as a server failure', () => {
    const error = Object.assign(new Error('no capacity'), {
      name: 'InsufficientInstanceCapacity',
      $metadata: { httpStatusCode: 500 },
    });
    assert.ok(!isRetryable(error));
  });

  it('looks through the cause chain and the parts of an aggregate', () => {
    const fetchFailed = new TypeError('fetch failed', { cause: withCode('ECONNRESET') });
    assert.ok(isRetryable(fetchFailed));
    const dials = new AggregateError([withCode('EACCES'), withCode('ECONNREFUSED')]);
    assert.ok(isRetryable(dials));
  });

  it('never repeats what the user cancelled or got wrong, whatever the cause', () => {
    const cause = withCode('ECONNRESET');
    assert.ok(!isRetryable(new CancelledError('Cancelled', { cause })));
    assert.ok(!isRetryable(new ValidationError('size', 'too large', { cause })));
    assert.ok(!isRetryable(new DOMException('stop', 'AbortError')));
  });

  it('repeats after a timeout', () => {
    assert.ok(isRetryable(new DOMException('too late', 'TimeoutError')));
  });

  it('sees that what was given up is still transient', () => {
    assert.ok(isRetryable(new RetryableError(5, 'gave up', { cause: withStatus(503) })));
  });

  it('reads the status of our own provider errors', () => {
    assert.ok(isRetryable(new CloudProviderError('aws', 'failed', 'x', { status: 503 })));
    assert.ok(!isRetryable(new CloudProviderError('aws', 'capacity', 'x', { status: 503 })));
  });

  it('never decides by message', () => {
    const words = fc.constantFrom('ECONNRESET', '503', 'Throttling', 'timeout', 'please retry');
    fc.assert(
      fc.property(fc.array(words, { minLength: 1 }), (parts) => {
        const message = parts.join(' ');
        return (
          !isRetryable(new Error(message)) &&
          !isRetryable(message) &&
          isRetryable(Object.assign(new Error(message), { code: 'ECONNRESET' }))
        );
      }),
      { seed: 7 },
    );
  });

  it('takes anything thrown', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => typeof isRetryable(thrown) === 'boolean'),
      { seed: 7 },
    );
  });
});
