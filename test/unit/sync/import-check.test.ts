import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { missingImports } from '../../../src/sync/import-check.ts';
import { pythonImports } from '../../../src/sync/python-imports.ts';
import { selectFiles } from '../../../src/sync/select-files.ts';
import { TreeBed, paths } from './tree-bed.ts';

describe('imports of a Python file', () => {
  it('are found in every way of writing them, with their lines', () => {
    const text = [
      '"""import not_this',
      'import nor_this"""',
      'import os, a.b as c  # import no',
      'from x.y import (',
      '    one,  # first',
      '    two as zwei,',
      ')',
      'from . import z; import late',
      'from ..up.er import *',
      "s = 'import no'; t = r'''",
      "from no import no'''",
      'if True: import inner',
      'def f():',
      '\tfrom g \\',
      '\t\timport h',
      'importlib = 1',
      'from_ = import_',
    ].join('\r\n');
    assert.deepEqual(
      pythonImports(text).map(({ line, level, module, names }) =>
        [line, '.'.repeat(level) + module, ...names].join(' '),
      ),
      ['3 os', '3 a.b', '4 x.y one two', '8 . z', '8 late', '9 ..up.er', '12 inner', '14 g h'],
    );
  });

  it('are read from half a file as far as it goes', () => {
    assert.deepEqual(pythonImports('import a\nfrom b import (c,').length, 1);
    assert.deepEqual(pythonImports('import a\nx = """ import b').map((one) => one.module), ['a']);
    assert.deepEqual(pythonImports('from import\nimport\nfrom . import\n'), []);
  });
});

describe('modules a script imports that are not sent', () => {
  let bed: TreeBed;
  beforeEach(() => {
    bed = new TreeBed();
    bed.git(['init', '-q']);
  });
  afterEach(() => bed.remove());

  it('are told once, with the place of the import, also through other modules', async () => {
    bed.write({
      '.gitignore': 'data/\nsecret.py\n/wandb/\n',
      'jobs/train.py': 'import numpy, wandb\nfrom lib import part\nimport data.load\n',
      'lib/__init__.py': 'from . import part, secret\n',
      'lib/part.py': 'import secret\nfrom .secret import key\n',
      'lib/secret.py': '',
      'secret.py': '',
      'data/load.py': '',
      'data/other.py': '',
      'wandb/run.log': '',
    });
    assert.deepEqual(await missing('jobs/train.py'), [
      'jobs/train.py:3 data.load data/load.py',
      'lib/__init__.py:1 . lib/secret.py',
      'lib/part.py:1 secret secret.py',
    ]);
  });

  it('include the script itself, and none that a link of the tree leads to', async () => {
    bed.write({ '.gitignore': 'train.py\n', 'train.py': 'import pkg.mod\n', 'real/mod.py': '' });
    bed.write({ 'real/__init__.py': '' }).link('pkg', 'real');
    assert.deepEqual(await missing('./train.py'), [':1  train.py']);
    assert.deepEqual(await missing('gone.py'), []);
  });

  it('are looked for beside the script before the top, and end with circles', async () => {
    bed.write({ '.gitignore': '/util.py\n', 'util.py': '', 'a/util.py': 'import main\n' });
    bed.write({ 'a/main.py': 'import util\n' });
    assert.deepEqual(await missing('a/main.py'), []);
  });

  async function missing(script: string): Promise<string[]> {
    const sent = new Set(paths(await selectFiles(bed.root)));
    const found = await missingImports(bed.root, { script }, sent);
    return found.map(({ importer, line, module, path }) => `${importer}:${line} ${module} ${path}`);
  }
});
