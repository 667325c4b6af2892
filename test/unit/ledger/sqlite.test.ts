import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { UnsupportedError } from '../../../src/core/errors.ts';
import { asLedgerError, isBusy, isCorrupt, loadSqlite } from '../../../src/ledger/sqlite.ts';

function failure(fields: object): Error {
  return Object.assign(new Error('failed'), fields);
}

describe('sqlite module', () => {
  it('says in plain words that the host is too old', async () => {
    const missing = failure({ code: 'ERR_UNKNOWN_BUILTIN_MODULE' });
    await assert.rejects(
      loadSqlite(() => Promise.reject(missing)),
      (error) => {
        assert.ok(error instanceof UnsupportedError);
        assert.equal(error.code, 'no-sqlite');
        assert.match(error.message, /VS Code 1\.101/);
        assert.equal(error.cause, missing);
        assert.ok(error.nextAction);
        return true;
      },
    );
  });

  it('hides no other failure of loading', async () => {
    const other = failure({ code: 'ERR_OUT_OF_MEMORY' });
    await assert.rejects(
      loadSqlite(() => Promise.reject(other)),
      (error) => error === other,
    );
  });

  it('reads the primary code from extended ones', () => {
    assert.ok(isBusy(failure({ errcode: 5 })));
    assert.ok(isBusy(failure({ errcode: 261 })), 'busy while recovering');
    assert.ok(isBusy(failure({ errcode: 517 })), 'busy snapshot');
    assert.ok(!isBusy(failure({ errcode: 1555 })), 'a constraint');
    assert.ok(isCorrupt(failure({ errcode: 26 })));
    assert.ok(isCorrupt(failure({ errcode: 779 })), 'corrupt index');
    assert.ok(!isCorrupt(failure({ errcode: 10 })), 'an input/output error is no damage');
  });

  it('gives each failure a code of ours and keeps the cause', () => {
    const codes = {
      5: 'ledger-busy',
      8: 'ledger-readonly',
      11: 'ledger-corrupt',
      13: 'ledger-full',
      1032: 'ledger-gone',
      1555: 'ledger-failed',
    };
    for (const [errcode, code] of Object.entries(codes)) {
      const cause = failure({ errcode: Number(errcode) });
      const error = asLedgerError(cause, '/x');
      assert.ok(error instanceof Error && 'code' in error);
      assert.equal(error.code, code);
      assert.equal(error.cause, cause);
    }
  });

  it('leaves errors that are not of SQLite alone', () => {
    const error = new RangeError('mine');
    assert.equal(asLedgerError(error, '/x'), error);
  });
});
