import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { guessScripts } from '../../../src/core/config/guess-script.ts';

const TORCH = 'import numpy as np\nimport torch\n';
const MAIN = "if __name__ == '__main__':\n    main()\n";

describe('The script of a first configuration', () => {
  const guess = (files: Readonly<Record<string, string>>) =>
    guessScripts(Object.entries(files).map(([path, text]) => ({ path, text })));

  it('is train.py, else main.py, else run.py, in the top folder', () => {
    assert.deepEqual(guess({ 'run.py': MAIN, 'main.py': MAIN, 'train.py': '' }), ['train.py']);
    assert.deepEqual(guess({ 'run.py': MAIN, 'main.py': MAIN }), ['main.py']);
    assert.deepEqual(guess({ 'run.py': '', 'src/main.py': '' }), ['run.py']);
  });

  it('is in src before it is in another folder', () => {
    assert.deepEqual(guess({ 'a/train.py': TORCH, 'src/train.py': TORCH }), ['src/train.py']);
  });

  it('looks like a training before it lies well', () => {
    assert.deepEqual(guess({ 'run.py': MAIN, 'src/train.py': TORCH + MAIN }), ['src/train.py']);
    assert.deepEqual(guess({ 'main.py': 'import flask\n', 'run.py': TORCH }), ['run.py']);
    assert.deepEqual(guess({ 'main.py': '', 'run.py': MAIN }), ['run.py']);
  });

  it('stays the plain train.py of the top folder when another file imports more', () => {
    assert.deepEqual(guess({ 'train.py': MAIN, 'models/main.py': TORCH + MAIN }), ['train.py']);
    assert.deepEqual(guess({ 'train.py': MAIN, 'train_torch.py': TORCH + MAIN }), ['train.py']);
  });

  it('has another name only when it is a script that imports a library of the field', () => {
    assert.deepEqual(guess({ 'gpt.py': TORCH + MAIN, 'model.py': TORCH, 'cli.py': MAIN }), ['gpt.py']);
    assert.deepEqual(guess({ 'train_gpt.py': '', 'other.py': '' }), ['train_gpt.py']);
    assert.deepEqual(guess({ 'lora.py': `from transformers import Trainer\n${MAIN}` }), ['lora.py']);
  });

  it('is nothing rather than a test, a set-up or any file', () => {
    assert.deepEqual(guess({}), []);
    const files = { 'test_train.py': TORCH + MAIN, 'setup.py': TORCH + MAIN, 'util.py': TORCH };
    assert.deepEqual(guess(files), []);
    assert.deepEqual(guess({ 'x.py': `# import torch\nimport torchless\n${MAIN}` }), []);
  });

  it('is asked for when several are equally good, in a steady order', () => {
    const files = { 'b/train.py': TORCH, 'a/train.py': TORCH, 'c/main.py': TORCH };
    assert.deepEqual(guess(files), ['a/train.py', 'b/train.py']);
  });
});
