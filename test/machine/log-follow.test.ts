import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { SystemClock } from '../../src/core/clock.ts';
import { LineSplitter } from '../../src/training/log/line-splitter.ts';
import type { FollowOptions, LogPosition } from '../../src/training/log/log-follower.ts';
import { followLog } from '../../src/training/log/log-follower.ts';
import { MetricsCollector } from '../../src/training/metrics/metrics-collector.ts';

const WRITER = path.resolve(import.meta.dirname, '../support/log-writer.ts');
const MILLION = 1_000_000;
// A delay shorter than one of the monitor's own ticks is none.
const TICK_MS = 5;

describe('Following the log of a real process', function () {
  this.timeout(120_000);
  const clock = new SystemClock();
  let folder: string;
  let log: string;
  let abort: AbortController;
  let writer: ChildProcess | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'runctl-follow-'));
    log = path.join(folder, 'log');
    abort = new AbortController();
  });

  afterEach(async () => {
    abort.abort();
    if (writer?.exitCode === null && writer.signalCode === null) {
      const exited = once(writer, 'exit');
      writer.kill('SIGKILL');
      await exited;
    }
    writer = undefined;
    await rm(folder, { recursive: true });
  });

  it('gives every byte of a fast writer once and in order, wherever it cuts them', async () => {
    const size = 40_000_000;
    const exited = write('ragged', size);
    const seen = new ByteRecord();
    const follower = follow({ onChunk: (chunk, at) => seen.take(chunk, at.offset) });
    await exited;
    await follower.finish();
    assert.equal(seen.bytes, size);
    assert.equal(seen.digest(), await digestOf(log));
    assert.ok(seen.chunks > 1);
  });

  it('goes on at the very byte when readers come and go while it is written', async () => {
    const size = 30_000_000;
    void write('ragged', size);
    const ended = (): boolean => writer?.exitCode === 0;
    const seen = new ByteRecord();
    let position: LogPosition = { identity: '', offset: 0 };
    let readers = 0;
    do {
      const reader = new AbortController();
      let left = 1 + (readers % 7);
      const follower = follow({
        ...position,
        signal: reader.signal,
        onChunk: (chunk, at) => {
          seen.take(chunk, at.offset);
          left -= 1;
          if (left === 0) {
            reader.abort();
          }
        },
      });
      await (ended() ? follower.finish() : follower.done);
      position = follower.position();
      readers += 1;
    } while (!ended() || position.offset < size);
    assert.ok(readers > 20, `only ${readers} readers`);
    assert.equal(seen.digest(), await digestOf(log));
  });

  it('hands on a line long before a person would miss it', async () => {
    const exited = write('paced', 150);
    const delays: number[] = [];
    const splitter = new LineSplitter();
    const follower = follow({
      onChunk: (chunk) => {
        const now = process.hrtime.bigint();
        for (const line of splitter.push(chunk)) {
          delays.push(Number(now - BigInt(line.text)) / 1e6);
        }
      },
    });
    await exited;
    await follower.finish();
    assert.equal(delays.length, 150);
    const [median, slow] = [quantile(delays, 0.5), quantile(delays, 0.95)];
    tell(`write to chunk: median ${median.toFixed(1)} ms, p95 ${slow.toFixed(1)} ms`);
    assert.ok(median < 150, `median ${median} ms`);
  });

  it('keeps the half line of a writer that was killed', async () => {
    const exited = write('ragged', 1_000_000_000);
    const splitter = new LineSplitter();
    let lines = 0;
    const follower = follow({
      onChunk: (chunk) => {
        lines += splitter.push(chunk).length;
        if (lines > 1000) {
          writer?.kill('SIGKILL');
        }
      },
    });
    await exited;
    await follower.finish();
    const rest = splitter.end();
    const { size } = await stat(log);
    assert.equal(follower.position().offset, size);
    const bytes = await readFile(log);
    const [last] = rest;
    // Without a half line the killed write ended by chance at the end of a line.
    const half = bytes.toString('utf8', last?.offset ?? size).replace(/\r$/, '');
    assert.equal(half, last?.text ?? '');
    assert.equal(rest.length, bytes.at(-1) === 10 ? 0 : 1);
  });

  for (const { title, every, least } of [
    { title: 'without metrics', every: 0, least: 300_000 },
    { title: 'with metrics in every tenth', every: 10, least: 100_000 },
    { title: 'with metrics in every line', every: 1, least: 100_000 },
  ]) {
    it(`reads a million lines ${title} and loses none`, async () => {
      await write('lines', MILLION, every);
      const result = await readAll(every);
      tell(
        `${title}: ${Math.round(result.rate).toLocaleString('en')} lines/s of processor ` +
          `time, turn p99 ${result.turnMs.toFixed(1)} ms, ` +
          `event loop p99 ${result.delayMs.toFixed(1)} ms`,
      );
      assert.equal(result.lines, MILLION);
      assert.equal(result.losses, every === 0 ? 0 : MILLION / every);
      // By processor time, which a busy host stretches far less than the clock's.
      assert.ok(result.rate > least, `${result.rate} lines/s`);
      assert.ok(result.turnMs < 50, `${result.turnMs} ms`);
    });
  }

  function follow(options: Partial<FollowOptions> & Pick<FollowOptions, 'onChunk'>) {
    return followLog({ path: log, offset: 0, clock, signal: abort.signal, ...options });
  }

  async function write(...args: readonly (string | number)[]): Promise<void> {
    writer = spawn(process.execPath, [WRITER, log, ...args.map(String)], { stdio: 'inherit' });
    await once(writer, 'exit');
  }

  async function readAll(every: number): Promise<Reading> {
    const splitter = new LineSplitter();
    const collector = new MetricsCollector({ pattern: null });
    let losses = 0;
    const delay = monitorEventLoopDelay({ resolution: TICK_MS });
    delay.enable();
    const turns: number[] = [];
    const began = process.cpuUsage();
    const follower = follow({
      onChunk: (chunk, at) => {
        const before = process.cpuUsage();
        const points = collector.take(splitter.push(chunk), clock.now(), at.live);
        turns.push(cpuMs(before));
        for (const point of points.filter(({ name }) => name === 'loss')) {
          assert.equal(point.step, losses * every);
          losses += 1;
        }
      },
    });
    await follower.finish();
    delay.disable();
    const { lines } = collector.counts;
    return {
      lines,
      losses,
      rate: (lines / cpuMs(began)) * 1000,
      turnMs: quantile(turns, 0.99),
      delayMs: delay.percentile(99) / 1e6 - TICK_MS,
    };
  }
});

interface Reading {
  readonly lines: number;
  readonly losses: number;
  /** Lines a second of processor time. */
  readonly rate: number;
  /** Processor time of one chunk, of a hundred the longest but one. */
  readonly turnMs: number;
  readonly delayMs: number;
}

/** What came, and that no byte was left out or came twice. */
class ByteRecord {
  bytes = 0;
  chunks = 0;
  private readonly hash: Hash = createHash('sha256');

  take(chunk: Buffer, offset: number): void {
    assert.equal(offset, this.bytes);
    this.hash.update(chunk);
    this.bytes += chunk.length;
    this.chunks += 1;
  }

  digest(): string {
    return this.hash.digest('hex');
  }
}

async function digestOf(file: string): Promise<string> {
  return createHash('sha256').update(await readFile(file)).digest('hex');
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
}

function tell(text: string): void {
  process.stdout.write(`      ${text}\n`);
}
