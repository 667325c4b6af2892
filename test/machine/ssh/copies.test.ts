import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { SystemClock } from '../../../src/core/clock.ts';
import { MachineError, RunctlError } from '../../../src/core/errors.ts';
import { fetchPath } from '../../../src/sync/transfer/fetch-path.ts';
import { putPath } from '../../../src/sync/transfer/put-path.ts';
import type { TransferWay } from '../../../src/sync/transfer/transfer-types.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { LinkProxy } from '../../support/ssh/link-proxy.ts';
import { SshBed } from '../../support/ssh/ssh-bed.ts';
import { SshClient } from '../../support/ssh/ssh-client.ts';
import { noise, snapshot, SYNC_SCRIPT } from '../../support/sync-bed.ts';

const CUTS = 50;

describe('copies of single paths over SSH', function () {
  this.timeout(180_000);
  let bed: SshBed;
  let client: SshClient;
  let proxy: LinkProxy;
  let here: string;
  let way: TransferWay;
  /** Of 12 MB, seen by both sides; empty where this user may not mount. */
  let disk = '';

  before(async () => {
    const place = await mkdtemp(join(tmpdir(), 'runctl-disk-'));
    // Before the machine is: it sees no mount made later.
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=12m,mode=777', 'none', place]);
    disk = mounted.status === 0 ? place : '';
    bed = await SshBed.create();
    client = new SshClient(bed);
    // So slow that a cut comes in the middle.
    proxy = await LinkProxy.start(bed.port, { bandwidthUp: 4e6, bandwidthDown: 4e6 });
    way = {
      shell: client.shell({ port: proxy.port }),
      script: await readFile(SYNC_SCRIPT),
      home: join(bed.home, 'runctl'),
      client: 'c0ffee',
      clock: new SystemClock(),
    };
  });
  after(async () => {
    await client.dispose();
    await proxy.dispose();
    await bed.dispose();
    if (disk !== '') spawnSync('umount', ['-l', disk]);
  });
  beforeEach(async () => {
    here = await mkdtemp(join(tmpdir(), 'runctl-copies-'));
  });
  afterEach(async () => {
    await rm(here, { recursive: true, force: true });
    await rm(join(bed.home, 'there'), { recursive: true, force: true });
  });

  async function oddTree(root: string): Promise<void> {
    await mkdir(join(root, 'empty/inner'), { recursive: true });
    await mkdir(join(root, '-rf'), { recursive: true });
    await writeFile(join(root, '-rf', '--help'), 'dashes', { mode: 0o750 });
    await writeFile(join(root, `it's "quoted" $(touch x) \`y\``), 'quotes');
    await writeFile(join(root, 'two\nlines\n'), 'newlines');
    await writeFile(join(root, 'ünï 文件 \u{1F600}'), 'unicode');
    await writeFile(join(root, 'n'.repeat(255)), 'long');
    await writeFile(join(root, 'empty file'), '');
    await symlink('-rf/--help', join(root, 'a link'));
    await symlink('nowhere', join(root, 'dangling'));
    await symlink('/etc/passwd', join(root, 'outside'));
    await symlink('../..', join(root, 'above'));
    await utimes(join(root, 'two\nlines\n'), 1_600_000_000, 1_600_000_000);
    await chmod(join(root, 'empty'), 0o750);
  }

  it('brings odd names, links, empty folders, modes and times there and back', async () => {
    const source = join(here, 'odd');
    await oddTree(source);
    const there = join(bed.home, 'there');
    const put = await putPath({ ...way, source, destination: there, replace: false });
    assert.deepEqual(put.leftOut.map(({ path }) => path).sort(), ['above', 'outside']);
    const wanted = await snapshot(source);
    wanted.delete('above');
    wanted.delete('outside');
    assert.deepEqual(await snapshot(there), wanted);
    assert.equal(existsSync(join(there, 'empty/inner')), true);
    assert.equal((await lstat(join(there, 'empty'))).mode & 0o777, 0o750);
    // Nothing may be open to everyone because an archive said nothing of it.
    assert.equal((await lstat(there)).mode & 0o022, (await lstat(source)).mode & 0o022);
    const back = join(here, 'back');
    const got = await fetchPath({ ...way, source: there, destination: back, replace: false });
    assert.deepEqual(got.leftOut, []);
    assert.deepEqual(await snapshot(back), wanted);
    assert.equal(existsSync(join(back, 'empty/inner')), true);
  });

  it(`comes through ${CUTS} cuts each way with every byte`, async () => {
    const random = seededRandom(20_261_130);
    const source = join(here, 'source');
    await oddTree(source);
    await rm(join(source, 'outside'));
    await rm(join(source, 'above'));
    for (let at = 0; at < 60; at += 1) {
      await writeFile(join(source, `part-${at}`), noise(Math.floor(random() * 40_000), at));
    }
    await writeFile(join(source, 'big'), noise(9_000_000, 99));
    const wanted = await snapshot(source);
    const there = join(bed.home, 'there');
    const put = (): Promise<unknown> => putPath({ ...way, source, destination: there, replace: true });
    const back = join(here, 'back');
    const fetch = (): Promise<unknown> => fetchPath({ ...way, source: there, destination: back, replace: true });
    for (const [name, copy, at] of [['put', put, there], ['fetch', fetch, back]] as const) {
      let cuts = 0;
      while (cuts < CUTS) {
        await rm(at, { recursive: true, force: true });
        const tries = { left: 6 };
        const copying = untilDone(copy, tries);
        const state = { isDone: false };
        void copying.finally(() => (state.isDone = true)).catch(() => undefined);
        while (!state.isDone && cuts < CUTS) {
          await delay(20 + random() * 300);
          if (proxy.open > 0) {
            proxy.cutAll();
            cuts += 1;
          }
        }
        await copying;
        assert.deepEqual(await snapshot(at), wanted, `${name} after ${cuts} cuts`);
      }
    }
    const left = spawnSync('find', [bed.home, here, '-name', '*.runctl-p*', '-o', '-name', '.runctl-p*']);
    assert.equal(left.stdout.toString(), '');
  });

  it('replaces only what it has whole, also when the first word is lost', async () => {
    const source = join(here, 'new');
    const destination = join(bed.home, 'there');
    await writeFile(source, 'new');
    await writeFile(destination, 'old');
    let cut = true;
    const { shell } = way;
    const cutting = Object.assign(Object.create(shell) as typeof shell, {
      start: (...args: Parameters<typeof shell.start>) => {
        if (!cut) return shell.start(...args);
        cut = false;
        // Nothing of it reaches the machine.
        return Promise.reject(new MachineError('connection-lost', 'cut'));
      },
    });
    await putPath({ ...way, shell: cutting, source, destination, replace: true });
    assert.equal(await readFile(destination, 'utf8'), 'new');
  });

  it('says how many bytes lack when a disk of the machine or of this host is full', async function () {
    if (disk === '') this.skip(); // Only root may mount.
    const source = join(here, 'large');
    await writeFile(source, noise(20_000_000));
    const isFull = (error: unknown): boolean => {
      assert.ok(error instanceof RunctlError, String(error));
      const missing = Number(error.details['missing']);
      return error.code === 'disk-full' && missing > 7_000_000 && missing < 20_000_000;
    };
    await assert.rejects(putPath({ ...way, source, destination: join(disk, 'put'), replace: false }), isFull);
    const there = join(bed.home, 'there');
    await writeFile(there, noise(20_000_000));
    await assert.rejects(fetchPath({ ...way, source: there, destination: join(disk, 'got'), replace: false }), isFull);
  });

  it('says so when either disk fills half-way, and goes on once there is room', async function () {
    if (disk === '') this.skip(); // Only root may mount.
    const source = join(here, 'large');
    await writeFile(source, noise(8_000_000));
    const there = join(bed.home, 'there');
    await writeFile(there, noise(8_000_000));
    for (const [copy, from, to] of [[putPath, source, join(disk, 'put')], [fetchPath, there, join(disk, 'got')]] as const) {
      let isFilled = false;
      const request = { ...way, source: from, destination: to, replace: false };
      const filler = join(disk, 'filler');
      const filling = copy({
        ...request,
        onProgress: ({ sent, total }) => {
          if (!isFilled && total > 0 && sent > 0) {
            isFilled = true;
            spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=100k'], { stdio: 'ignore' });
          }
        },
      });
      await assert.rejects(filling, (error) => {
        assert.ok(error instanceof RunctlError, String(error));
        assert.equal(error.code, 'disk-full');
        const missing = Number(error.details['missing']);
        assert.ok(missing > 0 && missing <= 8_000_000, String(missing));
        return true;
      });
      assert.equal(existsSync(to), false);
      await rm(filler);
      await copy(request);
      assert.deepEqual(await readFile(to), noise(8_000_000));
      await rm(to);
    }
  });

  // Given up after many breaks, a person tries again: it goes on.
  async function untilDone(copy: () => Promise<unknown>, tries: { left: number }): Promise<void> {
    for (;;) {
      try {
        await copy();
        return;
      } catch (error) {
        tries.left -= 1;
        if (!(error instanceof MachineError) || tries.left === 0) throw error;
      }
    }
  }
});
