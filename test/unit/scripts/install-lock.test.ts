import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { withLock } from '../../../scripts/lib/install-lock.ts';

describe('The lock of an install', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runctl-lock-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('lets one in at a time and leaves nothing behind, also after a failure', async () => {
    const file = join(folder, 'lock');
    const order: string[] = [];
    const first = withLock(file, async () => {
      order.push('first in');
      await new Promise((resolve) => setTimeout(resolve, 100));
      order.push('first out');
      throw new Error('failed');
    });
    await assert.rejects(Promise.all([first, withLock(file, () => Promise.resolve())]), /failed/);
    await withLock(file, () => Promise.resolve(order.push('last')));
    assert.deepEqual(order, ['first in', 'first out', 'last']);
    assert.deepEqual(await readdir(folder), []);
  });

  it('is taken over from an owner that died', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    await writeFile(join(folder, 'lock'), String(child.pid));
    assert.equal(await withLock(join(folder, 'lock'), () => Promise.resolve(7)), 7);
  });
});
