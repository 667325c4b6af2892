import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseConfig } from '../../../src/core/config/parse.ts';
import { resolveProfile } from '../../../src/core/config/resolve-profile.ts';
import { profileSending, scriptOf } from '../../../src/training/profile-sending.ts';

const TEXT = `
[sync]
exclude = ["*.tmp"]
[checkpoint]
dir = "saved"
[runs.plain]
command = "train.py"
[runs.other]
command = "train.py"
checkpoint_dir = "out/ckpt"
cache = "cached"
`;

describe('what a launch of a profile leaves out', () => {
  it('is its own checkpoint directory and caches, not those of [checkpoint] alone', async () => {
    const { config, problems } = await parseConfig(TEXT, 'f');
    assert.ok(config, JSON.stringify(problems));
    const of = (name: string): unknown =>
      profileSending(resolveProfile(config, name, '/w', '/~'), '/w');
    assert.deepEqual(of('plain'), { exclude: ['*.tmp'], persistent: ['saved'] });
    const caches = ['huggingface', 'pip', 'torch', 'uv'].map((name) => `cached/${name}`);
    assert.deepEqual(of('other'), { exclude: ['*.tmp'], persistent: [...caches, 'out/ckpt'] });
  });
});

describe('the script of a command', () => {
  it('is looked for in the folder that is sent', () => {
    const of = (argv: readonly string[]): string | null => scriptOf({ argv, directory: '/w/src' }, '/w');
    assert.equal(of(['python3', 'train.py', 'other.py']), 'src/train.py');
    assert.equal(of(['python3', '/w/tools/run.py']), 'tools/run.py');
    assert.equal(of(['python3', '/elsewhere/run.py']), null);
    assert.equal(of(['sh', '-c', 'true']), null);
  });
});
