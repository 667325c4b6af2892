import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { KnownBuckets } from '../../../src/storage/known-buckets.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';

describe('buckets the person has agreed to', () => {
  let files: LedgerFiles;

  beforeEach(() => {
    files = new LedgerFiles();
  });
  afterEach(() => files.dispose());

  it('are remembered for one workspace each, by every window', async () => {
    const clock = new FakeClock();
    const known = new KnownBuckets(await files.open({ clock }), clock);
    assert.equal(await known.isAgreed('mine', '/work/a b'), false);
    await known.remember('mine', '/work/a b');
    const other = new KnownBuckets(await files.open({ clock }), clock);
    assert.equal(await other.isAgreed('mine', '/work/a b'), true);
    assert.equal(await other.isAgreed('mine', '/work/a'), false);
    assert.equal(await other.isAgreed('min', '/work/a b'), false);
  });
});
