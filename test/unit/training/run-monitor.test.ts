import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { LedgerError } from '../../../src/core/errors.ts';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import type { Run } from '../../../src/core/model/run.ts';
import { ELECTION_TTL_MS } from '../../../src/ledger/election.ts';
import type { Guard } from '../../../src/ledger/handle.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import type { RunStatus } from '../../../src/remote/agent/agent-answers.ts';
import { CheckpointSettler } from '../../../src/training/checkpoint-settler.ts';
import { createObserver } from '../../../src/training/create-observer.ts';
import { LogCopies } from '../../../src/training/log/machine-logs.ts';
import { RunMonitor, TICK_MS } from '../../../src/training/run-monitor.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NO_SAVER } from '../../support/no-saver.ts';
import { NOW, sampleRun, sampleSpec } from '../../support/samples.ts';
import { refusal, ScriptedMachine } from '../../support/scripted-machine.ts';

const STARTED = NOW / 1000 - 60;

describe('RunMonitor', () => {
  let files: LedgerFiles;
  let ledger: Ledger;
  let clock: FakeClock;
  let machine: ScriptedMachine;
  let monitor: RunMonitor;
  let run: Run;
  let ended: Run[];
  let mayWatch: boolean;
  /** Stands before the guard of each observer, in turn. */
  let faults: (LedgerError | undefined)[];

  beforeEach(async () => {
    files = new LedgerFiles();
    clock = new FakeClock(NOW);
    ledger = await files.open({ clock });
    machine = new ScriptedMachine();
    const logPath = join(files.folder, 'log');
    await writeFile(logPath, 'step=1 loss=0.5\nstep=2 loss=0.25\n');
    const spec = sampleSpec({ checkpointDirectory: join(files.folder, 'none') });
    run = sampleRun({ logPath, spec });
    mayWatch = true;
    faults = [];
    ended = [];
    monitor = newMonitor(ledger);
    monitor.onDidEnd((value) => void ended.push(value));
  });

  afterEach(async () => {
    monitor.dispose();
    await monitor.settled();
    await files.dispose();
  });

  function newMonitor(of: Ledger): RunMonitor {
    return new RunMonitor({
      ledger: of,
      registry: machine.registry,
      clock,
      logger: NULL_LOGGER,
      mayWatch: () => mayWatch,
      settler: new CheckpointSettler(of, machine.registry, clock),
      saver: NO_SAVER,
      observe: (watched, on, guard) => {
        const fault = faults.shift();
        const faulty: Guard = (handle) => {
          if (fault !== undefined) throw fault;
          guard(handle);
        };
        return createObserver(watched, on, { ledger: of, clock, logger: NULL_LOGGER, guard: faulty, copies: new LogCopies({ clock, logger: NULL_LOGGER }) });
      },
    });
  }

  const says = (status: Partial<RunStatus>): void =>
    void machine.statuses.set(run.id, { id: run.id, state: 'running', started: STARTED, ...status });

  const endsWell = (): void =>
    says({
      state: 'ended',
      exit: { code: 0, signal: null, ended: NOW / 1000, phase: 'command', stop: null },
    });

  const losses = async (): Promise<(number | null)[]> =>
    (await ledger.metrics.chart(run.id, 'loss', 100)).map(({ step }) => step);

  it('does nothing at all while no run is active', async () => {
    await monitor.wake();
    assert.deepEqual([clock.pending, machine.asked], [0, []]);
    assert.equal(await (await files.open({ clock })).election.campaign(), 1, 'nobody is elected');
  });

  it('stores when the machine ends a run, again when that changed, and not by every answer', async () => {
    await ledger.runs.insert(run);
    const until = async (left: number | null): Promise<number | null | undefined> => {
      says({ lease: left === null ? null : { left, total: 9000 } });
      await monitor.tick();
      return (await ledger.runs.get(run.id))?.leaseUntil;
    };
    assert.equal(await until(600), NOW + 600_000);
    assert.equal(await until(597), NOW + 600_000, 'a blur of whole seconds');
    assert.equal(await until(4200), NOW + 4_200_000);
    assert.equal(await until(null), null);
  });

  it('neither waits nor asks in a window that may not watch', async () => {
    await ledger.runs.insert(run);
    mayWatch = false;
    await monitor.wake();
    assert.deepEqual([clock.pending, machine.asked], [0, []]);
  });

  it('records an end with the whole log, tells it once, and rests', async () => {
    await ledger.runs.insert(run);
    endsWell();
    await monitor.wake();
    assert.equal((await ledger.runs.get(run.id))?.state, 'succeeded');
    assert.deepEqual(await losses(), [1, 2]);
    await monitor.tick();
    assert.equal(ended.length, 1);
    assert.equal(clock.pending, 0);
  });

  for (const code of ['ledger-full', 'ledger-busy', 'not-elected']) {
    it(`records no end while its log cannot be stored (${code}), and does so later`, async () => {
      await ledger.runs.insert(run);
      endsWell();
      faults = [new LedgerError(code, 'not now')];
      await monitor.wake();
      assert.equal((await ledger.runs.get(run.id))?.state, 'running');
      assert.deepEqual([await losses(), ended], [[], []]);
      await monitor.tick();
      assert.equal((await ledger.runs.get(run.id))?.state, 'succeeded');
      assert.deepEqual([await losses(), ended.length], [[1, 2], 1]);
    });
  }

  it('records the end of a run whose log can never be read', async () => {
    const unreadable = { ...run, logPath: files.folder };
    await ledger.runs.insert(unreadable);
    endsWell();
    await monitor.wake();
    assert.equal((await ledger.runs.get(run.id))?.state, 'succeeded');
  });

  for (const [moment, disposeAt] of [
    ['the machine is asked', disposeWhenAsked],
    ['the log is read to its end', disposeWhenReading],
  ] as const) {
    it(`records no end when it is disposed while ${moment}, and the next one does`, async () => {
      await ledger.runs.insert(run);
      endsWell();
      const restore = disposeAt();
      await monitor.wake();
      assert.equal((await ledger.runs.get(run.id))?.state, 'running');
      assert.equal(clock.pending, 0);
      restore();
      const next = newMonitor(ledger);
      await next.wake();
      assert.equal((await ledger.runs.get(run.id))?.state, 'succeeded');
      assert.deepEqual(await losses(), [1, 2]);
      next.dispose();
    });
  }

  function disposeWhenAsked(): () => void {
    machine.answer = () => {
      monitor.dispose();
      return undefined;
    };
    return () => (machine.answer = () => undefined);
  }

  function disposeWhenReading(): () => void {
    const list = ledger.checkpoints.list.bind(ledger.checkpoints);
    ledger.checkpoints.list = (id) => {
      monitor.dispose();
      return list(id);
    };
    return () => (ledger.checkpoints.list = list);
  }

  it('keeps its election while a machine takes longer to answer than a lease lasts', async () => {
    await ledger.runs.insert(run);
    endsWell();
    let answer: () => void = () => undefined;
    const slow = new Promise<undefined>((resolve) => (answer = () => resolve(undefined)));
    machine.answer = () => slow;
    const ticking = monitor.wake();
    const other = await files.open({ clock });
    for (let waited = 0; waited < 3 * ELECTION_TTL_MS; waited += TICK_MS) {
      await clock.advance(TICK_MS);
      assert.equal(await other.election.campaign(), undefined, `after ${waited} ms`);
    }
    answer();
    await ticking;
    assert.equal((await ledger.runs.get(run.id))?.state, 'succeeded');
  });

  it('watches the other runs of a machine when one makes trouble', async () => {
    const second = sampleRun({ id: `${run.id}x` as Run['id'], logPath: null, createdAt: 1 });
    await ledger.runs.insert(run);
    await ledger.runs.insert(second);
    endsWell();
    const status = machine.statuses.get(run.id);
    assert.ok(status);
    machine.statuses.set(second.id, { ...status, id: second.id });
    faults = [new LedgerError('ledger-full', 'not now')];
    await monitor.wake();
    assert.equal((await ledger.runs.get(run.id))?.state, 'running');
    assert.equal((await ledger.runs.get(second.id))?.state, 'succeeded');
  });

  it('leaves every run as it is while the folder of runs is not there, and says so', async () => {
    const queued = sampleRun({ id: `${run.id}q` as Run['id'], state: 'queued', startedAt: null });
    const lost = sampleRun({ id: `${run.id}l` as Run['id'], state: 'lost', endedAt: NOW });
    for (const each of [run, queued, lost]) await ledger.runs.insert(each);
    machine.answer = (verb) => Promise.resolve(verb === 'status' ? refusal('no-home') : undefined);
    await monitor.wake();
    for (let tick = 0; tick < 3; tick++) await monitor.tick();
    const states = async (): Promise<unknown[]> =>
      (await ledger.runs.list()).map(({ state }) => state).sort();
    assert.deepEqual(await states(), ['lost', 'queued', 'running']);
    assert.match((await ledger.runs.get(run.id))?.stateReason ?? '', /is its disk mounted/);
    const events = await ledger.events.list(run.id);
    assert.equal(events.length, 2, 'said once');
    machine.answer = () => undefined;
    says({});
    await monitor.tick();
    assert.deepEqual(await states(), ['failed', 'lost', 'running']);
    const again = await ledger.runs.get(run.id);
    assert.deepEqual([again?.stateReason, again?.stateSince], ['Running', run.stateSince]);
    assert.equal((await ledger.intervals.of(`run:${run.id}`)).length, 1);
  });

  it('settles a launch that a machine never used was not told of', async () => {
    await ledger.runs.insert(sampleRun({ state: 'queued', startedAt: null }));
    machine.answer = (verb) =>
      verb === 'forbid' ? undefined : Promise.resolve(refusal('no-home'));
    await monitor.wake();
    assert.equal((await ledger.runs.get(run.id))?.state, 'failed');
    assert.ok(machine.asked.includes(`forbid ${run.id}`), 'a start under way cannot come later');
  });

  it('looks again for a run that came while it was going to rest', async () => {
    const list = ledger.runs.list.bind(ledger.runs);
    let slowly = true;
    ledger.runs.list = async (filter) => {
      const runs = await list(filter);
      if (slowly) {
        slowly = false;
        await ledger.runs.insert(run);
        await monitor.wake();
      }
      return runs;
    };
    says({});
    await monitor.wake();
    assert.ok(clock.pending > 0, 'it goes on waiting');
    endsWell();
    await clock.advance(TICK_MS);
    await monitor.settled();
    assert.equal((await ledger.runs.get(run.id))?.state, 'succeeded');
  });
});
