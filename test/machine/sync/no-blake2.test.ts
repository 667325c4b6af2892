import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, it } from 'mocha';
import { ROOT } from '../../../scripts/lib/paths.ts';
import { noise, snapshot, SYNC_SCRIPT, syncBed } from '../../support/sync-bed.ts';

const SUPPORT = join(ROOT, 'test/support');

describe('a host whose own hashes lack BLAKE2', function () {
  this.timeout(60_000);

  it('syncs, puts and fetches, proved by the same hashes', async () => {
    const bed = await syncBed();
    try {
      await bed.write('src/a.py', 'print(1)');
      await bed.write('data.bin', noise(6_000_000));
      const run = async (): Promise<{ deltas: number; directory: string; verifiedBy: string }> => {
        const program = join(SUPPORT, 'transfer-all-ways.ts');
        const before = ['--import', join(SUPPORT, 'without-blake2.ts')];
        const args = [...before, program, bed.source, bed.directory, SYNC_SCRIPT];
        const { stdout } = await promisify(execFile)(process.execPath, args);
        return JSON.parse(stdout) as Awaited<ReturnType<typeof run>>;
      };
      const { directory, verifiedBy } = await run();
      assert.equal(verifiedBy, 'b2sum');
      const wanted = await snapshot(bed.source);
      for (const place of [directory, join(bed.directory, 'there'), join(bed.directory, 'back')]) {
        assert.deepEqual(await snapshot(place), wanted);
      }
    } finally {
      await bed.dispose();
    }
  });
});
