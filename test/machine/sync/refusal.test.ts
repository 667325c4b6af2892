import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { TransferError } from '../../../src/core/errors.ts';
import { LocalShell } from '../../../src/remote/local-shell.ts';
import type { HashedTree } from '../../../src/sync/model.ts';
import { syncTree } from '../../../src/sync/transfer/sync-tree.ts';
import { noise, snapshot, syncBed } from '../../support/sync-bed.ts';
import type { SyncBed } from '../../support/sync-bed.ts';
import { machineTools } from '../../support/sync-tools.ts';

const isCode = (code: string) => (error: unknown) => {
  assert.ok(error instanceof TransferError, String(error));
  assert.equal(error.code, code, JSON.stringify(error.details));
  assert.ok(error.nextAction !== undefined || code === 'bad-name' || code === 'bad-link');
  return true;
};

describe('a machine that cannot take a tree', function () {
  this.timeout(60_000);
  let bed: SyncBed;
  const mounts: string[] = [];

  beforeEach(async () => {
    bed = await syncBed();
  });
  afterEach(async () => {
    for (const mount of mounts.splice(0)) spawnSync('umount', ['-l', mount]);
    await bed.dispose();
  });

  async function mount(options: string): Promise<string> {
    const place = join(bed.directory, 'disk');
    await mkdir(place);
    const done = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'none', place]);
    if (done.status === 0) mounts.push(place);
    return done.status === 0 ? place : '';
  }

  it('says that the disk is full before it sends, and when it fills meanwhile', async function () {
    const disk = await mount('size=8m');
    if (disk === '') this.skip(); // Only root may mount.
    const home = join(disk, 'home');
    await bed.write('a.py', 'a');
    const { directory } = await syncTree(await bed.request({ home }));
    const before = await snapshot(directory);
    await bed.write('a.py', 'b');
    await bed.write('large', noise(9_000_000));
    await assert.rejects(syncTree(await bed.request({ home })), isCode('disk-full'));
    await bed.write('large', noise(3_000_000));
    const request = await bed.request({ home });
    const shell = new LocalShell();
    const filling = Object.assign(Object.create(shell) as LocalShell, {
      start: async (...args: Parameters<LocalShell['start']>) => {
        await writeFile(join(disk, 'filler'), Buffer.alloc(6_000_000));
        return shell.start(...args);
      },
    });
    await assert.rejects(syncTree({ ...request, shell: filling }), isCode('disk-full'));
    assert.deepEqual(await snapshot(directory), before);
    await rm(join(disk, 'filler'));
    const outcome = await syncTree(request);
    assert.equal((await snapshot(outcome.directory)).size, 3);
  });

  it('says that the home is read-only', async function () {
    const disk = await mount('ro,size=1m');
    if (disk === '') this.skip(); // Only root may mount.
    await bed.write('a.py', 'a');
    const request = await bed.request({ home: join(disk, 'home') });
    await assert.rejects(syncTree(request), isCode('read-only'));
  });

  it('says that tar, or what proves content, is missing', async () => {
    await bed.write('a.py', 'a');
    for (const [missing, code] of [['tar', 'no-tar'], ['b2sum', 'no-hash']] as const) {
      const tools = await machineTools('bash');
      await rm(join(tools.path, missing));
      const shell = new LocalShell({ PATH: tools.path });
      await assert.rejects(syncTree(await bed.request({ shell })), isCode(code));
      await tools.dispose();
    }
  });

  it('refuses names and links that lead out of the tree', async () => {
    const request = await bed.request();
    const tree = await request.tree;
    const withEntry = (entry: HashedTree['entries'][number]) =>
      syncTree({ ...request, tree: { ...tree, entries: [entry] } });
    for (const path of ['../x', '/x', 'a//b', 'a/./b', '']) {
      await assert.rejects(withEntry({ kind: 'link', path, target: 'b' }), isCode('bad-name'));
    }
    for (const target of ['/etc', '../x', 'a/../../x', '']) {
      await assert.rejects(withEntry({ kind: 'link', path: 'l', target }), isCode('bad-link'));
    }
  });
});
