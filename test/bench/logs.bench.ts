import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SystemClock } from '../../src/core/clock.ts';
import type { RunId } from '../../src/core/ids.ts';
import { NULL_LOGGER } from '../../src/core/logger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { feedLogChannel } from '../../src/training/log/log-channel-feed.ts';
import { MetricsTap } from '../../src/training/metrics-tap.ts';
import { sampleRun } from '../support/samples.ts';
import { alone, RUNS } from './bench-case.ts';
import type { BenchCase } from './bench-case.ts';
import { sshLogDelays } from './ssh-log-delay.ts';

const LINES = 1_000_000;
const METRIC_EVERY = 100;

/** A training that prints as fast as it can; every hundredth line has metrics. */
const WRITER = `
import sys
out = open(sys.argv[1], 'w')
for i in range(${LINES}):
    if i % ${METRIC_EVERY} == 0:
        out.write('step=%d loss=%.6f lr=0.001\\n' % (i, 1.0 / (i + 1)))
    else:
        out.write('worker %d: loaded shard %d of the training set\\n' % (i % 8, i))
out.close()
`;

interface Measured {
  readonly seconds: number;
  readonly delayMs: number;
  readonly memoryMb: number;
}

/**
 * A million lines written by a real process, followed to the ledger and to a
 * channel at once. A lost or doubled line fails the bench.
 */
export async function* bench(): AsyncIterable<BenchCase> {
  const measured: Measured[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    measured.push(await once1M());
  }
  const of = (pick: (item: Measured) => number): number[] => measured.map(pick);
  yield alone('logs', '1,000,000 lines to ledger and channel', of((m) => m.seconds), 's', 30);
  yield alone('logs', 'event-loop delay p99', of((m) => m.delayMs), 'ms', 50);
  yield alone('logs', 'growth of memory', of((m) => m.memoryMb), 'MB', 200);
  const delays: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    delays.push(await writeToChannel());
  }
  yield alone('logs', 'write to channel', delays, 'ms', 300);
  yield* overSsh();
}

async function* overSsh(): AsyncIterable<BenchCase> {
  const { first, others } = await sshLogDelays();
  const delays = [...others].sort((left, right) => left - right);
  const at = (part: number): number => delays[Math.floor(delays.length * part)] ?? Number.NaN;
  const name = 'over ssh, 50 ms round trip';
  yield alone('logs', `${name}, first line`, [first], 'ms', null);
  yield { ...alone('logs', `${name}, p50`, [at(0.5)], 'ms', null), runs: delays.length };
  yield { ...alone('logs', `${name}, p99`, [at(0.99)], 'ms', 500), runs: delays.length };
}

async function once1M(): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'runctl-bench-logs-'));
  const log = join(folder, 'log');
  const clock = new SystemClock();
  const { ledger } = await openLedger(join(folder, 'ledger.sqlite'), { clock, logger: NULL_LOGGER });
  const run = sampleRun({ id: 'rbench' as RunId, logPath: log });
  await ledger.runs.insert(run);
  const abort = new AbortController();
  let shown = 0;
  const tap = new MetricsTap(run, log, {
    ledger,
    clock,
    logger: NULL_LOGGER,
    guard: () => undefined,
  });
  const before = process.memoryUsage.rss();
  let peak = before;
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const began = performance.now();
  const writer = spawn('nice', ['python3', '-c', WRITER, log], { stdio: 'inherit' });
  tap.start();
  const feed = feedLogChannel({
    path: log,
    clock,
    signal: abort.signal,
    sink: {
      append: (text) => {
        for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
          shown += 1;
        }
      },
    },
  });
  await once(writer, 'exit');
  await Promise.all([tap.finish(), feed.finish()]);
  const seconds = (performance.now() - began) / 1000;
  delay.disable();
  clearInterval(sampler);
  const series = await ledger.metrics.series(run.id);
  const points = series.find((item) => item.name === 'loss')?.points;
  const cursor = await ledger.metrics.cursor(run.id);
  const { size } = await stat(log);
  tap.dispose();
  await ledger.close();
  await rm(folder, { recursive: true });
  if (points !== LINES / METRIC_EVERY || cursor?.offset !== size || shown !== LINES) {
    throw new Error(`lost: ${points} points, ${shown} lines, ${cursor?.offset} of ${size} bytes`);
  }
  return {
    seconds,
    delayMs: delay.percentile(99) / 1e6 - 5,
    memoryMb: (peak - before) / 1e6,
  };
}

/** From the write of a line to its arrival in the channel, one line at a time. */
async function writeToChannel(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'runctl-bench-latency-'));
  const log = join(folder, 'log');
  const clock = new SystemClock();
  const abort = new AbortController();
  let arrived: (() => void) | undefined;
  const feed = feedLogChannel({
    path: log,
    clock,
    signal: abort.signal,
    sink: { append: () => arrived?.() },
  });
  const { appendFile } = await import('node:fs/promises');
  const times: number[] = [];
  for (let line = 0; line < 20; line += 1) {
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const began = performance.now();
    await appendFile(log, `step=${line}\n`);
    await arrival;
    times.push(performance.now() - began);
    await clock.sleep(37);
  }
  abort.abort();
  await feed.done;
  await rm(folder, { recursive: true });
  return times.sort((left, right) => left - right)[Math.floor(times.length * 0.9)] ?? Number.NaN;
}
