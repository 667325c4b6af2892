import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { type CrashBed, crashBed, untilState, untilView } from '../../support/crash-bed.ts';
import {
  enough,
  printed,
  savedCheckpoints,
  stored,
  storedCheckpoints,
  training,
} from '../../support/crash-training.ts';
import { until } from '../../support/proc.ts';
import { CLOCK_SCALE } from '../../support/scaled-clock.ts';

const SLEEP = ['sleep', '300'];
/** The period that looks for other windows' writes, the only one of a window at rest. */
const WATCH_MS = 1000;

describe('two windows on one ledger', function () {
  this.timeout(60_000);
  const bed = crashBed();

  it('start one run when both launch in the same directory at the same moment', async () => {
    const windows = await Promise.all([bed.start(), bed.start()]);
    for (let round = 0; round < 5; round++) {
      const directory = bed.directory();
      const answers = await Promise.allSettled(
        windows.map((window) => window.call('launch', { argv: SLEEP, directory })),
      );
      const codes = answers.map((answer) =>
        answer.status === 'fulfilled' ? answer.value.state : errorCode(answer.reason),
      );
      assert.deepEqual(codes.sort(), ['directory-busy', 'running']);
    }
    assert.equal(bed.onMachine().length, 5);
    assert.equal(bed.rows('SELECT id FROM runs').length, 5, 'the refused ones left no row');
    assert.deepEqual(await windows[0].call('openIntents'), []);
    await Promise.all(windows.map((window) => window.close()));
  });

  it('see at once what the other one did to a run', async () => {
    const [one, other] = await Promise.all([bed.start(), bed.start()]);
    const { id } = await one.call('launch', { argv: SLEEP, directory: bed.directory() });
    await untilState(other, id, 'running');
    await one.call('stop', id, 0);
    // Two seconds of the windows' clock, and what the machine needs to stop it.
    const limit = 2000 / CLOCK_SCALE + 2600;
    const view = await untilView(
      other,
      id,
      'stopping or stopped',
      ({ run }) => run.state === 'stopping' || run.state === 'stopped',
      limit,
    );
    assert.ok(view.run.endedAt !== null || view.run.state === 'stopping');
    await untilState(other, id, 'stopped');
  });

  it('watch as one: one is elected, every metric is stored once', async () => {
    const windows = await Promise.all([bed.start(), bed.start()]);
    const directory = bed.directory();
    const { id } = await windows[0].call('launch', { argv: training(0.01), directory });
    await untilView(windows[1], id, 'at step 100', ({ progress }) => (progress?.step ?? 0) >= 100);
    const epochs = await Promise.all(windows.map((window) => window.call('campaign')));
    assert.equal(epochs.filter((epoch) => epoch !== null).length, 1, String(epochs));
    enough(directory);
    await Promise.all(windows.map((window) => untilState(window, id, 'succeeded')));
    assertComplete(bed, id, directory);
    const ends = bed.rows(
      `SELECT data FROM run_events WHERE run_id = ? AND data LIKE '%"to":"succeeded"%'`,
      id,
    );
    assert.equal(ends.length, 1);
  });

  it('hand the watching over when the elected one is closed, at once', async () => {
    const [first, second] = [await bed.start(), await bed.start()];
    const directory = bed.directory();
    const { id } = await first.call('launch', { argv: training(), directory });
    await untilView(second, id, 'at step 20', ({ progress }) => (progress?.step ?? 0) >= 20);
    const [elected, other] =
      (await first.call('campaign')) === null ? [second, first] : [first, second];
    const before = bed.election();
    await elected.close();
    // Given up, not left to lapse.
    assert.notEqual(bed.election()?.owner, before?.owner);
    const after = await until('the other watches', () => Promise.resolve(bed.election()));
    assert.equal(after.epoch, 2);
    enough(directory);
    await untilState(other, id, 'succeeded');
    assertComplete(bed, id, directory);
  });

  it('refuse the act of an elected one that was paused while the other took over', async () => {
    const [first, second] = [await bed.start(), await bed.start()];
    const directory = bed.directory();
    const { id } = await first.call('launch', { argv: training(), directory });
    await untilView(first, id, 'at step 20', ({ progress }) => (progress?.step ?? 0) >= 20);
    const epoch = await first.call('campaign');
    const [elected, other] = epoch === null ? [second, first] : [first, second];
    const before = await elected.call('campaign');
    assert.ok(before !== null);
    elected.signal('SIGSTOP');
    const takenOver = await until('the other took over', () => {
      const election = bed.election();
      return Promise.resolve(election?.epoch === before + 1 ? election : undefined);
    });
    const reached = stored(bed, id).length;
    await until('the other stores metrics', () =>
      Promise.resolve(stored(bed, id).length > reached + 20 ? true : undefined),
    );
    elected.signal('SIGCONT');
    await assert.rejects(elected.call('act', id, before), { code: 'not-elected' });
    assert.equal(await elected.call('campaign'), null, 'it stands back');
    await pause(1000);
    assert.deepEqual(bed.election(), takenOver);
    enough(directory);
    await Promise.all([elected, other].map((window) => untilState(window, id, 'succeeded')));
    assertComplete(bed, id, directory);
    await elected.close();
    await other.close();
  });
});

describe('a window that may not watch', function () {
  this.timeout(60_000);
  const bed = crashBed();

  it('is never elected and writes nothing, though nobody else watches', async () => {
    const trusted = await bed.start();
    const directory = bed.directory();
    const { id } = await trusted.call('launch', { argv: training(), directory });
    await untilView(trusted, id, 'at step 10', ({ progress }) => (progress?.step ?? 0) >= 10);
    await trusted.close();
    const before = content(bed);
    const untrusted = await bed.start({ mayWatch: false });
    await untilState(untrusted, id, 'running');
    enough(directory);
    await until('the run has ended', () =>
      Promise.resolve(bed.processes(id).length === 0 ? true : undefined),
    );
    await untrusted.call('refresh');
    await pause(1000);
    assert.deepEqual(content(bed), before);
    assert.equal(bed.election(), undefined);
    assert.deepEqual(await untrusted.call('periods'), [WATCH_MS]);
    await untrusted.close();
    assert.deepEqual(content(bed), before);
    const later = await bed.start();
    await untilState(later, id, 'succeeded');
    assertComplete(bed, id, directory);
  });
});

describe('a window at rest', function () {
  this.timeout(60_000);
  const bed = crashBed();

  it('has no timer but the one that looks for changes, before and after a run', async () => {
    const window = await bed.start();
    await untilAtRest(bed, () => window.call('periods'));
    const directory = bed.directory();
    const { id } = await window.call('launch', { argv: training(), directory });
    await untilView(window, id, 'at step 10', ({ progress }) => (progress?.step ?? 0) >= 10);
    assert.ok((await window.call('periods')).length > 1, 'else the counting is no test');
    enough(directory);
    await untilState(window, id, 'succeeded');
    await untilAtRest(bed, () => window.call('periods'));
    assert.equal(bed.election(), undefined, 'the election is given up, too');
    await window.close();
  });

  it('ends cleanly right after its start, while everything is still being asked', async () => {
    const first = await bed.start();
    const { id } = await first.call('launch', { argv: training(), directory: bed.directory() });
    await first.close();
    for (const wait of [0, 20, 60, 150]) {
      const window = await bed.start();
      await pause(wait);
      await window.close();
    }
    const last = await bed.start();
    await untilState(last, id, 'running');
    await last.close();
  });

  it('ends cleanly in the middle of a run, and the next one goes on', async () => {
    const directory = bed.directory();
    const first = await bed.start();
    const { id } = await first.call('launch', { argv: training(0.005), directory });
    for (const at of [30, 120, 210]) {
      const window = at === 30 ? first : await bed.start();
      await untilView(window, id, `at step ${at}`, ({ progress }) => (progress?.step ?? 0) >= at);
      await window.close();
    }
    enough(directory);
    const last = await bed.start();
    await untilState(last, id, 'succeeded');
    assertComplete(bed, id, directory);
    await last.close();
  });
});

function assertComplete(bed: CrashBed, id: string, directory: string): void {
  assert.deepEqual(stored(bed, id), printed(bed, id));
  assert.deepEqual(storedCheckpoints(bed, id), savedCheckpoints(directory));
}

async function untilAtRest(
  bed: CrashBed,
  periods: () => Promise<readonly number[]>,
): Promise<void> {
  const end = performance.now() + 5000;
  let last: readonly number[] = [];
  while (performance.now() < end) {
    last = await periods();
    if (last.length === 1 && last[0] === WATCH_MS) return;
    await pause(50);
  }
  assert.deepEqual(last, [WATCH_MS], JSON.stringify(bed.election()));
}

/** Everything in the ledger that a window writes by itself. */
function content(bed: CrashBed): unknown[] {
  const tables = ['runs', 'run_events', 'metric_cursors', 'checkpoints', 'election', 'topics'];
  return tables.map((table) => bed.rows(`SELECT * FROM ${table}`));
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
