import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { causeChain, errorCodes, httpStatus, readField } from '../../../src/core/foreign-error.ts';

describe('Errors of others', () => {
  it('cuts a cause chain that bites its own tail', () => {
    const inner = new Error('inner');
    const outer = new Error('outer', { cause: inner });
    inner.cause = outer;
    assert.deepEqual(causeChain(outer), [outer, inner]);
  });

  it('follows the parts of an aggregate after its cause', () => {
    const parts = [new Error('v6'), new Error('v4')];
    const error = new AggregateError(parts, 'both');
    assert.deepEqual(causeChain(error), [error, ...parts]);
  });

  it('stops after 16 links', () => {
    let error = new Error('0');
    for (let depth = 1; depth < 40; depth++) {
      error = new Error(String(depth), { cause: error });
    }
    assert.equal(causeChain(error).length, 16);
  });

  it('has no links for nothing', () => {
    assert.deepEqual(causeChain(undefined), []);
    assert.deepEqual(causeChain(null), []);
  });

  it('reads a throwing getter as missing', () => {
    const trap = {
      get code(): string {
        throw new Error('trap');
      },
    };
    assert.equal(readField(trap, 'code'), undefined);
    assert.deepEqual(errorCodes(trap), []);
  });

  it('finds the status where the common clients put it', () => {
    assert.equal(httpStatus({ $metadata: { httpStatusCode: 503 } }), 503);
    assert.equal(httpStatus({ statusCode: 404 }), 404);
    assert.equal(httpStatus({ response: { status: 429 } }), 429);
    assert.equal(httpStatus({ $response: { statusCode: 500 } }), 500);
  });

  it('takes neither exit codes nor text for a status', () => {
    assert.equal(httpStatus({ status: 1 }), undefined);
    assert.equal(httpStatus({ status: '503' }), undefined);
    assert.equal(httpStatus({ status: 600 }), undefined);
  });
});
