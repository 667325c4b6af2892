import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { CheckpointScanner } from '../../../src/checkpoints/checkpoint-scanner.ts';
import { LocalCheckpointFiles } from '../../../src/checkpoints/local-files.ts';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import type { Run } from '../../../src/core/model/run.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { RunObserver } from '../../../src/training/run-observer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NOW, sampleRun, sampleSpec } from '../../support/samples.ts';
import { TemporaryDirectory } from '../checkpoints/temporary-directory.ts';

describe('watching a run\'s checkpoints', () => {
  let directory: TemporaryDirectory;
  let files: LedgerFiles;
  let ledger: Ledger;
  let clock: FakeClock;
  let run: Run;

  beforeEach(async () => {
    directory = await TemporaryDirectory.make();
    files = new LedgerFiles();
    clock = new FakeClock(NOW);
    ledger = await files.open({ clock });
    run = sampleRun({ spec: sampleSpec({ checkpointDirectory: directory.path }) });
    await ledger.runs.insert(run);
  });
  afterEach(async () => {
    await files.dispose();
    await directory.dispose();
  });

  function observer(of = run): RunObserver {
    const options = { runId: of.id, directory: directory.path, globs: [], best: null };
    const scanner = new CheckpointScanner(new LocalCheckpointFiles(), options);
    const guard = (): void => undefined;
    return new RunObserver(of, { ledger, clock, logger: NULL_LOGGER, scanner, copy: null,
      tap: null, clockAhead: 0, guard });
  }

  const stored = async (): Promise<string[]> =>
    (await ledger.checkpoints.list(run.id)).map(({ path, complete, marks }) =>
      [path.slice(directory.path.length + 1), complete ? 'whole' : 'half', ...marks].join(' '),
    );

  it('stores again what was forgotten although it is there', async () => {
    await directory.write({ 'step-1.ckpt': 'x' }, NOW - 20_000);
    const watching = observer();
    await watching.scan();
    assert.deepEqual(await stored(), ['step-1.ckpt whole newest']);
    await ledger.checkpoints.forgetPaths([directory.join('step-1.ckpt')]);
    assert.deepEqual(await stored(), []);
    await watching.scan();
    assert.deepEqual(await stored(), ['step-1.ckpt whole newest']);
  });

  it('writes nothing when nothing changed', async () => {
    await directory.write({ 'step-1.ckpt': 'x', 'step-1.json': '{"loss": 0.25}' }, NOW - 20_000);
    const watching = observer();
    await watching.scan();
    let writes = 0;
    ledger.onDidChange(() => (writes += 1));
    await watching.scan();
    assert.equal(writes, 0);
  });

  it('does not take half a file after a kill for whole, unless it had stood still', async () => {
    await directory.write({ 'step-1.ckpt': 'whole' }, NOW - 3_000);
    await directory.write({ 'step-2.ckpt': 'half' }, NOW - 100);
    const watching = observer();
    await watching.scan();
    await clock.advance(3_000);
    await directory.write({ 'step-2.ckpt': 'half and more' }, NOW + 2_900);
    await watching.finish(137);
    assert.deepEqual(await stored(), ['step-1.ckpt whole newest', 'step-2.ckpt half']);
  });

  it('takes what was declared whole before a kill', async () => {
    await directory.write({ 'step-2.ckpt': 'half' }, NOW - 100);
    const watching = observer();
    await watching.scan();
    await clock.advance(3_000);
    const declared = { 'step-2.ckpt': 'all of it', 'step-2.json': '{"complete": true}' };
    await directory.write(declared, NOW + 2_900);
    await watching.finish(137);
    assert.deepEqual(await stored(), ['step-2.ckpt whole newest']);
  });

  it('waits for no age after a good end', async () => {
    await directory.write({ 'step-2.ckpt': 'all of it' }, NOW - 1);
    await observer().finish(0);
    assert.deepEqual(await stored(), ['step-2.ckpt whole newest']);
  });

  it('marks the newest of its own, whatever an earlier run left in the directory', async () => {
    await directory.write({ 'step-9000.ckpt': 'x' }, NOW - 600_000);
    await directory.write({ 'step-1.ckpt': 'x' }, NOW - 20_000);
    await observer().scan();
    assert.deepEqual(await stored(), ['step-1.ckpt whole newest']);
  });
});
