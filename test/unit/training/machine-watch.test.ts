import assert from 'node:assert/strict';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import type { Run, RunState } from '../../../src/core/model/run.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import type { RunStatus } from '../../../src/remote/agent/agent-answers.ts';
import type { ExecResult } from '../../../src/remote/remote-shell.ts';
import { CheckpointSettler } from '../../../src/training/checkpoint-settler.ts';
import { createObserver } from '../../../src/training/create-observer.ts';
import { LogCopies } from '../../../src/training/log/machine-logs.ts';
import { runLockName } from '../../../src/training/run-locks.ts';
import { RunMonitor, TICK_MS } from '../../../src/training/run-monitor.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NO_SAVER } from '../../support/no-saver.ts';
import { NOW, sampleCheckpoint, sampleRun, sampleSpec } from '../../support/samples.ts';
import { lines, ScriptedMachine } from '../../support/scripted-machine.ts';

const EXIT = { code: 143, signal: 15, ended: NOW / 1000, phase: 'command', stop: 'user' } as const;

describe('watching machines', () => {
  let files: LedgerFiles;
  let ledger: Ledger;
  let clock: FakeClock;
  let machine: ScriptedMachine;
  let monitor: RunMonitor;
  let hanging: boolean;

  beforeEach(async () => {
    hanging = false;
    files = new LedgerFiles();
    clock = new FakeClock(NOW);
    ledger = await files.open({ clock });
    machine = new ScriptedMachine();
    monitor = new RunMonitor({
      ledger,
      registry: machine.registry,
      clock,
      logger: NULL_LOGGER,
      mayWatch: () => true,
      settler: new CheckpointSettler(ledger, machine.registry, clock),
      saver: NO_SAVER,
      observe: (run, on, guard) =>
        createObserver(run, on, { ledger, clock, logger: NULL_LOGGER, guard, copies: new LogCopies({ clock, logger: NULL_LOGGER }) }),
    });
  });
  afterEach(async () => {
    monitor.dispose();
    await monitor.settled();
    await files.dispose();
  });

  /** A stored run on a machine of its own. */
  async function runOn(name: string, changes: Partial<Run> = {}): Promise<Run> {
    const spec = sampleSpec({ checkpointDirectory: join(files.folder, name) });
    const id = `r0mf3k2p1a-${name}` as Run['id'];
    const run = sampleRun({ id, machine: name, spec, logPath: null, ...changes });
    await ledger.runs.insert(run);
    return run;
  }

  const says = ({ id }: Run, status: Partial<RunStatus>): void =>
    void machine.statuses.set(id, { id, state: 'running', started: NOW / 1000 - 60, ...status });

  const stateOf = async ({ id }: Run): Promise<RunState | undefined> =>
    (await ledger.runs.get(id))?.state;

  const asked = ({ id }: Run): number =>
    machine.asked.filter((line) => line.startsWith('status') && line.includes(id)).length;

  /** Lets time pass: what is begun is done before the next moment, unless it hangs on purpose. */
  async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= TICK_MS) {
      await clock.advance(Math.min(left, TICK_MS));
      await (hanging ? turns() : monitor.settled());
    }
  }

  async function untilState(run: Run, state: RunState): Promise<void> {
    const deadline = performance.now() + 10_000;
    while ((await stateOf(run)) !== state) {
      assert.ok(performance.now() < deadline, `${run.id} is ${await stateOf(run)}, not ${state}`);
      await pass(TICK_MS);
      // Files are read in real time; the clock must not run far ahead of them.
      await pause(100);
    }
  }

  /** At which seconds from now a run is asked about. */
  async function secondsAsked(run: Run, seconds: number): Promise<number[]> {
    const at: number[] = [];
    for (let second = 1; second <= seconds; second += 1) {
      const before = asked(run);
      await pass(TICK_MS);
      at.push(...Array.from({ length: asked(run) - before }, () => second));
    }
    return at;
  }

  const never = (): Promise<ExecResult> => new Promise(() => undefined);

  it('asks about a run that has come without waiting for the next tick, and about no other news', async () => {
    const old = await runOn('a');
    says(old, {});
    await monitor.wake();
    const run = await runOn('b');
    says(run, {});
    const before = asked(old);
    await monitor.wake();
    assert.equal(asked(run), 1);
    await monitor.wake();
    assert.deepEqual([asked(run), asked(old)], [1, before + 1]);
  });

  it('asks at once again about a run that started while an older answer was awaited', async () => {
    const run = await runOn('a', { state: 'queued', startedAt: null });
    let answer: (() => void) | undefined;
    machine.answer = () => new Promise((resolve) => {
      answer ??= () => resolve(lines({ id: run.id, state: 'missing' }));
      if (asked(run) > 1) resolve(undefined);
    });
    // As the window does that starts it.
    await ledger.locks.withLock(runLockName(run.id), async () => {
      const first = monitor.wake();
      while (asked(run) === 0) await turns();
      says(run, {});
      const started = { startedAt: NOW, endedAt: null, exitCode: null, signal: null };
      await ledger.runs.transition(run.id, { state: 'running', reason: '', ...started }, NOW);
      const second = monitor.wake();
      await turns();
      assert.equal(asked(run), 1);
      answer?.();
      await Promise.all([first, second]);
      await monitor.settled();
      assert.equal(asked(run), 2);
    });
  });

  it('notices a lost run that comes back while nothing else is going on', async () => {
    const run = await runOn('a', { state: 'lost', endedAt: NOW });
    says(run, { state: 'lost', orphans: 0 });
    await monitor.wake();
    assert.equal(await stateOf(run), 'lost');
    says(run, {});
    await pass(31_000);
    assert.equal(await stateOf(run), 'running');
  });

  it('asks about lost runs seldom, and less and less often', async () => {
    const run = await runOn('a', { state: 'lost', endedAt: NOW });
    says(run, { state: 'lost', orphans: 0 });
    await monitor.wake();
    const seconds = await secondsAsked(run, 900);
    const gaps = seconds.map((second, index) => second - (seconds[index - 1] ?? 0));
    assert.equal(gaps.length, 5, gaps.join(' '));
    for (const [index, least] of [30, 60, 120, 300, 300].entries()) {
      const gap = gaps[index] ?? 0;
      assert.ok(gap >= least && gap <= least + 2, gaps.join(' '));
    }
  });

  it('asks once about a run lost long ago, and then rests', async () => {
    const longAgo = NOW - 30 * 24 * 3_600_000;
    const run = await runOn('a', { state: 'lost', stateSince: longAgo, endedAt: longAgo });
    says(run, { state: 'lost', orphans: 0 });
    await monitor.wake();
    await pass(120_000);
    assert.deepEqual([asked(run), clock.pending], [1, 0]);
  });

  it('asks about a lost run also while others are active on its machine', async () => {
    const lost = await runOn('a', { state: 'lost', endedAt: NOW });
    const active = await runOn('b', { machine: 'a' });
    says(lost, { state: 'lost', orphans: 0 });
    says(active, {});
    await monitor.wake();
    says(lost, {});
    await pass(36_000);
    assert.equal(await stateOf(lost), 'running');
    assert.ok(asked(active) > 30);
  });

  it('asks a machine that does not answer after 1, 2, 5, 10, 30 and 60 seconds', async () => {
    const run = await runOn('a');
    machine.answer = () => Promise.reject(new Error('unreachable'));
    await monitor.wake();
    assert.deepEqual(await secondsAsked(run, 170), [1, 3, 8, 18, 48, 108, 168]);
    assert.equal(await stateOf(run), 'running', 'it stays as it was');
    machine.answer = () => undefined;
    says(run, {});
    await pass(60_000);
    assert.deepEqual(await secondsAsked(run, 3), [1, 2, 3], 'and then as usual');
  });

  it('asks such a machine at once when a new run came to it', async () => {
    await runOn('a');
    machine.answer = () => Promise.reject(new Error('unreachable'));
    await monitor.wake();
    await pass(60_000);
    machine.answer = () => undefined;
    const next = await runOn('b', { machine: 'a' });
    says(next, {});
    assert.deepEqual(await secondsAsked(next, 2), [1, 2]);
  });

  it('lets no machine wait for another, whether it hangs or fails', async () => {
    const hangs = await runOn('a');
    const ends = await runOn('b');
    machine.answer = (_verb, id) => (id === hangs.id ? never() : undefined);
    says(ends, {});
    hanging = true;
    const began = clock.monotonic();
    const first = monitor.wake();
    await turns();
    says(ends, { state: 'ended', exit: EXIT, orphans: 0 });
    await untilState(ends, 'stopped');
    assert.equal(asked(hangs), 1, 'it is still being waited for');
    await pass(began + 40_000 - clock.monotonic());
    await first;
    assert.equal(await stateOf(hangs), 'running');
    await pass(2000);
    assert.equal(asked(hangs), 2, 'asked again when its time was over');
  });

  it('lets no run wait for the long log of another', async () => {
    const log = join(files.folder, 'log');
    await writeFile(log, 'step=1 loss=0.5\n');
    const long = await runOn('a', { logPath: log });
    const short = await runOn('b', { machine: 'a' });
    const append = ledger.metrics.append.bind(ledger.metrics);
    let goOn: () => void = () => undefined;
    const reading = new Promise<void>((resolve) => (goOn = resolve));
    ledger.metrics.append = async (...args) => {
      await reading;
      return append(...args);
    };
    says(long, { state: 'ended', exit: EXIT, orphans: 0 });
    says(short, {});
    hanging = true;
    const first = monitor.wake();
    await turns();
    says(short, { state: 'ended', exit: EXIT, orphans: 0 });
    await untilState(short, 'stopped');
    await pass(15_000);
    assert.deepEqual([await stateOf(long), await stateOf(short)], ['running', 'stopped']);
    goOn();
    await first;
    assert.equal(await stateOf(long), 'stopped', 'also by a window that was elected all the time');
    assert.equal((await ledger.metrics.chart(long.id, 'loss', 10)).length, 1);
  });

  it('settles what a run left, whoever saw it end, and then rests', async () => {
    const run = await runOn('a', { state: 'stopped', stateSince: NOW, endedAt: NOW });
    says(run, { state: 'ended', exit: EXIT, orphans: 0 });
    const directory = run.spec.checkpointDirectory;
    await writeStep(directory, NOW - 100);
    const path = join(directory, 'step-100.pkl');
    const fresh = { path, runId: run.id, size: 3, modifiedAt: NOW - 100, step: 100 };
    await ledger.checkpoints.replace(run.id, [sampleCheckpoint({ ...fresh, complete: false })]);
    await monitor.wake();
    const isWhole = async (): Promise<boolean | undefined> =>
      (await ledger.checkpoints.list(run.id))[0]?.complete;
    assert.equal(await isWhole(), false, 'too early');
    await pass(3000);
    assert.equal(await isWhole(), true);
    await pass(2000);
    assert.equal(clock.pending, 0);
    assert.equal(asked(run), 1);
  });

  it('leaves in peace what will never be whole', async () => {
    const run = await runOn('a', { state: 'stopped', stateSince: NOW, endedAt: NOW });
    says(run, { state: 'ended', exit: EXIT, orphans: 0 });
    const gone = { path: join(run.spec.checkpointDirectory, 'x.pkl'), runId: run.id };
    await ledger.checkpoints.replace(run.id, [sampleCheckpoint({ ...gone, complete: false })]);
    await monitor.wake();
    await pass(10_000);
    await monitor.wake();
    await pass(10_000);
    assert.deepEqual([asked(run), clock.pending], [1, 0]);
  });

  it('gives up on what a machine that does not answer may hold, after some minutes', async () => {
    const run = await runOn('a', { state: 'stopped', stateSince: NOW, endedAt: NOW });
    machine.answer = () => Promise.reject(new Error('unreachable'));
    const fresh = { path: join(run.spec.checkpointDirectory, 'x.pkl'), runId: run.id };
    await ledger.checkpoints.replace(run.id, [sampleCheckpoint({ ...fresh, complete: false })]);
    await monitor.wake();
    await pass(600_000);
    assert.deepEqual([asked(run), clock.pending], [5, 0]);
  });
});

async function writeStep(directory: string, modifiedAt: number): Promise<void> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, 'step-100.pkl');
  await writeFile(path, 'all');
  await utimes(path, modifiedAt / 1000, modifiedAt / 1000);
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
