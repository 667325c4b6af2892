import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { withIncludedFiles } from '../../../src/training/requirement-files.ts';
import { setupKey } from '../../../src/training/setup-key.ts';

describe('the files that requirements include', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runctl-includes-'));
    await mkdir(join(folder, 'requirements'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  const write = (path: string, ...lines: string[]): Promise<void> =>
    writeFile(join(folder, path), lines.join('\n'));

  const included = async (...inputs: string[]): Promise<string[]> => {
    const all = await withIncludedFiles(folder, inputs);
    assert.deepEqual(all.slice(0, inputs.length), inputs);
    return all.slice(inputs.length).map((path) => path.slice(folder.length + 1));
  };

  it('are found in each form pip knows, relative to the file that names them', async () => {
    await write('requirements.txt', '-r requirements/base.txt # all', '--requirement=requirements/a.txt', '-crequirements/b.txt', 'torch');
    await write('requirements/base.txt', '--constraint \\', '  ../pins.txt', '-r c.txt');
    assert.deepEqual(await included('requirements.txt'), [
      'requirements/base.txt',
      'requirements/a.txt',
      'requirements/b.txt',
      'pins.txt',
      'requirements/c.txt',
    ]);
  });

  it('are each read once, also when they include one another', async () => {
    await write('requirements.txt', '-r requirements/a.txt');
    await write('requirements/a.txt', '-r ../requirements.txt', '-r a.txt');
    assert.deepEqual(await included('requirements.txt'), ['requirements/a.txt']);
  });

  it('are neither packages, options, comments nor addresses', async () => {
    await write('requirements.txt', 'requests', '--index-url https://x.test/-r', '# -r a.txt', '-r https://x.test/a.txt', '-e git+https://x.test/a', '--require-hashes');
    assert.deepEqual(await included('requirements.txt'), []);
    await write('notes.txt', '-r requirements/a.txt');
    assert.deepEqual(await included('notes.txt', 'missing-requirements.txt'), []);
  });

  it('say how a project beside them is built', async () => {
    await write('requirements.txt', '-e .[train]', './requirements');
    assert.deepEqual(await included('requirements.txt'), [
      'pyproject.toml',
      'setup.py',
      'setup.cfg',
      'requirements/pyproject.toml',
      'requirements/setup.py',
      'requirements/setup.cfg',
    ]);
  });

  it('change the name of a set-up step with their content', async () => {
    await write('requirements.txt', '-r requirements/a.txt');
    const key = (): Promise<string> => setupKey(['make'], folder, ['requirements.txt']);
    const missing = await key();
    await write('requirements/a.txt', 'torch==1');
    const first = await key();
    await write('requirements/a.txt', 'torch==2');
    assert.equal(new Set([missing, first, await key()]).size, 3);
  });
});
