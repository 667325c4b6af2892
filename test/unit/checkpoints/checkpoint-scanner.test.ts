import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { CheckpointScanner } from '../../../src/checkpoints/checkpoint-scanner.ts';
import type { ScanOptions } from '../../../src/checkpoints/checkpoint-scanner.ts';
import { LocalCheckpointFiles } from '../../../src/checkpoints/local-files.ts';
import type { Checkpoint } from '../../../src/core/model/records.ts';
import { safetensors, zip } from './sample-files.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

/** Counts what is opened, so that a second look must not open again. */
class CountingFiles extends LocalCheckpointFiles {
  opened = 0;

  override readBytes(path: string, start: number, length: number): Promise<Uint8Array | null> {
    this.opened += 1;
    return super.readBytes(path, start, length);
  }
}

describe('looking at a checkpoint directory again and again', () => {
  let directory: TemporaryDirectory;
  let files: CountingFiles;
  const LATER = 2_000_000;

  beforeEach(async () => {
    directory = await TemporaryDirectory.make();
    files = new CountingFiles();
  });
  afterEach(() => directory.dispose());

  function scanner(options: Partial<ScanOptions> = {}): CheckpointScanner {
    const defaults = { runId: null, directory: directory.path, globs: [], best: null };
    return new CheckpointScanner(files, { ...defaults, ...options });
  }

  const names = (checkpoints: readonly Checkpoint[]) =>
    checkpoints.map((c) => [c.path.split('/').at(-1), c.complete, ...c.marks].join(' '));

  it('lists newest first with steps from the side JSON before those of the name', async () => {
    await directory.write({
      'step-1.ckpt': 'a', 'step-2.ckpt': 'b', 'final.ckpt': 'c', 'best.ckpt': 'd',
      'final.ckpt.json': '{"step": 3, "loss": 0.2, "complete": true}',
      'best.ckpt.json': '{"step": 1, "loss": 0.1, "complete": true}',
    });
    const { checkpoints, problems } = await scanner().scan(LATER);
    assert.deepEqual(problems, []);
    assert.deepEqual(names(checkpoints), [
      'final.ckpt true newest final', 'step-2.ckpt true', 'step-1.ckpt true', 'best.ckpt true best',
    ]);
  });

  it('follows the user\'s metric for the best one', async () => {
    await directory.write({
      'step-1.ckpt': 'a', 'step-1.json': '{"step": 1, "accuracy": 0.9}',
      'step-2.ckpt': 'a', 'step-2.json': '{"step": 2, "accuracy": 0.7}',
    });
    const best = { metric: 'accuracy', mode: 'max' } as const;
    const { checkpoints } = await scanner({ best }).scan(LATER);
    assert.deepEqual(names(checkpoints), ['step-2.ckpt true newest', 'step-1.ckpt true best']);
  });

  it('calls a growing file incomplete until it stands still', async () => {
    const now = 1_000_000;
    const look = scanner();
    await directory.write({ 'step-1.ckpt': 'half' }, now - 100);
    assert.deepEqual(names((await look.scan(now)).checkpoints), ['step-1.ckpt false']);
    await directory.write({ 'step-1.ckpt': 'half and more' }, now + 2_900);
    assert.deepEqual(names((await look.scan(now + 3_000)).checkpoints), ['step-1.ckpt false']);
    const { checkpoints } = await look.scan(now + 6_000);
    assert.deepEqual(names(checkpoints), ['step-1.ckpt true newest']);
  });

  it('sees a cut torch or safetensors file however old it is', async () => {
    const whole = zip('weights');
    const tensors = safetensors(40);
    await directory.write({
      'step-1.pt': whole, 'step-2.pt': whole.subarray(0, 60),
      'step-3.safetensors': tensors, 'step-4.safetensors': tensors.subarray(0, tensors.length - 1),
    });
    assert.deepEqual(names((await scanner().scan(LATER)).checkpoints), [
      'step-4.safetensors false', 'step-3.safetensors true newest', 'step-2.pt false',
      'step-1.pt true',
    ]);
  });

  it('wants weights and trainer state of a Hugging Face directory, and every shard', async () => {
    await directory.write({
      'checkpoint-1/model.safetensors': 'x', 'checkpoint-1/trainer_state.json': '{"global_step":1}',
      'checkpoint-2/model.safetensors': 'x',
      'checkpoint-3/trainer_state.json': '{"global_step":3}',
      'checkpoint-4/model-00001-of-00002.safetensors': 'x',
      'checkpoint-4/trainer_state.json': '{"global_step":4}',
    });
    assert.deepEqual(names((await scanner().scan(Date.now() + 60_000)).checkpoints), [
      'checkpoint-4 false', 'checkpoint-3 false', 'checkpoint-2 false', 'checkpoint-1 true newest',
    ]);
  });

  it('does not believe a side JSON that is older than its checkpoint', async () => {
    await directory.write({ 'best.ckpt.json': '{"step": 1, "complete": true}' }, LATER - 9_000);
    await directory.write({ 'best.ckpt': 'x' }, LATER - 100);
    assert.equal((await scanner().scan(LATER)).checkpoints[0]?.complete, false);
  });

  it('ignores a broken side JSON and says why, every time', async () => {
    await directory.write({ 'step-5.ckpt': 'x', 'step-5.ckpt.json': '{"step":' });
    const look = scanner();
    for (let times = 0; times < 2; times += 1) {
      const { checkpoints, problems } = await look.scan(LATER);
      assert.equal(checkpoints[0]?.step, 5);
      assert.deepEqual(problems.map((p) => p.path), [directory.join('step-5.ckpt.json')]);
    }
  });

  it('opens nothing again that has not changed', async () => {
    await directory.write({ 'a.pt': zip('a'), 'b.ckpt': 'b', 'b.json': '{"step": 1}' });
    const look = scanner();
    const first = await look.scan(LATER);
    const opened = files.opened;
    const second = await look.scan(LATER + 5_000);
    assert.equal(files.opened, opened);
    assert.deepEqual(second, first);
  });
});
