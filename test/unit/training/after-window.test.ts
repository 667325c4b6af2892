import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { TransferError } from '../../../src/core/errors.ts';
import { unsavedMessage } from '../../../src/ui/unsaved-message.ts';
import { AfterBed } from '../../support/after-bed.ts';

let bed: AfterBed;

describe('results that come to this host', () => {
  const HERE = { durable: 'window', webhook: null, holdSeconds: 0 };

  beforeEach(async () => void (bed = await AfterBed.open()));
  afterEach(() => bed.close());

  it('are the newest whole bed.checkpoint, kept beside the run and marked', async () => {
    const run = await bed.insert(HERE);
    await bed.checkpoint(run, 'step-1.ckpt', 1);
    const newest = await bed.checkpoint(run, 'step-2.ckpt', 2);
    bed.says(run, {});
    await bed.monitor.wake();
    const copy = bed.results.copyOf(run.id, newest);
    assert.equal(await readFile(copy, 'utf8'), 'weights of step 2');
    assert.deepEqual(await bed.afterOf(run), {
      state: 'done',
      saved: [{ name: basename(newest), bytes: 17 }],
      place: copy,
      error: null,
      webhook: null,
    });
    const durable = (await bed.ledger.checkpoints.list(run.id)).map((item) => item.durable);
    assert.deepEqual(durable, [undefined, copy]);
    await bed.pass(2000);
    assert.deepEqual([await bed.kinds(run), bed.fetched.length, bed.clock.pending], [['saved'], 1, 0]);
    assert.deepEqual(await bed.control.resultsOf(run.id), { place: bed.results.placeOf(run.id), bytes: 17 });
  });

  it('are not another run’s: what was written over is passed by', async () => {
    const run = await bed.insert(HERE);
    const first = await bed.checkpoint(run, 'step-1.ckpt', 1);
    await writeFile(await bed.checkpoint(run, 'step-2.ckpt', 2), 'of another run');
    bed.says(run, {});
    await bed.monitor.wake();
    assert.deepEqual(bed.fetched.map(({ source }) => source), [first]);
  });

  it('are none when the run left no whole checkpoint', async () => {
    const run = await bed.insert(HERE);
    bed.says(run, {});
    await bed.monitor.wake();
    assert.deepEqual([(await bed.afterOf(run))?.state, (await bed.afterOf(run))?.place], ['done', null]);
  });

  it('are tried again, less and less often, and at once when asked for', async () => {
    const run = await bed.insert(HERE);
    await bed.checkpoint(run, 'step-1.ckpt', 1);
    bed.says(run, {});
    bed.fetch = () => Promise.reject(new TransferError('disk-full', 'No room on this computer'));
    const warned: (string | null)[] = [];
    bed.monitor.onDidNotSave((one) => warned.push(unsavedMessage(one)));
    await bed.monitor.wake();
    assert.deepEqual([(await bed.afterOf(run))?.state, (await bed.afterOf(run))?.error], ['waiting', 'No room on this computer']);
    const inTurn: number[] = [];
    for (const ms of [9000, 2000, 61_000, 301_000]) {
      await bed.pass(ms);
      inTurn.push(bed.fetched.length);
    }
    assert.deepEqual(inTurn, [1, 2, 3, 4]);
    assert.deepEqual(await bed.kinds(run), ['not-saved'], 'told once');
    assert.deepEqual(warned, ['The results of digits are not saved: No room on this computer']);
    await bed.control.saveAgain(run.id, {});
    await bed.monitor.wake();
    await bed.pass(3000);
    assert.equal(warned.length, 2, 'asked for again, it is told again');
    bed.fetch = async ({ destination }) => writeFile(destination, '');
    await bed.control.saveAgain(run.id, {});
    await bed.monitor.wake();
    await bed.pass(3000);
    assert.equal((await bed.afterOf(run))?.state, 'done');
  });

  it('are left when the window goes in the middle, and fetched by the next', async () => {
    const run = await bed.insert(HERE);
    await bed.checkpoint(run, 'step-1.ckpt', 1);
    bed.says(run, {});
    const really = bed.fetch;
    bed.fetch = ({ signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')));
        bed.monitor.dispose();
      });
    await bed.monitor.wake();
    assert.deepEqual([(await bed.afterOf(run))?.state, (await bed.afterOf(run))?.error], ['saving', null]);
    bed.fetch = really;
    bed.newMonitor();
    await bed.monitor.wake();
    assert.equal((await bed.afterOf(run))?.state, 'done');
  });

  it('are done only when the webhook is called, too, and are fetched once', async () => {
    const run = await bed.insert({ ...HERE, webhook: 'https://example.org/' });
    await bed.checkpoint(run, 'step-1.ckpt', 1);
    bed.saysAfter(run, { state: 'calling' });
    await bed.monitor.wake();
    assert.equal((await bed.afterOf(run))?.state, 'calling');
    bed.saysAfter(run, { state: 'done', webhook: 'sent' });
    await bed.pass(20_000);
    assert.deepEqual([(await bed.afterOf(run))?.state, (await bed.afterOf(run))?.webhook], ['done', 'sent']);
    assert.equal(bed.fetched.length, 1);
  });

  for (const wanted of [false, true]) {
    it(`${wanted ? 'go' : 'stay'} when the run is forgotten and that was ${wanted ? '' : 'not '}asked for`, async () => {
      const run = await bed.insert(HERE);
      const path = await bed.checkpoint(run, 'step-1.ckpt', 1);
      bed.says(run, {});
      await bed.monitor.wake();
      await bed.control.forget(run.id, { results: wanted });
      const isThere = await stat(bed.results.copyOf(run.id, path)).then(() => true, () => false);
      assert.equal(isThere, !wanted);
    });
  }
});

