import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { SystemClock } from '../../../src/core/clock.ts';
import { MachineError } from '../../../src/core/errors.ts';
import { LocalShell } from '../../../src/remote/local-shell.ts';
import { fetchPath } from '../../../src/sync/transfer/fetch-path.ts';
import { partPath } from '../../../src/sync/transfer/part-path.ts';
import { putPath } from '../../../src/sync/transfer/put-path.ts';
import { syncTree } from '../../../src/sync/transfer/sync-tree.ts';
import { FaultyShell } from '../../support/faulty-shell.ts';
import { until } from '../../support/proc.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { noise, snapshot, syncBed } from '../../support/sync-bed.ts';
import type { SyncBed } from '../../support/sync-bed.ts';

const CUTS = 200;
// However the breaks fall: so many are whole in the end.
const VERSIONS = 4;
const ROUNDS = 3;

class HurriedClock extends SystemClock {
  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return super.sleep(Math.min(ms, 2), signal);
  }
}

function bytes(random: () => number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

async function keepOn<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof MachineError)) throw error;
    }
  }
}

describe('a connection that breaks again and again', function () {
  this.timeout(240_000);

  it(`brings every tree whole through ${CUTS} breaks, and shows no half one`, async () => {
    const random = seededRandom(7);
    const shell = new FaultyShell(new LocalShell(), random, 150_000);
    const bed = await syncBed(shell);
    const clock = new HurriedClock();
    for (let at = 0; at < 60; at += 1) {
      await bed.write(`src/part${at % 7}/f${at}.py`, bytes(random, Math.floor(random() * 20_000)));
    }
    await bed.write('big.bin', noise(3_000_000));
    let version = 0;
    let directory = '';
    let before: Map<string, string> | undefined;
    while (shell.cuts < CUTS || version < VERSIONS) {
      version += 1;
      const wanted = await snapshot(bed.source);
      directory = await keepOn(async () => {
        try {
          const request = await bed.request({ clock });
          return (await syncTree(request)).directory;
        } catch (error) {
          await expectWhole(bed, before, wanted);
          throw error;
        }
      });
      assert.deepEqual(ours(await snapshot(directory)), wanted, `version ${version}`);
      before = wanted;
      await change(bed, random, version);
    }
    assert.equal(await readFile(join(directory, 'run-output.txt'), 'utf8').catch(() => ''), '');
    await bed.dispose();
  });

  it(`fetches and puts a folder whole through ${CUTS} breaks`, async () => {
    const random = seededRandom(11);
    const shell = new FaultyShell(new LocalShell(), random, 150_000);
    const bed = await syncBed(shell);
    const way = await bed.request({ clock: new HurriedClock() });
    for (let at = 0; at < 40; at += 1) {
      await bed.write(`d${at % 5}/f${at}`, bytes(random, Math.floor(random() * 50_000)));
    }
    await bed.write('model.pt', noise(3_000_000));
    const wanted = await snapshot(bed.source);
    const there = join(bed.directory, 'machine/there');
    const back = join(bed.directory, 'back');
    let rounds = 0;
    while (shell.cuts < CUTS || rounds < ROUNDS) {
      rounds += 1;
      await keepOn(() =>
        putPath({ ...way, source: bed.source, destination: there, replace: true }),
      );
      assert.deepEqual(await snapshot(there), wanted);
      await keepOn(() =>
        fetchPath({ ...way, source: there, destination: back, replace: true }),
      );
      assert.deepEqual(await snapshot(back), wanted);
      assert.equal(existsSync(partPath(back)), false);
      await rm(there, { recursive: true });
      await rm(back, { recursive: true });
    }
    await bed.dispose();
  });
});

/** After a break: the tree is the last one or the next one, or marked as under way. */
async function expectWhole(
  bed: SyncBed,
  before: Map<string, string> | undefined,
  wanted: Map<string, string>,
): Promise<void> {
  const work = join(bed.home, 'trees/abc123');
  await until('the script on the machine has ended', () =>
    Promise.resolve(existsSync(join(work, 'lock')) ? undefined : true),
  );
  if (existsSync(join(work, 'stage/a/commit')) || !existsSync(join(work, 'a'))) return;
  const found = ours(await snapshot(join(work, 'a')));
  const isOld = before !== undefined && same(found, before);
  assert.ok(isOld || same(found, wanted), 'half a tree');
}

function same(left: Map<string, string>, right: Map<string, string>): boolean {
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value);
}

function ours(found: Map<string, string>): Map<string, string> {
  return new Map([...found].filter(([path]) => path !== 'checkpoints'));
}

async function change(bed: SyncBed, random: () => number, version: number): Promise<void> {
  for (let at = 0; at < 10; at += 1) {
    const number = Math.floor(random() * 60);
    const path = `src/part${number % 7}/f${number}.py`;
    if (random() < 0.2) await rm(join(bed.source, path), { force: true });
    else await bed.write(path, bytes(random, Math.floor(random() * 30_000)));
  }
  await bed.write(`new/${version}/x`, 'x'.repeat(version));
  const big = await readFile(join(bed.source, 'big.bin'));
  bytes(random, 100_000).copy(big, Math.floor(random() * 2_900_000));
  await writeFile(join(bed.source, 'big.bin'), big);
}
