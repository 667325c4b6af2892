import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type CrashBed, crashBed, untilState, untilView } from '../../support/crash-bed.ts';
import { enough, printed, stored, training } from '../../support/crash-training.ts';
import type { EngineWindow } from '../../support/engine-window.ts';

const HOUR_MS = 3_600_000;
/** Dollars an hour: one micro-dollar a millisecond. */
const RATE = 3.6;

describe('a wall clock that jumps during a run', function () {
  this.timeout(60_000);
  const bed = crashBed();

  for (const [title, jumps] of [
    ['an hour back', [-HOUR_MS]],
    ['a day on', [24 * HOUR_MS]],
    ['a day on and back again', [24 * HOUR_MS, -24 * HOUR_MS]],
  ] as const) {
    it(`(${title}) makes no time or cost negative and elects nobody anew`, async () => {
      const window = await bed.start({ rate: RATE });
      await window.call('refresh');
      const directory = bed.directory();
      const begun = Date.now();
      const { id } = await window.call('launch', { argv: training(), directory });
      await untilView(window, id, 'at step 20', ({ progress }) => (progress?.step ?? 0) >= 20);
      const elected = bed.election();
      assert.equal(elected?.epoch, 1);
      for (const jump of jumps) {
        await window.call('jump', jump);
        const at = printed(bed, id).length;
        await untilView(window, id, 'further', ({ progress }) => (progress?.step ?? 0) > at + 20);
        await assertSane(bed, window, id);
      }
      assert.deepEqual(bed.election(), elected);
      enough(directory);
      const { run, cost } = await untilState(window, id, 'succeeded');
      await assertSane(bed, window, id);
      assert.ok(run.startedAt !== null && run.endedAt !== null && run.endedAt >= run.startedAt);
      const lived = Date.now() - begun;
      // The machine's own clock did not jump, and its times are what counts.
      assert.ok(cost !== null && cost <= lived + 1000, `${cost} micro-dollars in ${lived} ms`);
      assert.deepEqual(stored(bed, id), printed(bed, id));
      await window.close();
    });
  }
});

async function assertSane(bed: CrashBed, window: EngineWindow, id: string): Promise<void> {
  const view = (await window.call('views')).find(({ run }) => run.id === id);
  assert.ok(view?.cost != null && view.cost >= 0, `cost ${view?.cost}`);
  const left = view.progress?.remainingMs ?? 0;
  assert.ok(left >= 0, `time left ${left}`);
  for (const row of bed.rows('SELECT state, from_at, to_at FROM state_intervals')) {
    assert.ok(Number(row['to_at'] ?? Infinity) >= Number(row['from_at']), JSON.stringify(row));
  }
}
