import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { newRunId } from '../../../src/core/ids.ts';
import type { Run } from '../../../src/core/model/run.ts';
import { isActive } from '../../../src/core/model/run.ts';
import type { Engine } from '../../../src/engine.ts';
import type { PooledMachine } from '../../../src/providers/ssh/machine-pool.ts';
import type { LeftoverKind } from '../../../src/training/machine-leftovers.ts';
import { lookForLeftovers, removeLeftovers } from '../../../src/training/machine-leftovers.ts';
import { untilRun } from '../../support/engine.ts';
import { EngineLab, LAB } from '../../support/ssh/engine-lab.ts';
import { STOPPABLE } from '../../support/ssh/stoppable-training.ts';

const SHORT = 'mkdir -p "$RUNCTL_CHECKPOINT_DIR"; echo w >"$RUNCTL_CHECKPOINT_DIR/step-1.ckpt"; echo done\n';
const ALL: readonly LeftoverKind[] = ['code', 'keep', 'runs', 'agent'];

describe('what a machine keeps of ours once it is forgotten', function () {
  this.timeout(90_000);
  let lab: EngineLab;
  let engine: Engine;
  let machine: PooledMachine;

  beforeEach(async () => {
    lab = await EngineLab.create();
    engine = await lab.start();
    machine = await lab.prepare(engine);
    await lab.write("it's $(odd).sh", SHORT);
  });
  afterEach(() => lab.dispose());

  const look = async (): Promise<Partial<Record<LeftoverKind, number>>> => {
    const { items } = await lookForLeftovers(engine.ledger, machine, { folders: [lab.source] });
    return Object.fromEntries(items.map(({ kind, count }) => [kind, count]));
  };
  const remove = (...kinds: readonly LeftoverKind[]): Promise<void> =>
    removeLeftovers(engine.ledger, machine, { folders: [lab.source] }, new Set(kinds));

  async function ended(): Promise<Run> {
    const run = await engine.launcher.launch(lab.plan('sh', "it's $(odd).sh"), { secrets: {} });
    const view = await untilRun(engine, run.id, 'ended, with its checkpoint', (one) =>
      !isActive(one.run) && one.checkpoints.length === 1,
    );
    return view.run;
  }

  /** As another installation leaves it: a tree with a name of its own, and an ended run. */
  async function foreign(run: Run): Promise<readonly string[]> {
    const work = join(lab.machine.home, 'runctl/trees/0123456789abcdef');
    await mkdir(join(work, 'a'), { recursive: true });
    await mkdir(join(work, 'keep'));
    await mkdir(join(work, 'meta'));
    await writeFile(join(work, 'used'), '');
    await writeFile(join(work, 'a/theirs.py'), 'theirs');
    const runs = join(lab.machine.home, '.runctl/runs');
    const id = newRunId(Date.now());
    await cp(join(runs, run.id), join(runs, id), { recursive: true });
    const record = await readFile(join(runs, id, 'run.json'), 'utf8');
    const theirs = record.replaceAll(run.id, id).replaceAll(lab.source, '/elsewhere');
    await writeFile(join(runs, id, 'run.json'), theirs);
    own(work, join(runs, id));
    return [join(work, 'a/theirs.py'), join(runs, id, 'run.json')];
  }

  function own(...paths: readonly string[]): void {
    const owner = spawnSync('chown', ['-R', '--reference', lab.machine.home, ...paths]);
    assert.equal(owner.status, 0, owner.stderr.toString());
  }

  it('goes part by part, as it was picked, and nothing else with it', async () => {
    const run = await ended();
    const work = dirname(run.spec.place?.tree ?? '');
    const weights = await look();
    assert.deepEqual([weights.keep, weights.runs, weights.agent], [1, 1, 1]);
    assert.ok((weights.code ?? 0) >= 1);
    await remove();
    assert.deepEqual(await look(), weights);
    await remove('code');
    assert.deepEqual((await readdir(work)).sort(), ['keep', 'used']);
    assert.deepEqual(await look(), { keep: 1, runs: 1, agent: 1 });
    await remove('keep', 'runs', 'agent');
    assert.equal(existsSync(work), false);
    assert.deepEqual(lab.runsThere(), []);
    assert.equal(existsSync(join(lab.machine.home, '.runctl/agent')), false);
    assert.deepEqual(await engine.ledger.checkpoints.list(run.id), []);
    assert.deepEqual(await lab.logHere(run), Buffer.from('done\n'));
    // A launch brings all of it again.
    await ended();
  });

  it('leaves what another installation made, and the agent with it', async () => {
    const run = await ended();
    const theirs = await foreign(run);
    const { agent } = await look();
    assert.equal(agent, undefined);
    await assert.rejects(remove(...ALL), { code: 'leftovers' });
    assert.deepEqual(theirs.map((path) => existsSync(path)), [true, true]);
    assert.equal(existsSync(join(lab.machine.home, '.runctl/agent')), true);
    assert.deepEqual(lab.runsThere(), [basename(dirname(theirs[1] ?? ''))]);
  });

  it('never is a run that is active, or its tree', async () => {
    await lab.write('train.sh', STOPPABLE);
    const run = await engine.launcher.launch(lab.plan('sh', 'train.sh'), { secrets: {} });
    await lab.untilLogged(run.id, 'it trains', (log) => log.includes('step=2'));
    assert.deepEqual(await look(), {});
    await assert.rejects(remove(...ALL), { code: 'leftovers' });
    assert.equal(existsSync(join(run.spec.place?.tree ?? '', 'train.sh')), true);
    assert.deepEqual(lab.runsThere(), [run.id]);
    await engine.control.stop(run.id);
    await untilRun(engine, run.id, 'stopped', (one) => !isActive(one.run));
  });

  it('stays under a program that works in it, and says so', async () => {
    const run = await ended();
    const tree = run.spec.place?.tree ?? '';
    const words = ['sh', '-c', 'cd "$1" && echo in && exec sleep 600', 'sh', tree];
    const inside = await machine.shell.start(words);
    inside.done.catch(() => undefined);
    await new Promise((resolve) => inside.stdout.once('data', resolve));
    await assert.rejects(remove('code'), (error: { steps?: readonly string[] }) => {
      assert.match(error.steps?.join(' ') ?? '', /still works in/);
      return true;
    });
    assert.equal(existsSync(tree), true);
    inside.kill();
  });

  it('keeps a run whose log is not whole here', async () => {
    const run = await ended();
    await writeFile(run.logPath ?? '', 'do');
    assert.deepEqual(Object.keys(await look()).sort(), ['code', 'keep']);
    await remove('runs');
    assert.deepEqual(lab.runsThere(), [run.id]);
  });

  it('has a host key of which our record alone is dropped', async () => {
    const key = await engine.ssh?.hostKey(LAB);
    assert.equal(await key?.count(), 1);
    assert.equal(await key?.forget(), 1);
    assert.equal(await key?.count(), 0);
  });
});
