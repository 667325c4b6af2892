import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { commandText } from '../../../src/core/command-text.ts';

describe('the text of a command', () => {
  it('quotes what a shell would take apart, and nothing else', () => {
    assert.equal(commandText(['python3', 'train.py', '--lr=0.1', '--out', 'a b']), "python3 train.py --lr=0.1 --out 'a b'");
    assert.equal(commandText(['sh', '-c', 'echo $HOME; exit 3']), "sh -c 'echo $HOME; exit 3'");
    assert.equal(commandText(['echo', '', "it's"]), "echo '' 'it'\\''s'");
  });
});
