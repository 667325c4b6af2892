import assert from 'node:assert/strict';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { MachineError, RunctlError } from '../../../src/core/errors.ts';
import type { Run } from '../../../src/core/model/run.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { LOCK_TTL_MS } from '../../../src/ledger/locks.ts';
import { ResultFiles } from '../../../src/training/after/result-files.ts';
import { CodeKeeper } from '../../../src/training/code-keeper.ts';
import { FoundRuns } from '../../../src/training/found-runs.ts';
import { LogFiles } from '../../../src/training/log/log-files.ts';
import { RunControl } from '../../../src/training/run-control.ts';
import { runLockName } from '../../../src/training/run-locks.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NOW, sampleRun } from '../../support/samples.ts';
import { refusal, ScriptedMachine } from '../../support/scripted-machine.ts';

const ENDED = { state: 'succeeded', endedAt: NOW } as const;
const QUEUED = { state: 'queued', startedAt: null } as const;

describe('RunControl', () => {
  let files: LedgerFiles;
  let ledger: Ledger;
  let other: Ledger;
  let clock: FakeClock;
  let machine: ScriptedMachine;
  let control: RunControl;

  beforeEach(async () => {
    files = new LedgerFiles();
    clock = new FakeClock(NOW);
    ledger = await files.open({ clock });
    other = await files.open({ clock });
    machine = new ScriptedMachine();
    const code = new CodeKeeper(join(files.folder, 'code'));
    const found = new FoundRuns({ ledger, clock, ask: () => Promise.resolve(false) });
    control = new RunControl({ ledger, registry: machine.registry, code, logs: new LogFiles(files.folder), results: new ResultFiles(files.folder), clock, found });
  });

  afterEach(() => files.dispose());

  async function known(changes: Partial<Run>): Promise<Run> {
    const run = sampleRun(changes);
    await ledger.runs.insert(run);
    return run;
  }

  /** Lets time go by until something has come to its end. */
  async function whileTimePasses<T>(acting: Promise<T>): Promise<PromiseSettledResult<T>> {
    const settled = Promise.allSettled([acting]);
    await clock.advance(LOCK_TTL_MS + 1000);
    const [result] = await settled;
    return result;
  }

  async function failure(acting: Promise<unknown>): Promise<RunctlError> {
    const result = await whileTimePasses(acting);
    assert.ok(result.status === 'rejected' && result.reason instanceof RunctlError);
    return result.reason;
  }

  it('deletes a run once the lock of a window that died over it has lapsed', async () => {
    const run = await known(ENDED);
    await other.locks.acquire(runLockName(run.id));
    const deleting = control.delete(run.id);
    await clock.advance(LOCK_TTL_MS - 1000);
    assert.equal(await ledger.runs.count(), 1);
    assert.equal((await whileTimePasses(deleting)).status, 'fulfilled');
    assert.equal(await ledger.runs.count(), 0);
  });

  it('extends a lease on the machine, then here, with a line in the timeline', async () => {
    const run = await known({ leaseUntil: NOW + 60_000 });
    const lease = { left: 3600, total: 4000 };
    machine.statuses.set(run.id, { id: run.id, state: 'running', lease });
    await control.extend(run.id, 3600);
    assert.deepEqual(machine.asked.at(-1), `extend ${run.id} 3600`);
    assert.equal((await ledger.runs.get(run.id))?.leaseUntil, NOW + 3_600_000);
    assert.equal((await ledger.events.list(run.id)).at(-1)?.kind, 'lease-extended');
    machine.statuses.set(run.id, { id: run.id, state: 'running', lease: null });
    await control.extend(run.id, 0);
    assert.equal((await ledger.runs.get(run.id))?.leaseUntil, null);
  });

  it('leaves a lease alone that its machine did not move', async () => {
    const run = await known({ leaseUntil: NOW + 60_000 });
    machine.answer = (verb) => (verb === 'extend' ? Promise.resolve(refusal('ending')) : undefined);
    await assert.rejects(control.extend(run.id, 3600), { code: 'ending' });
    assert.equal((await ledger.runs.get(run.id))?.leaseUntil, NOW + 60_000);
    assert.ok((await ledger.events.list(run.id)).every(({ kind }) => kind !== 'lease-extended'));
  });

  it('stops a launch whose window died before the machine was told: it never starts', async () => {
    const run = await known(QUEUED);
    await other.locks.acquire(runLockName(run.id));
    machine.answer = (verb) => (verb === 'stop' ? Promise.resolve(refusal('not-found')) : undefined);
    const stopping = await whileTimePasses(control.stop(run.id));
    assert.equal(stopping.status, 'fulfilled');
    const stored = await ledger.runs.get(run.id);
    assert.equal(stored?.state, 'failed');
    assert.match(stored.stateReason, /never started/);
  });

  it('does not call a run never started that its machine lost later', async () => {
    const run = await known({});
    machine.answer = (verb) => (verb === 'stop' ? Promise.resolve(refusal('not-found')) : undefined);
    await assert.rejects(control.stop(run.id), { code: 'not-found' });
    assert.equal((await ledger.runs.get(run.id))?.state, 'running');
  });

  for (const [state, text] of [
    ['queued', 'Run “digits” is still being started by another window'],
    ['running', 'Another window is doing something to run “digits” right now'],
  ] as const) {
    it(`says whose work is in the way of stopping a ${state} run, and offers it again`, async () => {
      const run = await known({ state });
      let finish: () => void = () => undefined;
      const work = other.locks.withLock(
        runLockName(run.id),
        () => new Promise<void>((done) => (finish = done)),
      );
      const error = await failure(control.stop(run.id));
      finish();
      await work;
      assert.equal(error.code, 'run-busy');
      assert.equal(error.message, text);
      assert.deepEqual(error.nextAction, {
        title: 'Try Again',
        command: 'runctl.stopRun',
        arguments: [run.id],
      });
      assert.ok(![error.message, ...error.steps].join().includes(run.id), 'a name, not an id');
      assert.deepEqual(machine.asked, []);
    });
  }

  it('deletes nothing that became active while it waited', async () => {
    const run = await known({ state: 'lost', endedAt: NOW });
    const lock = await other.locks.acquire(runLockName(run.id));
    assert.ok(lock);
    const deleting = failure(control.delete(run.id));
    await other.runs.transition(run.id, { ...run, state: 'running', reason: '' }, NOW);
    await other.locks.release(lock);
    assert.equal((await deleting).code, 'run-active');
    assert.deepEqual(machine.asked, []);
  });

  it('has nothing left to do when another window deleted the run meanwhile', async () => {
    const run = await known(ENDED);
    const lock = await other.locks.acquire(runLockName(run.id));
    assert.ok(lock);
    const deleting = whileTimePasses(control.delete(run.id));
    await other.runs.delete(run.id);
    await other.locks.release(lock);
    assert.equal((await deleting).status, 'fulfilled');
  });

  it('neither deletes nor stops where the folder of runs is not there', async () => {
    const ended = await known(ENDED);
    const active = await known({ id: `${ended.id}a` as Run['id'] });
    machine.answer = (verb) =>
      Promise.resolve(refusal(verb === 'status' ? 'no-home' : 'not-found'));
    await assert.rejects(control.delete(ended.id), { code: 'no-home' });
    await assert.rejects(control.stop(active.id), { code: 'no-home' });
    assert.equal(await ledger.runs.count(), 2);
    assert.equal((await ledger.runs.get(active.id))?.state, 'running');
  });

  it('deletes what never started on a machine that was never used', async () => {
    const run = await known({ state: 'failed', startedAt: null, endedAt: NOW });
    machine.answer = () => Promise.resolve(refusal('no-home'));
    await control.delete(run.id);
    assert.equal(await ledger.runs.count(), 0);
  });

  it('keeps a run whose machine is out of reach, and offers to forget it here', async () => {
    const run = await known(ENDED);
    machine.answer = () => Promise.reject(new MachineError('refused', 'nobody there'));
    await assert.rejects(control.delete(run.id), (error) => {
      assert.ok(error instanceof RunctlError);
      assert.equal(error.code, 'out-of-reach');
      assert.deepEqual(error.nextAction?.arguments, [run.id]);
      return true;
    });
    assert.equal(await ledger.runs.count(), 1);
  });

  it('forgets a run here without asking its machine, its log’s copy too', async () => {
    const run = await known({});
    const copy = new LogFiles(files.folder).copyOf(run.id);
    await writeFile(copy, 'line');
    await control.forget(run.id);
    assert.deepEqual(machine.asked, []);
    assert.equal(await ledger.runs.count(), 0);
    await assert.rejects(access(copy));
  });
});
