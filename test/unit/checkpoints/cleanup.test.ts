import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { CheckpointScanner } from '../../../src/checkpoints/checkpoint-scanner.ts';
import { cleanUpCheckpoints } from '../../../src/checkpoints/cleanup.ts';
import { LocalCheckpointFiles } from '../../../src/checkpoints/local-files.ts';
import { planRetention } from '../../../src/checkpoints/retention.ts';
import type { RetentionPlan } from '../../../src/checkpoints/retention.ts';
import { CancelledError, CleanupError } from '../../../src/core/errors.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

const LATER = Date.now() + 60_000;

describe('carrying out a clean-up', () => {
  let directory: TemporaryDirectory;
  const files = new LocalCheckpointFiles();

  beforeEach(async () => {
    directory = await TemporaryDirectory.make();
  });
  afterEach(() => directory.dispose());

  async function plan(keepLast = 1): Promise<RetentionPlan> {
    const options = { runId: null, directory: directory.path, globs: [], best: null };
    const { checkpoints } = await new CheckpointScanner(files, options).scan(LATER);
    const policy = { keepLast, keepBest: true, keepFinal: true };
    return planRetention(checkpoints, policy, { resumedFrom: [], protectedPaths: [] });
  }

  const left = async () => (await readdir(directory.path)).sort();
  const reasons = async (made: RetentionPlan) =>
    (await cleanUpCheckpoints(files, directory.path, made)).skipped.map((s) => s.reason);

  it('deletes files and directories with their side JSON, and nothing else', async () => {
    await directory.write({
      'step-1.ckpt': '12345', 'step-1.ckpt.json': '{"step": 1}', 'step-1.json': '{"other": true}',
      'step-2.ckpt': 'b', 'step-2.json': '{"step": 2}', 'step-9.ckpt': 'c', 'notes.txt': 'n',
      'checkpoint-3/model.safetensors': 'w', 'checkpoint-3/sub/x': 'w',
      'checkpoint-3/trainer_state.json': '{"global_step": 3}',
    });
    const report = await cleanUpCheckpoints(files, directory.path, await plan());
    assert.deepEqual(report.deleted.map((c) => c.path.split('/').at(-1)),
      ['step-1.ckpt', 'step-2.ckpt', 'checkpoint-3']);
    assert.deepEqual([report.errors, report.skipped], [[], []]);
    assert.equal(report.bytesFreed, 5 + 1 + 20);
    assert.deepEqual(await left(), ['notes.txt', 'step-1.json', 'step-9.ckpt']);
  });

  it('keeps a side JSON that another checkpoint still has', async () => {
    await directory.write({ 'a.pt': '1', 'a.json': '{"step": 1}' }, 1_000);
    await directory.write({ 'a.ckpt': '2' }, 2_000);
    const made = await plan();
    assert.equal(made.remove.length, 1);
    await cleanUpCheckpoints(files, directory.path, made);
    assert.ok((await left()).includes('a.json'));
  });

  it('skips what has changed or gone since the plan', async () => {
    await directory.write({ 'step-1.ckpt': 'aa', 'step-2.ckpt': 'b', 'step-3.ckpt': 'c' });
    await directory.write({ 'checkpoint-0/model.safetensors': 'w', 'step-9.ckpt': 'x' });
    await directory.write({ 'checkpoint-0/trainer_state.json': '{"global_step": 0}' });
    const made = await plan();
    assert.equal(made.remove.length, 4);
    await directory.write({ 'step-1.ckpt': 'bb' }, 3_000);
    await directory.write({ 'step-2.ckpt': 'longer' });
    await rename(directory.join('step-3.ckpt'), directory.join('kept.bin'));
    await writeFile(directory.join('checkpoint-0', 'late.bin'), 'late');
    assert.deepEqual(await reasons(made), ['changed', 'changed', 'changed', 'gone']);
    assert.deepEqual(await left(),
      ['checkpoint-0', 'kept.bin', 'step-1.ckpt', 'step-2.ckpt', 'step-9.ckpt']);
  });

  it('never deletes through a link, of the checkpoint or of a directory above it', async () => {
    const outside = await TemporaryDirectory.make();
    await directory.write({ 'step-1.ckpt': 'a', 'sub/step-2.ckpt': 'b', 'step-9.ckpt': 'c' });
    const made = await plan();
    await outside.write({ 'step-1.ckpt': 'a', 'step-2.ckpt': 'b' });
    await rename(directory.join('step-1.ckpt'), directory.join('moved'));
    await symlink(outside.join('step-1.ckpt'), directory.join('step-1.ckpt'));
    await rename(directory.join('sub'), directory.join('sub-moved'));
    await symlink(outside.path, directory.join('sub'));
    assert.deepEqual((await reasons(made)).sort(), ['link', 'outside']);
    assert.deepEqual((await readdir(outside.path)).sort(), ['step-1.ckpt', 'step-2.ckpt']);
    await outside.dispose();
  });

  it('deletes links within a directory checkpoint without following them', async () => {
    const outside = await TemporaryDirectory.make();
    await outside.write({ 'precious.bin': 'p' });
    await directory.write({
      'checkpoint-1/model.safetensors': 'w', 'checkpoint-1/trainer_state.json': '{"global_step":1}',
      'step-9.ckpt': 'x',
    });
    await symlink(outside.path, directory.join('checkpoint-1', 'data'));
    const report = await cleanUpCheckpoints(files, directory.path, await plan());
    assert.equal(report.deleted.length, 1);
    assert.equal(await readFile(outside.join('precious.bin'), 'utf8'), 'p');
    await outside.dispose();
  });

  it('puts back what a writer changed between the check and the rename', async () => {
    await directory.write({ 'step-1.ckpt': 'a', 'step-9.ckpt': 'b' });
    const made = await plan();
    class RacingFiles extends LocalCheckpointFiles {
      override async rename(from: string, to: string): Promise<void> {
        if (from.endsWith('step-1.ckpt')) {
          await writeFile(from, 'written at the last moment');
        }
        await super.rename(from, to);
      }
    }
    const report = await cleanUpCheckpoints(new RacingFiles(), directory.path, made);
    assert.deepEqual(report.skipped.map((s) => s.reason), ['changed']);
    assert.deepEqual(await left(), ['step-1.ckpt', 'step-9.ckpt']);
  });

  it('goes on after a failure, and fails only when nothing could be done', async () => {
    await directory.write({ 'step-1.ckpt': 'a', 'step-2.ckpt': 'b', 'step-9.ckpt': 'c' });
    class FailingFiles extends LocalCheckpointFiles {
      readonly failing: RegExp;
      constructor(failing: RegExp) {
        super();
        this.failing = failing;
      }
      override async rename(from: string, to: string): Promise<void> {
        if (this.failing.test(from)) {
          throw new Error('EACCES');
        }
        await super.rename(from, to);
      }
    }
    const made = await plan();
    await assert.rejects(
      cleanUpCheckpoints(new FailingFiles(/step/), directory.path, made),
      (error: unknown) => error instanceof CleanupError && error.steps.length > 0,
    );
    const report = await cleanUpCheckpoints(new FailingFiles(/step-1/), directory.path, made);
    assert.deepEqual([report.deleted.length, report.errors.length], [1, 1]);
  });

  it('sweeps what an interrupted clean-up left hidden', async () => {
    const leftover = directory.join('.checkpoint-1.runctl-deleting');
    await mkdir(join(leftover, 'sub'), { recursive: true });
    await directory.write({ 'step-1.ckpt': 'a' });
    await cleanUpCheckpoints(files, directory.path, await plan());
    assert.deepEqual(await left(), ['step-1.ckpt']);
    assert.equal(dirname(leftover), directory.path);
  });

  it('stops when told', async () => {
    await directory.write({ 'step-1.ckpt': 'a', 'step-9.ckpt': 'b' });
    const made = await plan();
    const cancelled = cleanUpCheckpoints(files, directory.path, made, AbortSignal.abort());
    await assert.rejects(cancelled, CancelledError);
    assert.deepEqual(await left(), ['step-1.ckpt', 'step-9.ckpt']);
  });
});
