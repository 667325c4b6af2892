import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { ExistsError } from '../../src/core/errors.ts';
import { isActive } from '../../src/core/model/run.ts';
import type { RunView } from '../../src/resources/account-snapshot.ts';
import type { LaunchPlan } from '../../src/training/launch-plan.ts';
import type { EngineBed } from '../support/engine.ts';
import { createEngineBed, digitsPlan, untilRun } from '../support/engine.ts';

const NO_SECRETS = { secrets: {} };

describe('engine on the local machine', function () {
  this.timeout(150_000);
  let bed: EngineBed;

  beforeEach(async () => {
    bed = await createEngineBed();
  });

  afterEach(async () => {
    await bed.dispose();
  });

  it('runs a training to its end with metrics, progress and checkpoints', async () => {
    const engine = await bed.start();
    const { id } = await engine.launcher.launch(digitsPlan(bed.project, '--epochs', '4'), NO_SECRETS);
    const view = await untilRun(engine, id, 'done', ({ run }) => !isActive(run));
    assert.equal(view.run.state, 'succeeded', view.run.stateReason);
    assert.equal(view.run.exitCode, 0);
    assert.ok((view.latest['loss']?.value ?? 9) < 2, JSON.stringify(view.latest));
    assert.equal(view.progress?.fraction, 1);
    const names = view.checkpoints.map((item) => item.path.split('/').at(-1));
    assert.ok(names.includes('final.ckpt'), names.join(' '));
    assert.ok(view.checkpoints.every((item) => item.complete));
  });

  it('stops a run with a saved checkpoint and resumes at its very step', async () => {
    const engine = await bed.start();
    const plan = digitsPlan(bed.project, '--delay', '0.02');
    const first = await engine.launcher.launch(plan, NO_SECRETS);
    await untilRun(engine, first.id, 'far enough', (view) => (view.progress?.step ?? 0) >= 50);
    await engine.control.stop(first.id);
    const stopped = await untilRun(engine, first.id, 'stopped', ({ run }) => !isActive(run));
    assert.equal(stopped.run.state, 'stopped');
    const newest = stopped.checkpoints.find((item) => item.marks.includes('newest'));
    assert.ok(newest?.step != null && newest.step >= 50);

    const resumed = await engine.launcher.launch(
      await engine.launcher.planResume(stopped),
      NO_SECRETS,
    );
    assert.equal(resumed.resumedFrom?.checkpointPath, newest.path);
    await untilRun(
      engine,
      resumed.id,
      'past the checkpoint',
      (view) => (view.progress?.step ?? 0) > (newest.step ?? 0),
    );
    await engine.control.stop(resumed.id);
    await untilRun(engine, resumed.id, 'stopped', ({ run }) => !isActive(run));
    const series = await engine.ledger.metrics.chart(resumed.id, 'loss', 100_000);
    const steps = series.map((point) => point.step ?? -1);
    assert.ok(Math.min(...steps) > newest.step, `${Math.min(...steps)} after ${newest.step}`);
  });

  it('goes on from what was saved on TERM, though the window closed at the very end', async () => {
    const first = await bed.start();
    const { id } = await first.launcher.launch(await saverPlan(bed.project), NO_SECRETS);
    await untilRun(first, id, 'ready', ({ latest }) => latest['loss'] !== undefined);
    const ended = new Promise((resolve) => first.monitor.onDidEnd(resolve));
    await first.control.stop(id);
    await ended;
    await first.close();
    const second = await bed.start();
    const { run, checkpoints } = await untilRun(
      second,
      id,
      'settled',
      (view) => view.checkpoints[0]?.complete === true,
      15_000,
    );
    assert.deepEqual([run.state, run.exitCode], ['stopped', 143]);
    const { resumedFrom } = await second.launcher.planResume({ run, checkpoints });
    assert.equal(resumedFrom?.step, 100);
  });

  it('has the machine end a run by its lease, which can be put off', async () => {
    const engine = await bed.start();
    const plan = digitsPlan(bed.project, '--delay', '0.05');
    const spec = { ...plan.spec, leaseSeconds: 600 };
    const { id } = await engine.launcher.launch({ ...plan, spec }, NO_SECRETS);
    const end = ({ run }: RunView): number => run.leaseUntil ?? 0;
    const first = await untilRun(engine, id, 'leased', (view) => end(view) > 0);
    await engine.control.extend(id, 6000);
    await untilRun(engine, id, 'extended', (view) => end(view) - end(first) > 5_000_000);
    await engine.control.extend(id, 1);
    const { run } = await untilRun(engine, id, 'ended', (view) => !isActive(view.run));
    assert.equal(run.state, 'stopped');
    assert.match(run.stateReason, /^Stopped by its lease of/);
  });

  it('refuses a second run in the same directory unless asked', async () => {
    const engine = await bed.start();
    const plan = digitsPlan(bed.project, '--delay', '0.05');
    const first = await engine.launcher.launch(plan, NO_SECRETS);
    await assert.rejects(engine.launcher.launch(plan, NO_SECRETS), (error: unknown) => {
      assert.ok(error instanceof ExistsError);
      return error.code === 'directory-busy';
    });
    const runs = await engine.ledger.runs.list({});
    assert.deepEqual(runs.map((run) => run.id), [first.id], 'the refused run leaves no row');
    const shared = { ...plan, spec: { ...plan.spec, sharedDirectory: true } };
    const second = await engine.launcher.launch(shared, NO_SECRETS);
    assert.notEqual(second.id, first.id);
  });

  it('finds its runs again when another engine takes over, with every metric once', async () => {
    const first = await bed.start();
    const plan = digitsPlan(bed.project, '--epochs', '6', '--delay', '0.005');
    const { id } = await first.launcher.launch(plan, NO_SECRETS);
    await untilRun(first, id, 'under way', (view) => (view.progress?.step ?? 0) >= 20);
    await first.close();
    const second = await bed.start();
    const view = await untilRun(second, id, 'done', ({ run }) => !isActive(run));
    assert.equal(view.run.state, 'succeeded');
    const log = await readFile(view.run.logPath ?? '', 'utf8');
    const printed = [...log.matchAll(/^step=(\d+) epoch=\d+ loss=/gm)].map((match) => Number(match[1]));
    const stored = await second.ledger.metrics.chart(id, 'loss', 100_000);
    assert.deepEqual(stored.map((point) => point.step), printed);
  });

  it('finds everything again when the ledger was deleted during a run', async () => {
    const engine = await bed.start();
    const { id } = await engine.launcher.launch(
      digitsPlan(bed.project, '--epochs', '8', '--delay', '0.005'),
      NO_SECRETS,
    );
    await untilRun(engine, id, 'under way', (view) => (view.progress?.step ?? 0) >= 20);
    for (const suffix of ['', '-wal', '-shm', '-journal']) {
      await rm(join(bed.storage, `ledger.sqlite${suffix}`), { force: true });
    }
    await new Promise<void>((resolve) => engine.onDidLoseLedger(() => resolve()));
    await engine.close();
    const again = await bed.start();
    const view = await untilRun(again, id, 'done', ({ run }) => !isActive(run));
    assert.equal(view.run.state, 'succeeded');
    assert.equal(view.run.name, 'train.py');
    assert.ok(view.checkpoints.length > 0);
    assert.ok('loss' in view.latest);
  });

  it('deletes an ended run with its directory, and never an active one', async () => {
    const engine = await bed.start();
    const plan = digitsPlan(bed.project, '--delay', '0.05');
    const { id } = await engine.launcher.launch(plan, NO_SECRETS);
    await assert.rejects(engine.control.delete(id), { code: 'run-active' });
    await engine.control.stop(id, 0);
    await untilRun(engine, id, 'stopped', ({ run }) => !isActive(run));
    await engine.control.delete(id);
    assert.deepEqual(await engine.ledger.runs.list({}), []);
    const machine = await engine.registry.get('local').connect('local');
    assert.deepEqual(await machine.agent.list(), []);
  });
});

/** A run that saves in a format of its own when it is told to end, and says so by its code. */
async function saverPlan(project: string): Promise<LaunchPlan> {
  const lines = [
    'import pathlib, signal, sys',
    'def save(*_):',
    '    folder = pathlib.Path("checkpoints")',
    '    folder.mkdir()',
    '    (folder / "step-000100.pkl").write_bytes(bytes(1000))',
    '    sys.exit(143)',
    'signal.signal(signal.SIGTERM, save)',
    'print("step=100 loss=0.5", flush=True)',
    'while True: signal.pause()',
  ];
  await writeFile(join(project, 'train.py'), lines.join('\n'));
  return digitsPlan(project);
}
