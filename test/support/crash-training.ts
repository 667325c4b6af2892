import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CrashBed } from './crash-bed.ts';

/** Prints steps, saves each twentieth, and ends when a file `enough` is there. */
const PROGRAM = `
import os, sys, time
os.makedirs("checkpoints", exist_ok=True)
step = 0
while not os.path.exists("enough"):
    step += 1
    print(f"step={step} loss={2 + step / 8}", flush=True)
    if step % 20 == 0:
        name = f"checkpoints/step-{step:06}.ckpt"
        with open("part", "wb") as file:
            file.write(b"x" * (100 + step))
        os.rename("part", name)
    time.sleep(float(sys.argv[1]))
`;

/** A training that goes on until it is told that it is enough. */
export function training(secondsPerStep = 0.02): string[] {
  return ['python3', '-u', '-c', PROGRAM, String(secondsPerStep)];
}

export function enough(directory: string): void {
  writeFileSync(join(directory, 'enough'), '');
}

/** Step and loss of each line of the log, read by other means than ours. */
export function printed(bed: CrashBed, id: string): [number, number][] {
  return [...bed.log(id).matchAll(/^step=(\d+) loss=([\d.]+)$/gm)].map(([, step, loss]) => [
    Number(step),
    Number(loss),
  ]);
}

/** Step and loss of each stored point. */
export function stored(bed: CrashBed, id: string): [number, number][] {
  return bed
    .rows(
      `SELECT step, value FROM metric_points JOIN metric_series ON id = series_id
       WHERE run_id = ? AND name = 'loss' ORDER BY ordinal`,
      id,
    )
    .map(({ step, value }) => [Number(step), Number(value)]);
}

/** Names of whole checkpoints the ledger has, in order. */
export function storedCheckpoints(bed: CrashBed, id: string): string[] {
  return bed
    .rows('SELECT path FROM checkpoints WHERE run_id = ? AND complete = 1 ORDER BY path', id)
    .map(({ path }) => String(path).split('/').at(-1) ?? '');
}

/** Names of checkpoints on the disk, in order. */
export function savedCheckpoints(directory: string): string[] {
  return readdirSync(join(directory, 'checkpoints')).sort();
}
