import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { NotFoundError } from '../../../src/core/errors.ts';
import type { KeptCode } from '../../../src/training/code-diff.ts';
import { codeDiff } from '../../../src/training/code-diff.ts';
import { captureCode } from '../../../src/training/code-state.ts';

describe('the code of a run beside the code now', function () {
  this.timeout(20_000);
  let root: string;

  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', root, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { encoding: 'utf8' });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'runctl-diff-'));
    git('init', '-q');
    await write('train.py', 'lr = 1\n');
    await write('sub/model.py', 'layers = 2\n');
    git('add', '.');
    git('commit', '-qm', 'first');
  });

  afterEach(() => rm(root, { recursive: true }));

  async function write(name: string, text: string): Promise<void> {
    await mkdir(join(root, name, '..'), { recursive: true });
    await writeFile(join(root, name), text);
  }

  async function kept(): Promise<KeptCode> {
    const { state, patch } = await captureCode(root);
    return { commit: state?.commit ?? '', patch: patch ?? Buffer.alloc(0) };
  }

  it('is nothing while nothing has changed, committed or not', async () => {
    assert.equal(await codeDiff(root, await kept()), '');
    await write('train.py', 'lr = 2\n');
    await write('new file.py', 'x\n');
    const then = await kept();
    assert.equal(await codeDiff(root, then), '');
    git('add', '.');
    git('commit', '-qm', 'second');
    assert.equal(await codeDiff(join(root, 'sub'), then), '');
  });

  it('tells what came since, over commits, untracked and deleted files', async () => {
    await write('train.py', 'lr = 2\n');
    await write('extra.py', 'old\n');
    const then = await kept();
    git('add', '.');
    git('commit', '-qm', 'second');
    await write('train.py', 'lr = 3\n');
    await write('late.py', 'new\n');
    await rm(join(root, 'extra.py'));
    const diff = await codeDiff(root, then);
    assert.match(diff, /-lr = 2\n\+lr = 3\n/);
    assert.match(diff, /\+\+\+ b\/late\.py/);
    assert.match(diff, /deleted file mode 100644\n[^]*-old/);
    assert.doesNotMatch(diff, /lr = 1/);
  });

  it('leaves the repository as it was, its index and objects too', async () => {
    await write('train.py', 'lr = 2\n');
    const then = await kept();
    await write('train.py', 'lr = 3\n');
    git('status');
    const objects = async (): Promise<string[]> => (await readdir(join(root, '.git', 'objects'), { recursive: true })).sort();
    const [before, status] = [await objects(), git('status', '--porcelain')];
    await codeDiff(root, then);
    assert.deepEqual(await objects(), before);
    assert.equal(git('status', '--porcelain'), status);
  });

  it('says so when the commit is not there any more, or there is no repository', async () => {
    const then = { commit: '0'.repeat(40), patch: Buffer.alloc(0) };
    await assert.rejects(codeDiff(root, then), { code: 'commit-gone' });
    await rm(join(root, '.git'), { recursive: true });
    await assert.rejects(codeDiff(root, then), NotFoundError);
  });
});
