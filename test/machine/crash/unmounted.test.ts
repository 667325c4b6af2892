import assert from 'node:assert/strict';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'mocha';
import { crashBed, untilState, untilView } from '../../support/crash-bed.ts';
import type { EngineWindow } from '../../support/engine-window.ts';
import { until } from '../../support/proc.ts';

const SLEEP = ['sleep', '300'];

for (const name of ['runs', '.'] as const) {
  const what = name === 'runs' ? 'folder of runs' : 'whole home';
  describe(`runs whose ${what} is not mounted when a window opens`, function () {
    this.timeout(60_000);
    const bed = crashBed();
    let folder: string;
    let away: string;
    let running: string;
    let ended: string;

    beforeEach(async () => {
      folder = join(bed.home, name);
      away = join(bed.root, 'away');
      const first = await bed.start();
      const done = await first.call('launch', { argv: ['true'], directory: bed.directory() });
      await untilState(first, done.id, 'succeeded');
      ended = done.id;
      running = (await first.call('launch', { argv: SLEEP, directory: bed.directory() })).id;
      await untilState(first, running, 'running');
      await first.close();
      renameSync(folder, away);
    });

    function mountAgain(): void {
      // The whole home: a window has put its script there meanwhile, as into an empty mount point.
      if (existsSync(folder)) renameSync(folder, join(bed.root, 'covered'));
      renameSync(away, folder);
    }

    async function states(window: EngineWindow): Promise<unknown[]> {
      return (await window.call('views')).map(({ run }) => [run.id, run.state]);
    }

    it('stay as they were, are not acted on, and go on when it is back', async () => {
      const window = await bed.start();
      const { run } = await untilView(window, running, 'in doubt', (view) =>
        view.run.stateReason.includes('is its disk mounted?'),
      );
      assert.equal(run.state, 'running');
      const expected = [
        [running, 'running'],
        [ended, 'succeeded'],
      ];
      assert.deepEqual(await states(window), expected);
      await assert.rejects(window.call('remove', ended), { code: 'no-home' });
      await assert.rejects(window.call('stop', running, 0), { code: 'no-home' });
      const launch = window.call('launch', { argv: SLEEP, directory: bed.directory() });
      await assert.rejects(launch, { code: 'no-home' });
      await ticks(window, 3);
      assert.deepEqual(await states(window), expected);
      assert.ok(!existsSync(join(bed.home, 'runs')), 'no new folder covers the old one');

      mountAgain();
      const seen = await untilView(window, running, 'seen again', (view) =>
        !view.run.stateReason.includes('mounted'),
      );
      assert.deepEqual([seen.run.state, seen.run.endedAt], ['running', null]);
      await window.call('stop', running, 0);
      await untilState(window, running, 'stopped');
      for (const id of [running, ended]) await window.call('remove', id);
      assert.deepEqual([await window.call('views'), bed.onMachine()], [[], []]);
      await window.close();
    });

    it('read right at once in a window that opens after it is back', async () => {
      const during = await bed.start();
      await ticks(during, 2);
      await during.close();
      mountAgain();
      const window = await bed.start();
      await window.call('stop', running, 0);
      const { run } = await untilState(window, running, 'stopped');
      assert.ok(run.endedAt !== null && run.signal === 9);
      assert.deepEqual(await states(window), [
        [running, 'stopped'],
        [ended, 'succeeded'],
      ]);
    });
  });
}

/** Waits until the window has asked the machine so many times more. */
async function ticks(window: EngineWindow, count: number): Promise<void> {
  const asked = async (): Promise<number> =>
    (await window.call('log')).filter((line) => line.includes('did not answer')).length;
  const before = await asked();
  await until('the machine was asked', async () =>
    (await asked()) >= before + count ? true : undefined,
  );
}
