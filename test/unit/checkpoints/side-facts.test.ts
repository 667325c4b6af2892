import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseSide, sidePaths } from '../../../src/checkpoints/side-facts.ts';

const parse = (value: unknown, path = '/c/x.ckpt') => parseSide(JSON.stringify(value), path);

describe('a side JSON', () => {
  it('lies beside its checkpoint under either name', () => {
    assert.deepEqual(sidePaths('/c/x.ckpt'), ['/c/x.ckpt.json', '/c/x.json']);
    assert.deepEqual(sidePaths('/c/checkpoint-5'), ['/c/checkpoint-5.json']);
  });

  it('tells step, epoch, loss, completeness and every other number', () => {
    const { facts } = parse({ step: 40, epoch: 2.5, loss: 0.5, accuracy: 0.9, complete: true });
    assert.ok(facts);
    assert.deepEqual(
      [facts.step, facts.epoch, facts.loss, facts.complete, facts.metrics['accuracy']],
      [40, 2.5, 0.5, true, 0.9],
    );
  });

  it('prefers the validation loss', () => {
    assert.equal(parse({ loss: 0.1, val_loss: 0.4 }).facts?.loss, 0.4);
    assert.equal(parse({ step: 1, metrics: { val_loss: 0.3 } }).facts?.loss, 0.3);
  });

  it('reads the last logged loss of a Hugging Face trainer state, and its best checkpoint', () => {
    const state = {
      global_step: 500,
      epoch: 1.5,
      best_model_checkpoint: './out/checkpoint-500',
      log_history: [{ loss: 2, step: 100 }, { loss: 1.25, step: 500 }],
    };
    const { facts } = parse(state, '/out/checkpoint-500');
    assert.ok(facts);
    assert.deepEqual([facts.step, facts.loss, facts.best], [500, 1.25, true]);
    assert.equal(parse(state, '/out/checkpoint-400').facts?.best, false);
  });

  it('ignores what is malformed or speaks of something else, with a reason', () => {
    assert.match(parseSide('{"step": 4', '/c/x.ckpt').reason ?? '', /valid JSON/);
    assert.match(parse([1]).reason ?? '', /object/);
    assert.match(parse({ hidden_size: 768 }).reason ?? '', /nothing/);
    assert.match(parse({ step: 'four', loss: null }).reason ?? '', /nothing/);
    assert.match(parse({ step: -1 }).reason ?? '', /nothing/);
  });

  it('is not fooled by names of the prototype', () => {
    const { facts } = parseSide('{"__proto__": {"step": 3}, "step": 4}', '/c/x.ckpt');
    assert.equal(facts?.step, 4);
    assert.equal(({} as Record<string, unknown>)['step'], undefined);
  });
});
