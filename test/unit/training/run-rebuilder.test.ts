import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import type { Run } from '../../../src/core/model/run.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { ResultFiles } from '../../../src/training/after/result-files.ts';
import { CodeKeeper } from '../../../src/training/code-keeper.ts';
import { FoundRuns } from '../../../src/training/found-runs.ts';
import { LogFiles } from '../../../src/training/log/log-files.ts';
import { RunControl } from '../../../src/training/run-control.ts';
import { runLockName } from '../../../src/training/run-locks.ts';
import { rebuildRuns } from '../../../src/training/run-rebuilder.ts';
import { recordOf } from '../../../src/training/run-record.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NOW, sampleRun } from '../../support/samples.ts';
import { lines, ScriptedMachine } from '../../support/scripted-machine.ts';

describe('rebuildRuns', () => {
  let files: LedgerFiles;
  let clock: FakeClock;
  let ledger: Ledger;
  let other: Ledger;
  let machine: ScriptedMachine;
  let control: RunControl;
  /** Happens between the listing and what comes after it. */
  let afterListing: () => Promise<unknown>;

  beforeEach(async () => {
    files = new LedgerFiles();
    clock = new FakeClock(NOW);
    ledger = await files.open({ clock });
    other = await files.open({ clock });
    machine = new ScriptedMachine();
    const code = new CodeKeeper(join(files.folder, 'code'));
    const found = new FoundRuns({ ledger: other, clock, ask: () => Promise.resolve(false) });
    control = new RunControl({ ledger: other, registry: machine.registry, code, logs: new LogFiles(files.folder), results: new ResultFiles(files.folder), clock, found });
    afterListing = () => Promise.resolve();
    machine.answer = async (verb, id) => {
      const known = [...machine.statuses.values()];
      if (verb === 'ids') return lines({ ids: known.map((status) => status.id) });
      if (verb === 'remove') {
        machine.statuses.delete(id);
        return lines({ id, state: 'missing' });
      }
      if (verb === 'list') await afterListing();
      return verb === 'list' ? lines(...known) : undefined;
    };
  });

  afterEach(() => files.dispose());

  function onMachine(changes: Partial<Run> = {}): Run {
    const run = sampleRun({ state: 'succeeded', endedAt: NOW, ...changes });
    machine.statuses.set(run.id, { id: run.id, state: 'ended', run: recordOf(run) });
    return run;
  }

  async function rebuild(as = 'local'): Promise<number> {
    const connected = { ...(await machine.provider.connect('localhost')), provider: as };
    return rebuildRuns(connected, {
      ledger,
      clock,
      logs: new LogFiles(files.folder),
      logger: NULL_LOGGER,
      installation: 'c0ffee',
    });
  }

  it('puts back what the machine knows and the ledger does not, in any number', async () => {
    const runs = Array.from({ length: 45 }, (_, index) => onMachine({ id: `r${index}` as Run['id'] }));
    assert.equal(await rebuild(), runs.length);
    assert.equal(await ledger.runs.count(), runs.length);
    assert.equal(await rebuild(), 0);
    assert.ok(await other.locks.acquire(runLockName('r0')), 'no lock is left');
  });

  it('marks what another installation started, and only that', async () => {
    const other = { installation: 'decaf', host: 'laptop' };
    onMachine({ id: 'r-own' as Run['id'], starter: { installation: 'c0ffee', host: 'desk' } });
    onMachine({ id: 'r-other' as Run['id'], starter: other });
    onMachine({ id: 'r-old' as Run['id'], starter: null });
    assert.equal(await rebuild('ssh'), 3);
    const found = new Map((await ledger.runs.list()).map((run) => [String(run.id), run]));
    assert.equal(found.get('r-own')?.foundAt, null);
    assert.equal(found.get('r-other')?.foundAt, NOW);
    assert.deepEqual(found.get('r-other')?.starter, other);
    assert.equal(found.get('r-old')?.foundAt, NOW, 'nobody knows who started it');
  });

  it('takes what this computer started on itself for its own, whatever was lost with the ledger', async () => {
    onMachine({ id: 'r-here' as Run['id'], starter: { installation: 'lost', host: 'desk' } });
    onMachine({ id: 'r-came' as Run['id'], provider: 'ssh', starter: { installation: 'decaf', host: 'laptop' } });
    assert.equal(await rebuild(), 2);
    const found = new Map((await ledger.runs.list()).map((run) => [String(run.id), run]));
    assert.equal(found.get('r-here')?.foundAt, null);
    assert.equal(found.get('r-came')?.foundAt, NOW);
  });

  it('does not bring back a run that is deleted after it was listed', async () => {
    const run = onMachine();
    onMachine({ id: 'r-other' as Run['id'] });
    // The other window knows it: it found it again a moment earlier.
    afterListing = async () => {
      await other.runs.insert(run);
      await control.delete(run.id);
    };
    assert.equal(await rebuild(), 1);
    assert.deepEqual((await ledger.runs.list()).map(({ id }) => id), ['r-other']);
  });

  it('does not bring back a run whose deletion is under way', async () => {
    const run = onMachine();
    const lock = await other.locks.acquire(runLockName(run.id));
    assert.ok(lock);
    assert.equal(await rebuild(), 0);
    await other.locks.release(lock);
    assert.equal(await rebuild(), 1);
  });
});
