import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { listLeftOut } from '../../../src/sync/left-out.ts';
import type { LeftOutItem } from '../../../src/sync/left-out.ts';
import { TreeBed } from './tree-bed.ts';

describe('what a sync leaves out', () => {
  let bed: TreeBed;
  beforeEach(() => {
    bed = new TreeBed();
    bed.write({
      '.gitignore': '# no\ndata/\n*.o\n',
      '.runctlignore': '!data/keep.bin\n*.zip\n/big/\n',
      'data/keep.bin': 'x'.repeat(50),
      'data/raw.bin': 'x'.repeat(700),
      'build/a.o': 'x'.repeat(600),
      'pack.zip': 'x'.repeat(500),
      'big/deep/one': 'x'.repeat(300),
      'big/two': 'x'.repeat(100),
      'outputs/step.pt': 'x'.repeat(200),
      'sub/.gitignore': 'cache\n',
      'sub/cache/x': 'x'.repeat(90),
      'train.py': '',
    });
  });
  afterEach(() => bed.remove());

  const options = { persistent: ['outputs', 'none'], exclude: ['notes'] };
  const expected = [
    '700 data/ ignored .gitignore:2 data/',
    '600 build/a.o ignored .gitignore:3 *.o',
    '500 pack.zip rule .runctlignore:2 *.zip',
    '400 big/ rule .runctlignore:3 /big/',
    '200 outputs/ persistent',
    '90 sub/cache/ ignored sub/.gitignore:1 cache',
  ];

  it('is told by size, with the line that says so, by git', async () => {
    bed.git(['init', '-q']);
    const items = await listLeftOut(bed.root, options);
    const byGit = expected.map((line) => line.replace('build/a.o', 'build/'));
    assert.deepEqual(items.filter(({ path }) => path !== '.git/').map(line), byGit);
    assert.equal(items.find(({ path }) => path === '.git/')?.reason, 'never');
    assert.ok(items.every(({ atLeast }) => !atLeast));
  });

  it('is told alike without git', async () => {
    assert.deepEqual((await listLeftOut(bed.root, options)).map(line), expected);
  });

  it('names the configuration where that is the reason', async () => {
    const [first] = await listLeftOut(bed.root, { exclude: ['x', 'build'] });
    assert.equal(first?.path, 'data/');
    const build = (await listLeftOut(bed.root, { exclude: ['x', 'build'] }))[1];
    assert.deepEqual(build?.rule, { source: '[sync] exclude', line: 2, pattern: 'build' });
  });

  it('is told of repositories inside too', async () => {
    bed.git(['init', '-q']);
    bed.write({ 'inner/.gitignore': 'tmp\n', 'inner/tmp': 'x'.repeat(900), 'inner/a': '' });
    bed.git(['init', '-q'], 'inner');
    bed.git(['add', '.'], 'inner');
    bed.git(['commit', '-qm', 'x'], 'inner');
    const items = await listLeftOut(bed.root, options);
    const inner = items.find(({ path }) => path === 'inner/tmp');
    assert.deepEqual(inner?.rule, { source: 'inner/.gitignore', line: 1, pattern: 'tmp' });
  });
});

function line({ path, bytes, reason, rule }: LeftOutItem): string {
  const why = rule === undefined ? '' : ` ${rule.source}:${rule.line} ${rule.pattern}`;
  return `${bytes} ${path} ${reason}${why}`;
}
