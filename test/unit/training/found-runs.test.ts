import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { CancelledError, RunError } from '../../../src/core/errors.ts';
import type { Run } from '../../../src/core/model/run.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { isUnfinished } from '../../../src/training/after/after-state.ts';
import { ResultFiles } from '../../../src/training/after/result-files.ts';
import { CodeKeeper } from '../../../src/training/code-keeper.ts';
import { FoundRuns } from '../../../src/training/found-runs.ts';
import { LogFiles } from '../../../src/training/log/log-files.ts';
import { RunControl } from '../../../src/training/run-control.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NOW, sampleRun, sampleSpec } from '../../support/samples.ts';
import { ScriptedMachine } from '../../support/scripted-machine.ts';

describe('runs of other installations', () => {
  const starter = { installation: 'decaf', host: 'laptop' };
  let files: LedgerFiles;
  let ledger: Ledger;
  let machine: ScriptedMachine;
  let found: FoundRuns;
  let control: RunControl;
  let asked: string[];
  let answer: boolean;

  beforeEach(async () => {
    files = new LedgerFiles();
    const clock = new FakeClock(NOW);
    ledger = await files.open({ clock });
    machine = new ScriptedMachine();
    asked = [];
    answer = false;
    found = new FoundRuns({
      ledger,
      clock,
      ask: (run, act) => {
        asked.push(`${act} ${run.name} of ${run.starter?.host ?? '?'}`);
        return Promise.resolve(answer);
      },
    });
    control = new RunControl({
      ledger,
      registry: machine.registry,
      code: new CodeKeeper(join(files.folder, 'code')),
      logs: new LogFiles(files.folder),
      results: new ResultFiles(files.folder),
      clock,
      found,
    });
  });

  afterEach(() => files.dispose());

  async function insert(changes: Partial<Run> = {}): Promise<Run> {
    const run = sampleRun({ starter, foundAt: NOW, ...changes });
    await ledger.runs.insert(run);
    return run;
  }

  it('are stopped, extended, deleted only after a yes, and nothing reaches the machine before', async () => {
    const active = await insert();
    const ended = await insert({ id: 'r-ended' as Run['id'], name: 'old', state: 'succeeded', endedAt: NOW });
    await assert.rejects(control.stop(active.id), CancelledError);
    await assert.rejects(control.extend(active.id, 60), CancelledError);
    await assert.rejects(control.delete(ended.id), CancelledError);
    assert.deepEqual(asked, ['stop digits of laptop', 'extend digits of laptop', 'delete old of laptop']);
    assert.deepEqual(machine.asked, []);
    assert.deepEqual(await ledger.events.list(active.id, 1), [], 'no wish was noted');
  });

  it('are asked about the first time only, and one of this installation never', async () => {
    const run = await insert();
    const own = sampleRun({ id: 'r-own' as Run['id'] });
    answer = true;
    await found.agree(run, 'stop');
    await found.agree(run, 'extend');
    await found.agree(own, 'stop');
    assert.deepEqual(asked, ['stop digits of laptop']);
    assert.equal(found.mustAsk(run), false);
  });

  it('are of this installation once adopted, told in the timeline, once', async () => {
    const run = await insert();
    assert.equal(await found.adopt(run), true);
    assert.equal(await found.adopt(run), false);
    const stored = await ledger.runs.get(run.id);
    assert.ok(stored);
    assert.equal(stored.foundAt, null);
    assert.deepEqual(stored.starter, starter);
    const events = (await ledger.events.list(run.id)).filter(({ kind }) => kind === 'adopted');
    assert.deepEqual(events.map(({ data }) => data), [{ from: 'laptop' }]);
    await found.agree(stored, 'stop');
    assert.deepEqual(asked, []);
  });

  it('have no results brought here by themselves, nor by hand, until adopted', async () => {
    const spec = sampleSpec({ after: { durable: 'window', webhook: null, holdSeconds: 0 } });
    const run = await insert({ spec, state: 'succeeded', endedAt: NOW });
    assert.equal(isUnfinished(run), false);
    await assert.rejects(control.saveAgain(run.id, {}), (error: unknown) => {
      assert.ok(error instanceof RunError);
      assert.equal(error.code, 'not-adopted');
      assert.equal(error.nextAction?.command, 'runctl.adoptRun');
      return true;
    });
    await found.adopt(run);
    const adopted = await ledger.runs.get(run.id);
    assert.ok(adopted && isUnfinished(adopted));
    await control.saveAgain(run.id, {});
  });
});
