import assert from 'node:assert/strict';
import { openSync, readdirSync, readFileSync, writeSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'mocha';
import { crashBed, untilState, untilView } from '../../support/crash-bed.ts';
import {
  enough,
  printed,
  savedCheckpoints,
  stored,
  storedCheckpoints,
  training,
} from '../../support/crash-training.ts';

describe('an engine that meets a ledger it cannot use', function () {
  this.timeout(60_000);
  const bed = crashBed();

  for (const [reason, spoil] of [
    ['corrupt', corrupt],
    ['newer', makeNewer],
  ] as const) {
    it(`keeps a ${reason} one aside and finds its runs again, each once`, async () => {
      const first = await bed.start();
      const directory = bed.directory();
      const { id } = await first.call('launch', { argv: training(), directory });
      const ended = await first.call('launch', { argv: ['true'], directory: bed.directory() });
      await untilState(first, ended.id, 'succeeded');
      await untilView(first, id, 'at step 20', ({ progress }) => (progress?.step ?? 0) >= 20);
      await first.close();
      spoil(bed.ledgerPath);
      const bytes = readFileSync(bed.ledgerPath);

      // Two windows come back at the same time.
      const windows = await Promise.all([bed.start(), bed.start()]);
      const told = await Promise.all(windows.map((window) => window.call('setAside')));
      assert.deepEqual(told.filter((item) => item !== null), [reason]);
      const [aside = '', ...more] = readdirSync(bed.storage).filter((name) =>
        new RegExp(`^ledger\\.sqlite\\.${reason}-[^-]+$`).test(name),
      );
      assert.deepEqual(more, []);
      assert.ok(readFileSync(join(bed.storage, aside)).equals(bytes), 'kept as it was');

      enough(directory);
      for (const window of windows) {
        await untilState(window, id, 'succeeded');
        await untilState(window, ended.id, 'succeeded');
        assert.equal((await window.call('views')).length, 2);
      }
      assert.deepEqual(stored(bed, id), printed(bed, id));
      assert.deepEqual(storedCheckpoints(bed, id), savedCheckpoints(directory));
      await Promise.all(windows.map((window) => window.close()));
    });
  }
});

function corrupt(path: string): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(4096, 0x5a), 0, 4096, 0);
  closeSync(file);
}

function makeNewer(path: string): void {
  const connection = new DatabaseSync(path);
  connection.exec('PRAGMA user_version = 9999; PRAGMA wal_checkpoint(TRUNCATE)');
  connection.close();
}
