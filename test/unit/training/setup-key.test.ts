import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { setupKey, setupStep } from '../../../src/training/setup-key.ts';

const SETUP = ['pip', 'install', '-r', 'requirements.txt'];

describe('the name of a set-up step', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'runctl-setup-'));
    writeFileSync(join(folder, 'requirements.txt'), 'torch\n');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const key = (setup = SETUP, inputs = ['requirements.txt']): Promise<string> =>
    setupKey(setup, folder, inputs);

  it('is what the agent takes for a key, and stays while nothing changes', async () => {
    assert.match(await key(), /^[0-9a-f]{64}$/);
    assert.equal(await key(), await key());
  });

  it('changes with the command, the directory and each input', async () => {
    writeFileSync(join(folder, 'b'), '');
    const keys = [await key(), await key(['pip', 'install', '-r requirements.txt'])];
    keys.push(await setupKey(SETUP, `${folder}/.`, ['requirements.txt']));
    keys.push(await key(SETUP, ['requirements.txt', 'b']));
    keys.push(await key(SETUP, []));
    writeFileSync(join(folder, 'requirements.txt'), 'torch==2\n');
    keys.push(await key());
    assert.equal(new Set(keys).size, keys.length);
  });

  it('belongs to a step, which is one of a command in a directory whatever its inputs', () => {
    const steps = [setupStep(SETUP, '/a'), setupStep(SETUP, '/b'), setupStep(['make'], '/a')];
    assert.equal(new Set(steps).size, 3);
    assert.match(steps[0] ?? '', /^[0-9a-f]{64}$/);
    assert.equal(setupStep([...SETUP], '/a'), steps[0]);
  });

  it('does not depend on the order of the inputs, nor on where one ends', async () => {
    writeFileSync(join(folder, 'a'), 'xy');
    writeFileSync(join(folder, 'b'), 'z');
    const before = await key(SETUP, ['a', 'b']);
    assert.equal(await key(SETUP, ['b', 'a']), before);
    writeFileSync(join(folder, 'a'), 'x');
    writeFileSync(join(folder, 'b'), 'yz');
    assert.notEqual(await key(SETUP, ['a', 'b']), before);
  });

  it('tells an input that is not there from an empty one', async () => {
    const missing = await key(SETUP, ['later']);
    writeFileSync(join(folder, 'later'), '');
    assert.notEqual(await key(SETUP, ['later']), missing);
  });

  it('cannot be told when an input cannot be read', async () => {
    mkdirSync(join(folder, 'directory'));
    await assert.rejects(key(SETUP, ['directory']), { code: 'EISDIR' });
  });
});
