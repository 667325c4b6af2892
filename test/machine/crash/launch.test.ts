import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { after, before, beforeEach, describe, it } from 'mocha';
import { LOCK_TTL_MS } from '../../../src/ledger/locks.ts';
import type { RunView } from '../../../src/resources/account-snapshot.ts';
import { CrashBed, crashBed, untilState } from '../../support/crash-bed.ts';
import type { EngineWindow, LaunchPoint } from '../../support/engine-window.ts';
import { until } from '../../support/proc.ts';
import { CLOCK_SCALE } from '../../support/scaled-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const KILLS = 12;
const LAUNCHES_EACH = 3;
const SEED = 20260115;
/** Far beyond what the locks of the dead last. */
const SETTLE_LIMIT_MS = 45_000;

// Each start leaves a file of its own, so that a second one cannot go unseen.
const MARKING = ['sh', '-c', 'echo "$RUNCTL_RUN_ID" >"started.$$"; exec sleep 300'];

/** How often a command was started in a directory. */
function starts(directory: string): number {
  return readdirSync(directory).filter((name) => name.startsWith('started.')).length;
}

/** One launch that was cut off, looked at after everything has settled. */
interface Outcome {
  readonly directory: string;
  readonly view: RunView | undefined;
  readonly starts: number;
}

describe('a launch whose window is killed', function () {
  this.timeout(60_000);
  let bed: CrashBed;
  let outcomes: Map<LaunchPoint, Outcome>;
  let last: EngineWindow;

  before(async () => {
    bed = new CrashBed();
    const places = new Map<LaunchPoint, string>();
    for (const point of ['before-intent', 'after-intent', 'asked', 'answered'] as const) {
      const directory = bed.directory();
      const window = await bed.start();
      await window.launchUntil({ argv: MARKING, directory, point });
      await window.kill();
      places.set(point, directory);
    }
    last = await bed.start();
    await settled(bed, last);
    const views = await last.call('views');
    outcomes = new Map();
    for (const [point, directory] of places) {
      const view = views.find(({ run }) => run.spec.directory === directory);
      outcomes.set(point, { directory, view, starts: starts(directory) });
    }
  });

  after(async () => {
    await bed.dispose();
  });

  function outcome(point: LaunchPoint): Outcome {
    const found = outcomes.get(point);
    assert.ok(found);
    return found;
  }

  it('leaves nothing when nothing was written yet', () => {
    const { view, starts: count } = outcome('before-intent');
    assert.deepEqual([view, count], [undefined, 0]);
  });

  it('says so when the machine was never told, and does not start it later', () => {
    const { view, starts: count } = outcome('after-intent');
    assert.equal(count, 0);
    assert.equal(view?.run.state, 'failed');
    assert.match(view.run.stateReason, /never started/);
    assert.ok(view.run.endedAt !== null && view.run.startedAt === null);
  });

  it('is adopted or said never to have started when the machine was being told', () => {
    const { view, starts: count } = outcome('asked');
    assert.ok(view);
    assert.deepEqual([view.run.state, count], count === 1 ? ['running', 1] : ['failed', 0]);
  });

  it('is adopted when the machine had answered', () => {
    const { view, starts: count } = outcome('answered');
    assert.deepEqual([view?.run.state, count], ['running', 1]);
  });

  it('leaves no wish open and no lock held', async () => {
    assert.deepEqual(await last.call('openIntents'), []);
    assert.deepEqual(bed.locks(), []);
  });

  it('leaves a run that can be stopped and deleted', async () => {
    const id = outcome('answered').view?.run.id ?? '';
    await last.call('stop', id, 0);
    await untilState(last, id, 'stopped');
    await last.call('remove', id);
    assert.ok(!bed.onMachine().includes(id));
    assert.deepEqual(bed.processes(id), []);
  });
});

describe('a run whose window was killed a moment ago', function () {
  this.timeout(60_000);
  const bed = crashBed();

  async function cutOff(point: LaunchPoint): Promise<string> {
    const window = await bed.start();
    await window.launchUntil({ argv: MARKING, directory: bed.directory(), point });
    await window.kill();
    assert.equal(bed.locks().length, 1, 'it left its lock behind');
    return String(bed.rows('SELECT id FROM runs')[0]?.['id']);
  }

  it('can be stopped and deleted at once, whatever the dead window still holds', async () => {
    const id = await cutOff('answered');
    const window = await bed.start();
    await window.call('stop', id, 0);
    await untilState(window, id, 'stopped');
    await window.call('remove', id);
    assert.deepEqual([await window.call('views'), bed.onMachine()], [[], []]);
    assert.deepEqual(bed.rows('SELECT resource FROM resource_locks'), [], 'no row is left');
  });

  it('reads never started when it is stopped before the machine was told', async () => {
    const id = await cutOff('after-intent');
    const window = await bed.start();
    await window.call('stop', id);
    const { run } = await untilState(window, id, 'failed');
    assert.match(run.stateReason, /never started/);
    assert.deepEqual(await window.call('openIntents'), []);
    await window.call('remove', id);
    assert.deepEqual(await window.call('views'), []);
  });

  it('can be stopped while its window only stands still, which then loses its claim', async () => {
    const directory = bed.directory();
    const stopped = await bed.start();
    await stopped.launchUntil({ argv: MARKING, directory, point: 'answered' });
    stopped.signal('SIGSTOP');
    const window = await bed.start();
    const [id = ''] = bed.onMachine();
    await window.call('stop', id, 0);
    await untilState(window, id, 'stopped');
    stopped.signal('SIGCONT');
    await stopped.call('refresh');
    await window.call('remove', id);
    assert.deepEqual([await stopped.call('views'), bed.onMachine()], [[], []]);
  });
});

describe('launches whose windows are killed at random moments', function () {
  this.timeout(240_000);
  const bed = crashBed();

  it(`start at most once each, and all end up known (${KILLS} kills, seed ${SEED})`, async () => {
    const random = seededRandom(SEED);
    const directories: string[] = [];
    const usual = await timeOfLaunch(bed);
    for (let kill = 0; kill < KILLS; kill++) {
      const window = await bed.start();
      for (let launch = 0; launch < LAUNCHES_EACH; launch++) {
        const directory = bed.directory();
        directories.push(directory);
        window.send('launch', { argv: MARKING, directory });
        await pause(random() * usual);
      }
      await window.kill();
    }
    const window = await bed.start();
    await settled(bed, window);
    const views = await window.call('views');
    const tally = { absent: 0, failed: 0, running: 0 };
    for (const directory of directories) {
      const own = views.filter(({ run }) => run.spec.directory === directory);
      assert.ok(own.length <= 1, directory);
      const state = own[0]?.run.state ?? 'absent';
      assert.ok(state === 'absent' || state === 'failed' || state === 'running', state);
      assert.equal(starts(directory), state === 'running' ? 1 : 0, `${directory}: ${state}`);
      tally[state]++;
    }
    // Else the moments were no test.
    assert.ok(tally.running > 1 && tally.absent + tally.failed > 1, JSON.stringify(tally));
    assert.deepEqual(await window.call('openIntents'), []);
    const known = new Set(views.map(({ run }) => run.id));
    assert.deepEqual(bed.onMachine().filter((id) => !known.has(id as never)), []);
    assert.deepEqual(bed.locks(), []);
    await window.close();
  });
});

describe('a launch whose answer is lost', function () {
  this.timeout(60_000);
  const bed = crashBed();
  let window: EngineWindow;

  beforeEach(async () => {
    window = await bed.start();
  });

  it('is looked up and told as what it is: started, once', async () => {
    const directory = bed.directory();
    const run = await window.call('launch', { argv: MARKING, directory, point: 'answer-lost' });
    assert.equal(run.state, 'running');
    assert.deepEqual(await window.call('openIntents'), []);
    await untilStarted(directory);
    assert.deepEqual([bed.onMachine(), starts(directory)], [[run.id], 1]);
  });

  it('is told as unknown while the machine is silent, and found later', async () => {
    const directory = bed.directory();
    const launch = window.call('launch', { argv: MARKING, directory, point: 'silent' });
    await assert.rejects(launch, { code: 'start-unknown' });
    const [id = ''] = bed.onMachine();
    const { run } = await untilState(window, id, 'running');
    assert.equal(run.id, id);
    assert.deepEqual([starts(directory), await window.call('openIntents')], [1, []]);
  });

  it('leaves no row when the machine was never reached', async () => {
    const directory = bed.directory();
    const launch = window.call('launch', { argv: MARKING, directory, point: 'unreached' });
    await assert.rejects(launch, { code: 'exec-failed' });
    assert.deepEqual(await window.call('views'), []);
    assert.deepEqual([bed.onMachine(), await window.call('openIntents')], [[], []]);
    const again = await window.call('launch', { argv: MARKING, directory });
    assert.equal(again.state, 'running');
  });
});

/** How long a launch takes here and now, in a window just opened, in ms. */
async function timeOfLaunch(bed: CrashBed): Promise<number> {
  const window = await bed.start();
  const begun = performance.now();
  const { id } = await window.call('launch', { argv: ['sleep', '300'], directory: bed.directory() });
  const took = performance.now() - begun;
  await window.call('stop', id, 0);
  await untilState(window, id, 'stopped');
  await window.close();
  return took;
}

/** Waits until no launch is undecided: locks of the dead have lapsed by then. */
async function settled(bed: CrashBed, window: EngineWindow): Promise<void> {
  const deadline = performance.now() + SETTLE_LIMIT_MS;
  const undecided = (): unknown[] =>
    bed.rows("SELECT id, state FROM runs WHERE state IN ('queued', 'starting')");
  while (undecided().length > 0) {
    if (performance.now() > deadline) {
      const log = (await window.call('log')).slice(-20).join('\n');
      assert.deepEqual(undecided(), [], log);
    }
    await pause(50);
  }
  await pause(LOCK_TTL_MS / CLOCK_SCALE);
  await window.call('refresh');
}

async function untilStarted(directory: string): Promise<void> {
  await until('the command has begun', () =>
    Promise.resolve(starts(directory) > 0 ? true : undefined),
  );
}
