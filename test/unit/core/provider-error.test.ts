import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  CancelledError,
  CloudProviderError,
  RetryableError,
  ValidationError,
} from '../../../src/core/errors.ts';
import {
  classifyProviderError,
  providerErrorWithTroubleshooting,
} from '../../../src/core/provider-error.ts';
import { isRetryable } from '../../../src/core/retryable.ts';

const aws = (name: string, httpStatusCode: number): Error =>
  Object.assign(new Error(`${name} said`), { name, $metadata: { httpStatusCode } });

describe('A provider error', () => {
  const cases: readonly [Error, string][] = [
    [aws('UnauthorizedOperation', 403), 'access-denied'],
    [aws('ExpiredToken', 400), 'access-denied'],
    [aws('Whatever', 401), 'access-denied'],
    [aws('InvalidInstanceID.NotFound', 400), 'not-found'],
    [aws('NoSuchBucket', 404), 'not-found'],
    [aws('Whatever', 404), 'not-found'],
    [aws('RequestLimitExceeded', 503), 'throttled'],
    [aws('Whatever', 429), 'throttled'],
    [aws('InsufficientInstanceCapacity', 500), 'capacity'],
    [aws('VcpuLimitExceeded', 400), 'capacity'],
    [Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'network'],
    [
      new TypeError('x', { cause: Object.assign(new Error('y'), { code: 'ENOTFOUND' }) }),
      'network',
    ],
    [aws('InternalError', 500), 'failed'],
    [new Error('AccessDenied is only in the message'), 'failed'],
  ];

  for (const [error, kind] of cases) {
    it(`reads ${error.name} as ${kind}`, () => assert.equal(classifyProviderError(error), kind));
  }

  it('carries message, steps, cause, status and what the provider said', () => {
    const cause = aws('UnauthorizedOperation', 403);
    const error = providerErrorWithTroubleshooting('aws', cause, 'Starting the machine');
    assert.ok(error instanceof CloudProviderError);
    assert.equal(error.message, 'Starting the machine failed: aws refused access');
    assert.equal(error.code, 'access-denied');
    assert.equal(error.provider, 'aws');
    assert.equal(error.status, 403);
    assert.equal(error.cause, cause);
    assert.equal(error.details['providerCode'], 'UnauthorizedOperation');
    assert.equal(error.details['providerMessage'], 'UnauthorizedOperation said');
    assert.ok(error.steps.length >= 2);
    assert.equal(error.nextAction?.title, 'Show Log');
  });

  it('gives every kind steps of its own and a next action', () => {
    const errors = new Map(
      cases.map(([cause]) => {
        const error = providerErrorWithTroubleshooting('aws', cause, 'Listing');
        assert.ok(error.nextAction);
        return [error.code, error.steps.join('\n')];
      }),
    );
    assert.equal(errors.size, 6);
    assert.equal(new Set(errors.values()).size, 6);
    assert.ok([...errors.values()].every((steps) => steps !== ''));
  });

  it('keeps a cancel a cancel', () => {
    const abort = new DOMException('stopped', 'AbortError');
    assert.ok(providerErrorWithTroubleshooting('aws', abort, 'x') instanceof CancelledError);
    const cancelled = new CancelledError();
    assert.equal(providerErrorWithTroubleshooting('aws', cancelled, 'x'), cancelled);
  });

  it('lets our own errors pass, but classifies what retries gave up on', () => {
    const wrong = new ValidationError('size', 'too large');
    assert.equal(providerErrorWithTroubleshooting('aws', wrong, 'x'), wrong);
    const gaveUp = new RetryableError(5, 'gave up', { cause: aws('Throttling', 400) });
    assert.equal(providerErrorWithTroubleshooting('aws', gaveUp, 'x').code, 'throttled');
  });

  it('is retried exactly when what it was made from is', () => {
    for (const [cause] of cases) {
      const error = providerErrorWithTroubleshooting('aws', cause, 'x');
      assert.equal(isRetryable(error), isRetryable(cause), cause.name);
    }
  });
});
