import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { crashBed, untilState, untilView } from '../../support/crash-bed.ts';
import {
  enough,
  printed,
  savedCheckpoints,
  stored,
  storedCheckpoints,
  training,
} from '../../support/crash-training.ts';
import { until } from '../../support/proc.ts';

// Prints until there is no space left, then fails in its own words.
const FILL = `
import os, sys
try:
    while True: os.write(1, b"x" * 4095 + b"\\n")
except OSError as error:
    sys.exit(7 if error.errno == 28 else 1)
`;

describe('a full disk', function () {
  this.timeout(60_000);
  let mounted: string | undefined;

  beforeEach(function () {
    if (process.getuid?.() !== 0) this.skip(); // Only root can mount a small file system.
  });

  afterEach(() => {
    // Lazily, since a dying process may hold it.
    if (mounted !== undefined) spawnSync('umount', ['-l', mounted]);
    mounted = undefined;
  });

  const bed = crashBed();

  function mount(path: string, size: string): boolean {
    mkdirSync(path);
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]);
    if (status === 0) mounted = path;
    return status === 0;
  }

  it('under the runs does not hide how a run ended', async function () {
    if (!mount(bed.home, '2m')) this.skip(); // A container may forbid it even to root.
    const window = await bed.start();
    const launched = { argv: ['python3', '-c', FILL], directory: bed.directory() };
    const { id } = await window.call('launch', launched);
    const { run } = await untilState(window, id, 'failed');
    assert.deepEqual([run.exitCode, run.signal], [7, null]);
    assert.ok(bed.log(id).length > 1_000_000);
    await assert.rejects(window.call('launch', launched), { code: 'disk-full' });
    assert.equal((await window.call('views')).length, 1, 'what could not start left no row');
    await window.call('remove', id);
    const again = await window.call('launch', { ...launched, argv: ['sleep', '300'] });
    assert.equal(again.state, 'running');
    await window.close();
  });

  it('under the ledger is told, loses nothing that was stored, and is got over', async function () {
    if (!mount(bed.storage, '1m')) this.skip(); // As above.
    const window = await bed.start();
    const directory = bed.directory();
    const { id } = await window.call('launch', { argv: training(0.002), directory });
    await untilView(window, id, 'at step 50', ({ progress }) => (progress?.step ?? 0) >= 50);
    const filler = join(bed.storage, 'filler');
    assert.throws(() => writeFileSync(filler, Buffer.alloc(4_000_000)), { code: 'ENOSPC' });
    const before = stored(bed, id);
    await until('the ledger cannot be written', async () =>
      (await window.call('log')).some((line) => line.includes('disk is full')) ? true : undefined,
    );
    const refused = window.call('launch', { argv: ['true'], directory: bed.directory() });
    await assert.rejects(refused, { code: 'ledger-full' });
    assert.equal(bed.onMachine().length, 1, 'nothing was started');
    await until('the run is well ahead', () =>
      Promise.resolve(printed(bed, id).length > before.length + 300 ? true : undefined),
    );
    const during = stored(bed, id);
    assert.deepEqual(during.slice(0, before.length), before);
    enough(directory);
    await until('the run has ended', () =>
      Promise.resolve(bed.processes(id).length === 0 ? true : undefined),
    );
    rmSync(filler);
    const { run } = await untilState(window, id, 'succeeded');
    assert.equal(run.exitCode, 0);
    assert.deepEqual(stored(bed, id), printed(bed, id));
    assert.deepEqual(storedCheckpoints(bed, id), savedCheckpoints(directory));
    assert.equal(bed.rows('PRAGMA integrity_check')[0]?.['integrity_check'], 'ok');
    await window.close();
  });
});
