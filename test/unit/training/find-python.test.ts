import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { PythonChoice } from '../../../src/training/command-line.ts';
import type { PythonSearch } from '../../../src/training/find-python.ts';
import { findPython } from '../../../src/training/find-python.ts';

describe('findPython', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'runctl-python-'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const find = (changes: Partial<PythonSearch> = {}): Promise<PythonChoice> =>
    findPython({
      env: { PATH: `${join(folder, 'empty')}::${join(folder, 'bin')}` },
      folder,
      configured: null,
      selected: null,
      venvPython: 'bin/python',
      fallback: 'python3',
      ...changes,
    });

  function program(path: string, mode = 0o755): string {
    const full = join(folder, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, '');
    chmodSync(full, mode);
    return full;
  }

  it('falls back to the plain name when there is nothing', async () => {
    const nothing = { uv: null, interpreter: null, fallback: 'python3' };
    assert.deepEqual(await find(), nothing);
    assert.deepEqual(await find({ env: {} }), nothing);
  });

  it('finds uv on the PATH, in its order', async () => {
    const uv = program('bin/uv');
    assert.equal((await find()).uv, uv);
    const earlier = program('empty/uv');
    assert.equal((await find()).uv, earlier);
  });

  it('takes a virtual environment of the folder, .venv before the others', async () => {
    const plain = program('venv/bin/python');
    assert.equal((await find()).interpreter, plain);
    const hidden = program('.venv/bin/python');
    assert.equal((await find()).interpreter, hidden);
  });

  it('passes over what cannot be executed', async () => {
    program('bin/uv', 0o644);
    program('.venv/bin/python', 0o644);
    assert.deepEqual(await find(), { uv: null, interpreter: null, fallback: 'python3' });
  });

  it('prefers the interpreter selected in the editor to one it found', async () => {
    program('.venv/bin/python');
    assert.equal((await find({ selected: '/opt/python' })).interpreter, '/opt/python');
  });

  it('lets the interpreter the user set rule out everything else', async () => {
    program('bin/uv');
    const choice = await find({ configured: '/own/python', selected: '/opt/python' });
    assert.deepEqual(choice, { uv: null, interpreter: '/own/python', fallback: 'python3' });
  });
});
