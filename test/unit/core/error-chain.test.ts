import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { describeError, toRunctlError } from '../../../src/core/error-chain.ts';
import { CancelledError, IoError, RunctlError } from '../../../src/core/errors.ts';

const errno = (code: string, more: object = {}): Error =>
  Object.assign(new Error(`${code}: failed`), { code, ...more });

describe('The description of an error for the log', () => {
  it('shows kind, code and the whole chain in one line', () => {
    const inner = errno('ENOSPC');
    const error = new IoError('ENOSPC', 'The disk is full', { cause: inner });
    assert.equal(
      describeError(error),
      'IoError[io/ENOSPC]: The disk is full ← Error[ENOSPC]: ENOSPC: failed',
    );
  });

  it('hides secrets', () => {
    const error = new Error(`refused hf_${'a1B2'.repeat(8)}`);
    assert.equal(describeError(error), 'Error: refused ***');
    assert.equal(
      describeError(new Error('xyzzy'), () => 'masked'),
      'masked',
    );
  });

  it('takes line ends and escape sequences out', () => {
    assert.equal(describeError(new Error('a\r\nb\u001B[31mc')), 'Error: a b [31mc');
  });

  it('takes anything thrown', () => {
    assert.equal(describeError('text'), 'text');
    assert.equal(describeError(undefined), 'undefined');
    assert.equal(describeError({ message: 'plain', code: 7 }), 'object[7]: plain');
    fc.assert(
      fc.property(fc.anything(), (thrown) => !/\p{Cc}/u.test(describeError(thrown))),
      { seed: 5 },
    );
  });
});

describe('Anything thrown, as an error for people', () => {
  it('leaves our own errors as they are', () => {
    const error = new IoError('x', 'y');
    assert.equal(toRunctlError(error), error);
  });

  it('reads an abort as a cancel', () => {
    const abort = new DOMException('stopped', 'AbortError');
    const error = toRunctlError(abort);
    assert.ok(error instanceof CancelledError);
    assert.equal(error.cause, abort);
    assert.ok(toRunctlError(new Error('x', { cause: abort })) instanceof CancelledError);
  });

  for (const code of ['ENOSPC', 'EACCES', 'ENOENT', 'EMFILE', 'ECONNREFUSED', 'EAI_AGAIN']) {
    it(`has text and a step of its own for ${code}`, () => {
      const cause = errno(code);
      const error = toRunctlError(cause);
      assert.ok(error instanceof IoError);
      assert.equal(error.code, code);
      assert.equal(error.cause, cause);
      assert.equal(error.steps.length, 1);
      assert.doesNotMatch(error.message, /E[A-Z]{3,}/);
    });
  }

  it('names path and code of a real failure', async () => {
    const path = '/nowhere/at/all';
    const cause = await readFile(path).catch((error: unknown) => error);
    const error = toRunctlError(cause);
    assert.equal(error.message, `There is no such file, folder or program: ${path}`);
    assert.deepEqual(error.details, { path, syscall: 'open' });
  });

  it('still names an errno it has no text for', () => {
    assert.match(toRunctlError(errno('EXDEV')).message, /EXDEV/);
  });

  it('finds the errno under a failed fetch', () => {
    const cause = new TypeError('fetch failed', { cause: errno('ECONNREFUSED') });
    const error = toRunctlError(cause);
    assert.equal(error.code, 'ECONNREFUSED');
    assert.equal(error.cause, cause);
  });

  it('takes codes of Node itself for no errno', () => {
    const error = toRunctlError(errno('ERR_INVALID_ARG_TYPE'));
    assert.equal(error.code, 'unexpected');
  });

  it('wraps the rest with its cause and a step', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        const error = toRunctlError(thrown);
        return error instanceof RunctlError && error.message !== '' && error.steps.length > 0;
      }),
      { seed: 5 },
    );
    const bug = new TypeError('x is undefined');
    assert.equal(toRunctlError(bug).cause, bug);
    assert.match(toRunctlError(bug).message, /x is undefined/);
  });
});
