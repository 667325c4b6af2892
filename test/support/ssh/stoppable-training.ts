import assert from 'node:assert/strict';
import { join } from 'node:path';
import { isActive } from '../../../src/core/model/run.ts';
import type { Engine } from '../../../src/engine.ts';
import { untilRun } from '../engine.ts';
import { snapshot } from '../sync-bed.ts';
import type { EngineLab } from './engine-lab.ts';

/** Trains until it is told to stop, and saves then: `train.sh`. */
export const STOPPABLE = `#!/bin/sh
out=$RUNCTL_CHECKPOINT_DIR
mkdir -p "$out"
step=0
trap 'echo saved >"$out/step-000777.ckpt"; echo "stopped at step=$step"; exit 3' TERM
while [ ! -e "$out/enough" ]; do
  step=$((step + 1))
  echo "step=$step loss=0.5"
  [ "$step" -lt 5 ] || echo content >>"$out/step-000005.ckpt"
  sleep 0.05
done
`;

/** That a training comes to a machine whole, runs, is stopped, and has all brought back. */
export async function assertTrains(lab: EngineLab, engine: Engine): Promise<void> {
  await lab.prepare(engine);
  const run = await engine.launcher.launch(lab.plan('sh', 'train.sh'), { secrets: {} });
  const { place, checkpointDirectory } = run.spec;
  assert.ok(place);
  const wanted = await snapshot(lab.source);
  wanted.set('checkpoints', 'link ../keep/checkpoints');
  assert.deepEqual(await snapshot(place.tree), wanted);
  const early = await untilRun(engine, run.id, 'at step 5', (view) => {
    return (view.progress?.step ?? 0) >= 5 && view.checkpoints.length > 0;
  });
  // It grows all the time.
  assert.deepEqual(early.checkpoints.map(({ step, complete }) => [step, complete]), [[5, false]]);
  await engine.control.stop(run.id);
  const { run: stopped } = await untilRun(engine, run.id, 'stopped', (one) => !isActive(one.run));
  assert.deepEqual([stopped.state, stopped.exitCode], ['stopped', 3], stopped.stateReason);
  assert.deepEqual(await lab.logHere(run), lab.logThere(run.id));
  const { checkpoints } = await untilRun(engine, run.id, 'settled', (view) =>
    view.checkpoints.length === 2 && view.checkpoints.every((item) => item.complete),
  );
  assert.deepEqual(checkpoints.map(({ path }) => path).sort(), [
    join(checkpointDirectory, 'step-000005.ckpt'),
    join(checkpointDirectory, 'step-000777.ckpt'),
  ]);
}
