import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isActive } from '../../src/core/model/run.ts';
import { untilRun } from '../support/engine.ts';
import { EngineLab } from '../support/ssh/engine-lab.ts';

export interface LogDelays {
  readonly first: number;
  readonly others: readonly number[];
}

const LINES = 300;
const WAY_MS = 25;

// The host of the bench and its machine have one clock.
const WRITER = `
import random, time
random.seed(5)
for i in range(${LINES}):
    print('line %d written=%.3f' % (i, time.time() * 1000), flush=True)
    time.sleep(random.random() * 0.08)
`;

/**
 * From the write of a line on a machine to its arrival in the copy on this
 * host, over a link of 50 ms there and back.
 *
 * @returns milliseconds of the first line, which waits until the run is watched,
 *   and of each one written once the copy had begun
 */
export async function sshLogDelays(): Promise<LogDelays> {
  const lab = await EngineLab.create({}, { latencyUpMs: WAY_MS, latencyDownMs: WAY_MS });
  try {
    await lab.write('train.py', WRITER);
    const engine = await lab.startPrepared();
    const { id, logPath } = await engine.launcher.launch(lab.plan('python3', 'train.py'), {
      secrets: {},
    });
    const arrivals = await watch(logPath ?? '');
    const { run } = await untilRun(engine, id, 'ended', (view) => !isActive(view.run));
    const there = lab.logThere(id);
    if (run.state !== 'succeeded' || !there.equals(readFileSync(logPath ?? ''))) {
      throw new Error(`the copy is not whole: ${run.state}, ${there.length} bytes there`);
    }
    return delaysOf(there.toString(), arrivals);
  } finally {
    await lab.dispose();
  }
}

interface Arrival {
  readonly at: number;
  /** Bytes that are there. */
  readonly size: number;
}

async function watch(path: string): Promise<readonly Arrival[]> {
  const arrivals: Arrival[] = [];
  const piece = Buffer.alloc(64 * 1024);
  let size = 0;
  let lines = 0;
  let file: number | undefined;
  while (lines < LINES) {
    file ??= opened(path);
    for (let read = 1; file !== undefined && read > 0; ) {
      read = readSync(file, piece, 0, piece.length, size);
      size += read;
      lines += piece.subarray(0, read).filter((byte) => byte === 0x0a).length;
      if (read > 0) arrivals.push({ at: Date.now(), size });
    }
    await sleep(2);
  }
  if (file !== undefined) closeSync(file);
  return arrivals;
}

function opened(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    // Nothing has come yet.
    return undefined;
  }
}

function delaysOf(log: string, arrivals: readonly Arrival[]): LogDelays {
  const begun = arrivals[0]?.at ?? Infinity;
  let end = 0;
  let first = Number.NaN;
  const others: number[] = [];
  for (const line of log.split('\n').slice(0, -1)) {
    end += line.length + 1;
    const written = Number(/written=(\d+\.\d+)/.exec(line)?.[1]);
    const arrival = arrivals.find(({ size }) => size >= end);
    const delay = (arrival?.at ?? Infinity) - written;
    if (Number.isNaN(first)) first = delay;
    if (written > begun) others.push(delay);
  }
  return { first, others };
}
