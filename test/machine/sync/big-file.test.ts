import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { syncTree } from '../../../src/sync/transfer/sync-tree.ts';
import { LinkProxy } from '../../support/ssh/link-proxy.ts';
import { SshBed } from '../../support/ssh/ssh-bed.ts';
import { SshClient } from '../../support/ssh/ssh-client.ts';
import { noise, syncBed } from '../../support/sync-bed.ts';
import type { SyncBed } from '../../support/sync-bed.ts';

const MB = 1_000_000;

describe('a big file that is cut in the middle', function () {
  this.timeout(120_000);
  let machine: SshBed;
  let client: SshClient;
  let proxy: LinkProxy;
  let bed: SyncBed;
  beforeEach(async () => {
    machine = await SshBed.create();
    client = new SshClient(machine);
    // As slow as lines are that break: what has passed is on the disk a moment later.
    proxy = await LinkProxy.start(machine.port, { bandwidthUp: 10 * MB });
    bed = await syncBed(client.shell({ port: proxy.port }));
  });
  afterEach(async () => {
    await client.dispose();
    await proxy.dispose();
    await machine.dispose();
    await bed.dispose();
  });

  // The first is packed with the rest, the second has a stream of its own.
  for (const [size, each] of [
    [20 * MB, 15 * MB],
    [60 * MB, 2 * MB],
  ] as const) {
    it(`(${size / MB} MB, each ${each / MB} MB) goes on where it was`, async () => {
      const content = noise(size);
      await bed.write('model.bin', content);
      await bed.write('a.py', 'print(1)\n');
      const request = await bed.request({ home: join(machine.home, 'runctl') });
      proxy.cutEach(each);
      const { directory } = await syncTree(request);
      assert.ok((await readFile(join(directory, 'model.bin'))).equals(content));
      assert.ok(proxy.cuts >= Math.floor(size / each), `${proxy.cuts} cuts`);
      const { passedUp } = proxy.counts;
      assert.ok(passedUp < 1.3 * size, `${passedUp} bytes for ${size}, ${proxy.cuts} cuts`);
    });
  }
});
