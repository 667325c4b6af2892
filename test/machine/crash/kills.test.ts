import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { crashBed, untilState } from '../../support/crash-bed.ts';
import {
  enough,
  printed,
  savedCheckpoints,
  stored,
  storedCheckpoints,
  training,
} from '../../support/crash-training.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const KILLS = 16;
const SEED = 7;

describe('a watching window that is killed again and again', function () {
  this.timeout(120_000);
  const bed = crashBed();

  it(`stores every metric once, and the end as it was (${KILLS} kills, seed ${SEED})`, async () => {
    const random = seededRandom(SEED);
    const directory = bed.directory();
    const first = await bed.start();
    const { id } = await first.call('launch', { argv: training(0.01), directory });
    await pause(300);
    await first.kill();
    const reached = new Set<number>();
    for (let kill = 1; kill < KILLS; kill++) {
      const window = await bed.start();
      // From before its election, which waits for the dead one's lease, to well after.
      await pause(random() * 3000);
      await window.kill();
      reached.add(stored(bed, id).length);
      assertPrefix(stored(bed, id), printed(bed, id));
    }
    // Else the kills met nobody at work.
    assert.ok(reached.size > KILLS / 3, [...reached].join(' '));
    enough(directory);
    const last = await bed.start();
    const { run, progress } = await untilState(last, id, 'succeeded');
    const lines = printed(bed, id);
    assert.deepEqual(stored(bed, id), lines);
    assert.deepEqual(storedCheckpoints(bed, id), savedCheckpoints(directory));
    assert.deepEqual([run.exitCode, progress?.step], [0, lines.at(-1)?.[0]]);
    const states = bed
      .rows(`SELECT data FROM run_events WHERE run_id = ? AND kind = 'state' ORDER BY seq`, id)
      .map(({ data }) => (JSON.parse(String(data)) as { to: string }).to);
    assert.deepEqual(states, ['queued', 'running', 'succeeded']);
    await last.close();
  });

  it('records an end that came while no window was open, at its own time', async () => {
    const directory = bed.directory();
    const first = await bed.start({ rate: 3.6 });
    const { id } = await first.call('launch', { argv: training(), directory });
    await pause(500);
    await first.kill();
    enough(directory);
    await pause(2500);
    const next = await bed.start({ rate: 3.6 });
    const { run, cost } = await untilState(next, id, 'succeeded');
    assert.ok(run.endedAt !== null && run.startedAt !== null && cost !== null);
    const lived = run.endedAt - run.startedAt;
    assert.ok(lived >= 0 && lived <= 2000, `${lived} ms`);
    // 3.6 dollars an hour are 1 micro-dollar a millisecond.
    assert.ok(cost <= 2000, `${cost} micro-dollars`);
    await next.close();
  });
});

function assertPrefix(some: readonly unknown[], all: readonly unknown[]): void {
  assert.deepEqual(some, all.slice(0, some.length));
}
