import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { isActive } from '../../../src/core/model/run.ts';
import type { Engine } from '../../../src/engine.ts';
import { stepsOf } from '../../support/digits.ts';
import { untilRun } from '../../support/engine.ts';
import { readProc, until } from '../../support/proc.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { SOAK, seedOf } from '../../support/soak.ts';
import {
  COUNTING,
  assertFetched,
  assertWhole,
  endTraining,
  launchThrough,
} from '../../support/ssh/counting-training.ts';
import { EngineLab } from '../../support/ssh/engine-lab.ts';
import { noise, snapshot } from '../../support/sync-bed.ts';

/** In each round. */
const CUTS_OF = { launch: 8, follow: 4, end: 2, fetch: 1 } as const;
const ROUNDS = SOAK ? 14 : 4;
const CUTS = 15 * ROUNDS;

describe('a training whose connection breaks', function () {
  this.timeout(SOAK ? 900_000 : 180_000);
  let lab: EngineLab;
  let cutter: Cutter | undefined;

  beforeEach(async () => {
    lab = await EngineLab.create({}, { latencyUpMs: 1, latencyDownMs: 1 });
    await lab.write('train.py', COUNTING);
  });
  afterEach(async () => {
    cutter?.stop();
    await lab.dispose();
  });

  it(`comes through ${CUTS} cuts with code, log, metrics and files whole, and runs once`, async () => {
    const random = seededRandom(seedOf('cuts', 20_260_203));
    const engine = await lab.startPrepared();
    for (let at = 0; at < 120; at += 1) {
      await mkdir(join(lab.source, `part${at % 5}`), { recursive: true });
      await lab.write(`part${at % 5}/f${at}.bin`, noise(Math.floor(random() * 20_000), at));
    }
    await lab.write('big.bin', noise(4_000_000, 200));
    const link = new Cutter(lab, random);
    cutter = link;
    const started: string[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      await lab.write(`part${round}/f${round}.bin`, noise(9000, 100 + round));
      await lab.write('big.bin', Buffer.concat([noise(round * 7), noise(4_000_000, 200)]));
      const wanted = await snapshot(lab.source);
      wanted.set('checkpoints', 'link ../keep/checkpoints');
      const [run] = await Promise.all([launchThrough(engine, lab), link.cut(CUTS_OF.launch)]);
      started.push(run.id);
      await link.cut(CUTS_OF.follow);
      await lab.untilLogged(run.id, 'it has trained', (log) => stepsOf(log).length > 100);
      await Promise.all([endTraining(engine, run), link.cut(CUTS_OF.end)]);
      const { place, checkpointDirectory } = run.spec;
      assert.ok(place);
      await assertWhole(engine, lab, run);
      assert.deepEqual(await snapshot(place.tree), wanted, `code of round ${round}`);
      const fetching = assertFetched(engine, lab, checkpointDirectory);
      await Promise.all([fetching, link.cut(CUTS_OF.fetch)]);
    }
    const starts = await readFile(await startsOf(lab), 'utf8');
    assert.deepEqual(starts.trim().split('\n'), started);
    assert.equal(link.cuts, CUTS);
  });

  it('finds the run whose answer was lost, and starts no second one', async () => {
    const engine = await lab.startPrepared();
    // Far longer than the machine needs: no answer comes before the cut.
    lab.proxy.set({ latencyDownMs: 250 });
    const launching = engine.launcher.launch(lab.plan('python3', 'train.py'), { secrets: {} });
    await until('it has started', () =>
      Promise.resolve(lab.runsThere().length > 0 ? true : undefined),
    );
    lab.proxy.cutAll();
    lab.proxy.set({});
    const run = await launching;
    assert.deepEqual([run.id], lab.runsThere());
    assert.ok(isActive(run) && run.startedAt !== null);
    await untilRun(engine, run.id, 'at step 20', (view) => (view.progress?.step ?? 0) >= 20);
    await endTraining(engine, run);
    assert.deepEqual((await engine.ledger.runs.list({})).map(({ id }) => id), [run.id]);
    assert.equal(await readFile(await startsOf(lab), 'utf8'), `${run.id}\n`);
    await assertWhole(engine, lab, (await engine.ledger.runs.get(run.id)) ?? run);
  });

  it('leaves neither run nor row of a start that comes after it was given up', async () => {
    const engine = await lab.startPrepared();
    const hold = await holdStarts(lab);
    const launching = engine.launcher.launch(lab.plan('python3', 'train.py'), { secrets: {} });
    const failure = assert.rejects(launching, { code: 'connection-lost' });
    await hold.reached();
    lab.proxy.cutAll();
    await failure;
    assert.deepEqual(await engine.ledger.runs.list({}), []);
    await hold.end();
    await until('the late start has ended', () =>
      Promise.resolve(verbs(lab, 'start').length === 0 ? true : undefined),
    );
    assert.deepEqual(lab.runsThere(), []);
    await assert.rejects(startsOf(lab).then((path) => readFile(path)), { code: 'ENOENT' });
    const again = await engine.launcher.launch(lab.plan('python3', 'train.py'), { secrets: {} });
    await endTraining(engine, again);
    assert.equal(await readFile(await startsOf(lab), 'utf8'), `${again.id}\n`);
  });

  it('goes on with closed windows, and the next window has every line once', async () => {
    const first = await lab.startPrepared();
    const { id } = await first.launcher.launch(lab.plan('python3', 'train.py'), { secrets: {} });
    await untilRun(first, id, 'at step 50', (view) => (view.progress?.step ?? 0) >= 50);
    await first.close();
    await lab.untilLogged(id, 'it is well ahead', (log) => stepsOf(log).length > 300);
    const second = await lab.start();
    const { run } = await untilRun(second, id, 'on', (view) => (view.progress?.step ?? 0) > 300);
    assert.equal(run.state, 'running');
    await second.close();
    await lab.untilLogged(id, 'it is further', (log) => stepsOf(log).length > 600);
    await writeFile(join(run.spec.checkpointDirectory, `enough-${id}`), '');
    await until('it has ended there', () =>
      Promise.resolve(statSync(lab.fileOf(id, 'exit')).size > 0 ? true : undefined),
    );
    const third = await lab.start();
    const view = await untilRun(third, id, 'ended', (one) => !isActive(one.run));
    assert.equal(view.run.state, 'succeeded');
    await assertWhole(third, lab, view.run);
  });

  it('stays as it was while its machine is out of reach, says so, and is back by itself', async () => {
    const engine = await lab.startPrepared();
    const run = await engine.launcher.launch(lab.plan('python3', 'train.py'), { secrets: {} });
    await untilRun(engine, run.id, 'at step 50', (view) => (view.progress?.step ?? 0) >= 50);
    await untilReachable(engine);
    lab.proxy.refuse(true);
    lab.proxy.cutAll();
    await engine.inventory.refresh();
    const row = engine.inventory.machine('ssh', 'lab');
    assert.equal(row?.state, 'unknown');
    assert.match(row.problem ?? '', /^The connection to lab was lost.*not reachable since/);
    await lab.untilLogged(run.id, 'it is well ahead', (log) => stepsOf(log).length > 500);
    const stored = await engine.ledger.runs.get(run.id);
    assert.deepEqual([stored?.state, stored?.endedAt], ['running', null]);
    lab.proxy.refuse(false);
    await untilRun(engine, run.id, 'back', (view) => (view.progress?.step ?? 0) > 500);
    await untilReachable(engine);
    await endTraining(engine, run);
    await assertWhole(engine, lab, run);
  });
});

// A listing that was under way may be from before.
async function untilReachable({ inventory }: Engine): Promise<void> {
  await until('the machine shows no problem', async () => {
    await inventory.refresh();
    return inventory.machine('ssh', 'lab')?.problem === null ? true : undefined;
  });
}

/** Holds every start right before its run begins to exist. */
async function holdStarts(
  lab: EngineLab,
): Promise<{ reached(): Promise<void>; end(): Promise<void> }> {
  const bin = join(lab.machine.base, 'bin');
  const hold = join(lab.machine.base, 'hold');
  const held = join(lab.machine.home, 'held');
  const shim = `#!/bin/sh
for last; do :; done
case $last in */runs/r*-??????????) : >'${held}'; while [ -e '${hold}' ]; do sleep 0.02; done ;; esac
exec /bin/mv "$@"
`;
  await mkdir(bin);
  await writeFile(join(bin, 'mv'), shim, { mode: 0o755 });
  await writeFile(hold, '');
  await lab.machine.setPath(`${bin}:/usr/bin:/bin`);
  // What is connected still has the old one.
  lab.proxy.cutAll();
  return {
    reached: () =>
      until('the start is held', () => Promise.resolve(existsSync(held) ? true : undefined)).then(
        () => undefined,
      ),
    end: () => rm(hold),
  };
}

/** Processes of the agent that are at this verb. */
function verbs(lab: EngineLab, verb: string): number[] {
  return lab.machine
    .sessionProcesses()
    .filter((pid) => readProc(pid, 'cmdline').includes(`/agent.sh\0${verb}\0`));
}

async function startsOf(lab: EngineLab): Promise<string> {
  const trees = join(lab.machine.home, 'runctl', 'trees');
  const found = [...(await snapshot(trees)).keys()].find((path) => path.endsWith('/starts'));
  return join(trees, found ?? 'no starts');
}

/** Cuts the link at seeded moments. */
class Cutter {
  cuts = 0;
  private readonly lab: EngineLab;
  private readonly random: () => number;
  private readonly stopping = new AbortController();

  constructor(lab: EngineLab, random: () => number) {
    this.lab = lab;
    this.random = random;
  }

  stop(): void {
    this.stopping.abort();
  }

  async cut(times: number): Promise<void> {
    for (let left = times; left > 0; left -= 1) {
      // Now and then twice in a row, in the middle of the greeting.
      await delay(this.random() < 0.25 ? this.random() * 60 : 60 + this.random() * 300);
      await until('there is something to cut', () =>
        Promise.resolve(this.lab.proxy.open > 0 || this.isStopped ? true : undefined),
      );
      if (this.isStopped) return;
      this.lab.proxy.cutAll();
      this.cuts += 1;
    }
  }

  private get isStopped(): boolean {
    return this.stopping.signal.aborted;
  }
}
