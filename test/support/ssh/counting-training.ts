import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../../../scripts/lib/paths.ts';
import { SystemClock } from '../../../src/core/clock.ts';
import { MachineError } from '../../../src/core/errors.ts';
import type { Run } from '../../../src/core/model/run.ts';
import { isActive } from '../../../src/core/model/run.ts';
import type { Engine } from '../../../src/engine.ts';
import { fetchPath } from '../../../src/sync/transfer/fetch-path.ts';
import { stepsOf } from '../digits.ts';
import { untilRun } from '../engine.ts';
import { snapshot } from '../sync-bed.ts';
import type { EngineLab } from './engine-lab.ts';

// Says each time that it was started; ends when it is told.
export const COUNTING = `
import os, pathlib, time
out = pathlib.Path(os.environ['RUNCTL_CHECKPOINT_DIR'])
out.mkdir(parents=True, exist_ok=True)
with open(out / 'starts', 'a') as starts:
    starts.write(os.environ['RUNCTL_RUN_ID'] + '\\n')
enough = out / ('enough-' + os.environ['RUNCTL_RUN_ID'])
step = 0
while not enough.exists():
    step += 1
    print('step=%d epoch=1 loss=%.6f' % (step, 1 / step), flush=True)
    if step % 100 == 0:
        (out / ('step-%06d.ckpt' % step)).write_bytes(bytes([step % 251]) * 50000)
    time.sleep(0.004)
`;

/** Lets a training end, and waits until the engine knows. */
export async function endTraining(engine: Engine, { id, spec }: Run): Promise<void> {
  await writeFile(join(spec.checkpointDirectory, `enough-${id}`), '');
  const { run } = await untilRun(engine, id, 'ended', (one) => !isActive(one.run));
  assert.equal(run.state, 'succeeded', run.stateReason);
}

/** Launches as a person does who tries again, but never while it may have started. */
export async function launchThrough(engine: Engine, lab: EngineLab): Promise<Run> {
  for (;;) {
    const known = new Set((await engine.ledger.runs.list({})).map(({ id }) => id));
    try {
      return await engine.launcher.launch(lab.plan('python3', 'train.py'), { secrets: {} });
    } catch (error) {
      if (!(error instanceof MachineError)) throw error;
      const row = (await engine.ledger.runs.list({})).find(({ id }) => !known.has(id));
      if (row === undefined) continue;
      const { run } = await untilRun(engine, row.id, 'known', (one) => one.run.state !== 'queued');
      if (run.startedAt !== null) return run;
      assert.equal(run.state, 'failed');
    }
  }
}

/** That log and metrics of a training are here as there, each step once. */
export async function assertWhole(engine: Engine, lab: EngineLab, run: Run): Promise<void> {
  const log = lab.logThere(run.id);
  assert.deepEqual(await lab.logHere(run), log);
  const printed = stepsOf(log.toString());
  assert.ok(printed.length > 100, `${printed.length} steps`);
  const stored = await engine.ledger.metrics.chart(run.id, 'loss', 1_000_000);
  assert.deepEqual(stored.map((point) => point.step), printed);
}

/** Brings a folder of the machine here, however often that breaks, and compares. */
export async function assertFetched(engine: Engine, lab: EngineLab, source: string): Promise<void> {
  const destination = join(lab.bed.root, 'fetched');
  const machine = await engine.ssh?.connect('lab');
  assert.ok(machine);
  const way = {
    shell: machine.shell,
    script: await readFile(join(ROOT, 'src/sync/transfer/sync.sh')),
    home: join(lab.machine.home, 'runctl'),
    client: 'c0ffee',
    clock: new SystemClock(),
  };
  await keepOn(() => fetchPath({ ...way, source, destination, replace: true }));
  assert.deepEqual(await snapshot(destination), await snapshot(source));
  await rm(destination, { recursive: true });
}

async function keepOn<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof MachineError)) throw error;
    }
  }
}
