import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { ExistsError, TransferError } from '../../../src/core/errors.ts';
import { LocalShell } from '../../../src/remote/local-shell.ts';
import { fetchPath } from '../../../src/sync/transfer/fetch-path.ts';
import { partPath } from '../../../src/sync/transfer/part-path.ts';
import { putPath } from '../../../src/sync/transfer/put-path.ts';
import type { FetchRequest, TransferWay } from '../../../src/sync/transfer/transfer-types.ts';
import { noise, snapshot, syncBed } from '../../support/sync-bed.ts';
import type { SyncBed } from '../../support/sync-bed.ts';
import { machineTools } from '../../support/sync-tools.ts';

for (const machine of ['dash', 'busybox'] as const) {
  describe(`a copy from and to a machine with ${machine}`, function () {
    this.timeout(60_000);
    let bed: SyncBed;
    let way: TransferWay;
    let there: string;
    let here: string;
    let tools: Awaited<ReturnType<typeof machineTools>>;

    beforeEach(async () => {
      tools = await machineTools(machine);
      bed = await syncBed(new LocalShell({ PATH: tools.path }));
      way = await bed.request();
      there = join(bed.directory, 'machine/there');
      here = join(bed.directory, 'here');
      await mkdir(there);
    });
    afterEach(async () => {
      await bed.dispose();
      await tools.dispose();
    });

    const fetch = (source: string, changes: Partial<FetchRequest> = {}) =>
      fetchPath({ ...way, source, destination: here, replace: false, ...changes });

    it('fetches a folder with its times, modes, links and strange names', async () => {
      await writeFile(join(there, "-it's\n$(x)"), 'strange', { mode: 0o750 });
      await mkdir(join(there, 'deep/er/.hidden'), { recursive: true });
      await writeFile(join(there, 'deep/er/.hidden/..f'), noise(3_000_000));
      await symlink('er/.hidden', join(there, 'deep/inside'));
      await symlink('/etc', join(there, 'outside'));
      await symlink('../..', join(there, 'deep/above'));
      await utimes(join(there, "-it's\n$(x)"), 1_700_000_000, 1_700_000_000);
      const outcome = await fetch(there);
      const wanted = await snapshot(there);
      wanted.delete('outside');
      wanted.delete('deep/above');
      assert.deepEqual(await snapshot(here), wanted);
      assert.deepEqual(outcome.leftOut.map((item) => item.path).sort(), ['deep/above', 'outside']);
      assert.equal(existsSync(partPath(here)), false);
    });

    it('goes on with a part, and only then', async () => {
      const content = noise(5_000_000);
      await writeFile(join(there, 'm.pt'), content);
      await writeFile(partPath(here), content.subarray(0, 4_000_000));
      const outcome = await fetch(join(there, 'm.pt'));
      assert.equal(outcome.receivedBytes, 1_000_000);
      assert.deepEqual(await readFile(here), content);
      assert.equal((await stat(here)).mtime.getTime() % 1000, 0);
    });

    it('fetches anew when the part is of another version', async () => {
      const content = noise(2_000_000);
      await writeFile(join(there, 'm.pt'), content);
      await writeFile(partPath(here), noise(1_500_000, 9));
      await fetch(join(there, 'm.pt'));
      assert.deepEqual(await readFile(here), content);
    });

    it('says so when the source changes all the time', async () => {
      const log = join(there, 'log');
      await writeFile(log, noise(2_000_000));
      let turn = 0;
      let isHashed = false;
      const shell = new LocalShell({ PATH: tools.path });
      const moving = Object.assign(Object.create(shell) as LocalShell, {
        exec: async (...args: Parameters<LocalShell['exec']>) => {
          const answer = await shell.exec(...args);
          if (args[0].includes('list') && args[0].at(-1) === '1') {
            // What is read from here on is not what was just hashed.
            turn += 1;
            await writeFile(log, noise(2_000_000, turn));
            isHashed = true;
          }
          return answer;
        },
        start: async (...args: Parameters<LocalShell['start']>) => {
          while (!isHashed) await setImmediate();
          isHashed = false;
          return shell.start(...args);
        },
      });
      await assert.rejects(
        fetch(log, { shell: moving }),
        (error) => error instanceof TransferError && error.code === 'source-changed',
      );
      assert.equal(existsSync(here), false);
    });

    it('leaves what is at the destination alone unless told', async () => {
      await writeFile(join(there, 'a'), 'new');
      await writeFile(here, 'old');
      await assert.rejects(fetch(join(there, 'a')), ExistsError);
      assert.equal(await readFile(here, 'utf8'), 'old');
      await fetch(join(there, 'a'), { replace: true });
      assert.equal(await readFile(here, 'utf8'), 'new');
      await assert.rejects(
        fetch(join(there, 'none'), { replace: true }),
        (error) => error instanceof TransferError && error.code === 'missing',
      );
    });

    it('puts a file and a folder, and refuses to write over anything unless told', async () => {
      await bed.write('sub/x.bin', noise(1_000_000), 0o640);
      await bed.write("sub/-y'\n", 'y');
      const destination = join(there, 'put it');
      await putPath({ ...way, source: bed.source, destination, replace: false });
      assert.deepEqual(await snapshot(destination), await snapshot(bed.source));
      const source = join(bed.source, 'sub/x.bin');
      await assert.rejects(putPath({ ...way, source, destination, replace: false }), ExistsError);
      await putPath({ ...way, source, destination, replace: true });
      assert.deepEqual(await readFile(destination), noise(1_000_000));
      assert.deepEqual([...(await snapshot(there)).keys()], ['put it']);
    });

    it('goes on with a large file that was put in part', async () => {
      const content = noise(40_000_000);
      await bed.write('big', content);
      const destination = join(there, 'big');
      const source = join(bed.source, 'big');
      const stop = new AbortController();
      const cancelled = putPath({
        ...way,
        source,
        destination,
        replace: false,
        signal: stop.signal,
        onProgress: ({ sent }) => {
          if (sent > 20_000_000) stop.abort();
        },
      });
      await assert.rejects(cancelled);
      assert.equal(existsSync(destination), false);
      const outcome = await putPath({ ...way, source, destination, replace: false });
      assert.deepEqual(await readFile(destination), content);
      assert.ok(outcome.sentBytes < 35_000_000, `${outcome.sentBytes} bytes`);
    });
  });
}
