import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { syncTree } from '../../../src/sync/transfer/sync-tree.ts';
import { snapshot, syncBed } from '../../support/sync-bed.ts';
import type { SyncBed } from '../../support/sync-bed.ts';

const DAY_S = 86_400;

describe('a machine that is synced to for months', function () {
  this.timeout(60_000);
  let bed: SyncBed;
  let trees: string;

  beforeEach(async () => {
    bed = await syncBed();
    trees = join(bed.home, 'trees');
    await bed.write('src/a.py', 'a');
    await bed.write('src/deep/b.py', 'b');
  });
  afterEach(() => bed.dispose());

  const sync = async (workspaceKey: string): Promise<string> =>
    (await syncTree(await bed.request({ workspaceKey }))).directory;

  // As if the last look for old things were long ago.
  const next = async (): Promise<void> => {
    await rm(join(trees, 'tidied'), { force: true });
    await bed.write('src/a.py', `a ${Math.random()}`);
    await sync('abc123');
  };

  async function age(path: string, days: number): Promise<void> {
    const then = Date.now() / 1000 - days * DAY_S;
    await utimes(path, then, then);
  }

  it('keeps what was moved aside for a month, and no longer', async () => {
    await sync('abc123');
    for (const [name, days] of [['old', 32], ['young', 28]] as const) {
      await mkdir(join(trees, 'abc123/aside', name), { recursive: true });
      await writeFile(join(trees, 'abc123/aside', name, 'x'), name);
      await age(join(trees, 'abc123/aside', name), days);
    }
    await next();
    assert.deepEqual([...(await snapshot(join(trees, 'abc123/aside'))).keys()], ['young/x']);
  });

  it('takes back its files from a workspace unused for three months, and no file of a run', async () => {
    const [stale, mixed, recent] = [await sync('0a'), await sync('0b'), await sync('0c')];
    await writeFile(join(stale, 'checkpoints/1.pt'), 'weights');
    await writeFile(join(mixed, 'src/deep/out.txt'), 'of the run');
    for (const key of ['0a', '0b']) await age(join(trees, key, 'used'), 92);
    await age(join(trees, '0c', 'used'), 88);
    await next();
    assert.equal(existsSync(stale), false);
    assert.deepEqual([...(await snapshot(join(trees, '0a/keep'))).keys()], ['checkpoints/1.pt']);
    assert.deepEqual([...(await snapshot(mixed)).keys()], ['src/deep/out.txt']);
    assert.ok(existsSync(join(recent, 'src/deep/b.py')));
    await sync('0b');
    assert.ok(existsSync(join(mixed, 'src/deep/b.py')) && existsSync(join(mixed, 'src/deep/out.txt')));
  });

  it('leaves alone what a run changed or works in', async () => {
    const [changed, worked] = [await sync('0a'), await sync('0b')];
    await writeFile(join(changed, 'src/a.py'), 'changed there');
    for (const key of ['0a', '0b']) await age(join(trees, key, 'used'), 92);
    const run = spawn('sleep', ['60'], { cwd: join(worked, 'src'), stdio: 'ignore' });
    try {
      await next();
      assert.ok(existsSync(join(changed, 'src/deep/b.py')));
      assert.ok(existsSync(join(worked, 'src/a.py')));
    } finally {
      run.kill();
      await once(run, 'exit');
    }
    await next();
    assert.equal(existsSync(worked), false);
  });
});
