import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { factsFromName } from '../../../src/checkpoints/naming.ts';

const NAMES: readonly (readonly [string, number | null, number | null, number | null])[] = [
  ['step-000400.ckpt', 400, null, null],
  ['epoch=3-step=1200.ckpt', 1200, 3, null],
  ['epoch=3-step=1200-val_loss=0.25.ckpt', 1200, 3, 0.25],
  ['model_epoch_12.pt', null, 12, null],
  ['checkpoint-500', 500, null, null],
  ['ckpt_1e4', 10_000, null, null],
  ['ckpt_1e4.pt', 10_000, null, null],
  ['20000', 20_000, null, null],
  ['20000.orbax', 20_000, null, null],
  ['global_step1000', 1000, null, null],
  ['iter_0002000.pth', 2000, null, null],
  ['ep7.pth', null, 7, null],
  ['weights.05.keras', 5, null, null],
  ['resnet50.pt', null, null, null],
  ['llama-7b.safetensors', null, null, null],
  ['best.ckpt', null, null, null],
  ['/runs/step-9/final.pt', null, null, null],
  ['footstep-3.pt', null, null, null],
  ['step-99999999999999999999.pt', null, null, null],
  ['epoch_3_loss_1.5e-3.pt', null, 3, 0.0015],
];

describe('the facts in a checkpoint name', () => {
  for (const [name, step, epoch, loss] of NAMES) {
    it(`reads ${name}`, () => {
      const facts = factsFromName(name);
      assert.deepEqual([facts.step, facts.epoch, facts.loss], [step, epoch, loss]);
    });
  }

  it('takes best and final as words, not as parts of words', () => {
    assert.equal(factsFromName('model_best.pt').best, true);
    assert.equal(factsFromName('best-epoch=3.ckpt').best, true);
    assert.equal(factsFromName('bestiary.pt').best, false);
    assert.equal(factsFromName('final.ckpt').final, true);
    assert.equal(factsFromName('finalize-3.ckpt').final, false);
    assert.equal(factsFromName('last.ckpt').final, false);
  });
});
