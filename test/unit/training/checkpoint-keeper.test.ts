import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { LocalCheckpointFiles } from '../../../src/checkpoints/local-files.ts';
import type { RetentionPlan } from '../../../src/checkpoints/retention.ts';
import { CleanupError } from '../../../src/core/errors.ts';
import type { RunId } from '../../../src/core/ids.ts';
import type { Run } from '../../../src/core/model/run.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { ProviderRegistry } from '../../../src/providers/provider-registry.ts';
import type { Machine, TrainingProvider } from '../../../src/providers/training-provider.ts';
import { CheckpointKeeper } from '../../../src/training/checkpoint-keeper.ts';
import { CheckpointSettler } from '../../../src/training/checkpoint-settler.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NOW, sampleCheckpoint, sampleRun, sampleSpec } from '../../support/samples.ts';
import { TemporaryDirectory } from '../checkpoints/temporary-directory.ts';

const POLICY = { keepLast: 1, keepBest: true, keepFinal: true };

describe('cleaning up one run of several in a directory', () => {
  let directory: TemporaryDirectory;
  let files: LedgerFiles;
  let ledger: Ledger;
  let clock: FakeClock;
  let keeper: CheckpointKeeper;
  let ended: Run;
  let active: Run;

  beforeEach(async () => {
    directory = await TemporaryDirectory.make();
    files = new LedgerFiles();
    clock = new FakeClock(NOW);
    ledger = await files.open({ clock });
    const spec = sampleSpec({ checkpointDirectory: directory.path });
    ended = sampleRun({ spec, state: 'succeeded', endedAt: NOW - 50_000, exitCode: 0 });
    active = sampleRun({ spec, id: 'r0mf3k2p1b-0123456789' as RunId });
    await ledger.runs.insert(ended);
    await ledger.runs.insert(active);
    const registry = new ProviderRegistry();
    const agent = { status: () => Promise.resolve([]) };
    const machine = { files: new LocalCheckpointFiles(), agent } as unknown as Machine;
    const connect = (): Promise<Machine> => Promise.resolve(machine);
    // Only what a keeper asks of a provider.
    registry.register({ id: 'local', connect } as unknown as TrainingProvider);
    keeper = new CheckpointKeeper(ledger, registry, new CheckpointSettler(ledger, registry, clock));
  });
  afterEach(async () => {
    await files.dispose();
    await directory.dispose();
  });

  const path = (step: number): string => directory.join(`step-${step}.ckpt`);
  const steps = (plan: RetentionPlan) => plan.remove.map((item) => item.step);

  async function wrote(run: Run, all: readonly number[], modifiedAt = NOW - 40_000): Promise<void> {
    for (const step of all) {
      await directory.write({ [`step-${step}.ckpt`]: 'x' }, modifiedAt);
    }
    await knows(run, all, modifiedAt);
  }

  async function knows(run: Run, all: readonly number[], modifiedAt = NOW - 40_000): Promise<void> {
    const stored = all.map((step) =>
      sampleCheckpoint({ path: path(step), runId: run.id, size: 1, modifiedAt, step, marks: [] }),
    );
    await ledger.checkpoints.replace(run.id, stored);
  }

  it('never touches those of another run, however low their steps are', async () => {
    await wrote(ended, [8000, 9000, 10_000]);
    await wrote(active, [100, 200, 300]);
    const plan = await keeper.plan(ended, POLICY);
    assert.deepEqual(steps(plan), [8000, 9000]);
    assert.deepEqual([...(plan.others ?? [])].sort(), [100, 200, 300].map(path));
    await keeper.carryOut(ended, plan);
    assert.deepEqual((await readdir(directory.path)).sort(), [
      'step-100.ckpt', 'step-10000.ckpt', 'step-200.ckpt', 'step-300.ckpt',
    ]);
    assert.equal((await ledger.checkpoints.list(active.id)).length, 3);
  });

  it('keeps what another active run lists too', async () => {
    await wrote(ended, [1, 2, 3]);
    await knows(active, [1]);
    assert.deepEqual(steps(await keeper.plan(ended, POLICY)), [2]);
  });

  it('leaves out what was written over since the run was watched', async () => {
    await wrote(ended, [1, 2, 3]);
    await directory.write({ 'step-1.ckpt': 'y' }, NOW - 20_000);
    assert.deepEqual(steps(await keeper.plan(ended, POLICY)), [2]);
  });

  it('keeps the side JSON a checkpoint of another run goes by', async () => {
    await wrote(ended, [1, 2]);
    await directory.write({ 'step-1.pt': 'other', 'step-1.json': '{"step": 1}' }, NOW - 40_000);
    await keeper.carryOut(ended, await keeper.plan(ended, POLICY));
    assert.deepEqual((await readdir(directory.path)).sort(), [
      'step-1.json', 'step-1.pt', 'step-2.ckpt',
    ]);
  });

  it('obeys the guards of the ledger, also those that outlived their run', async () => {
    await wrote(ended, [1, 2, 3, 4]);
    await ledger.checkpoints.mark(ended.id, path(1), 'resumedFrom');
    await ledger.checkpoints.mark(ended.id, path(2), 'protected');
    assert.deepEqual(steps(await keeper.plan(ended, POLICY)), [3]);
    for (const item of (await ledger.checkpoints.list(ended.id)).slice(0, 2)) {
      await assert.rejects(keeper.planOne(ended, item), CleanupError);
    }
  });

  it('keeps what a run goes on from by its own word', async () => {
    const origin = { runId: ended.id, checkpointPath: path(1), step: 1 };
    const id = 'r0mf3k2p1c-0123456789' as RunId;
    await ledger.runs.insert({ ...active, id, resumedFrom: origin });
    await wrote(ended, [1, 2, 3]);
    assert.deepEqual(steps(await keeper.plan(ended, POLICY)), [2]);
  });

  it('forgets one that somebody else removed', async () => {
    await knows(ended, [1]);
    const [lost] = await ledger.checkpoints.list(ended.id);
    assert.ok(lost);
    const report = await keeper.carryOut(ended, await keeper.planOne(ended, lost));
    assert.deepEqual(report.skipped.map(({ reason }) => reason), ['gone']);
    assert.deepEqual(await ledger.checkpoints.list(ended.id), []);
  });
});
