import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { LocalCheckpointFiles } from '../../../src/checkpoints/local-files.ts';
import { RunError } from '../../../src/core/errors.ts';
import type { Run } from '../../../src/core/model/run.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import type { RunStatus } from '../../../src/remote/agent/agent-answers.ts';
import type { RunView } from '../../../src/resources/account-snapshot.ts';
import { CheckpointSettler } from '../../../src/training/checkpoint-settler.ts';
import { scannerOf } from '../../../src/training/create-observer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NOW, sampleRun, sampleSpec } from '../../support/samples.ts';
import { refusal, ScriptedMachine } from '../../support/scripted-machine.ts';
import { TemporaryDirectory } from '../checkpoints/temporary-directory.ts';

const OLD = NOW - 40_000;
/** Written right before the end. */
const FRESH = NOW - 100;

describe('what a run has left behind', () => {
  let directory: TemporaryDirectory;
  let files: LedgerFiles;
  let ledger: Ledger;
  let clock: FakeClock;
  let machine: ScriptedMachine;
  let settler: CheckpointSettler;
  let run: Run;

  beforeEach(async () => {
    directory = await TemporaryDirectory.make();
    files = new LedgerFiles();
    clock = new FakeClock(NOW);
    ledger = await files.open({ clock });
    const spec = sampleSpec({ checkpointDirectory: directory.path });
    run = sampleRun({ spec, state: 'stopped', stateSince: NOW, endedAt: NOW, exitCode: 143 });
    await ledger.runs.insert(run);
    machine = new ScriptedMachine();
    says({ orphans: 0 });
    settler = new CheckpointSettler(ledger, machine.registry, clock);
  });
  afterEach(async () => {
    await files.dispose();
    await directory.dispose();
  });

  const says = (status: Partial<RunStatus>): void =>
    void machine.statuses.set(run.id, { id: run.id, state: 'ended', ...status });

  async function ended(content: Record<string, string>, modifiedAt: number): Promise<void> {
    await directory.write(content, modifiedAt);
    const local = await machine.provider.connect('localhost');
    const scanner = scannerOf(run, { ...local, files: new LocalCheckpointFiles() });
    const { checkpoints } = await scanner.scan(NOW, { writer: 'cut-off' });
    await ledger.checkpoints.replace(run.id, checkpoints);
  }

  const view = async (): Promise<Pick<RunView, 'run' | 'checkpoints'>> => ({
    run,
    checkpoints: await ledger.checkpoints.list(run.id),
  });

  const verdicts = async (): Promise<string[]> =>
    (await ledger.checkpoints.list(run.id)).map(({ path, complete }) =>
      [path.slice(directory.path.length + 1), complete ? 'whole' : 'half'].join(' '),
    );

  it('is whole two seconds after the end when no process of it is left', async () => {
    await ended({ 'step-100.pkl': 'all of it' }, FRESH);
    await clock.advance(1999);
    assert.equal((await settler.settle(run)).final, false);
    assert.deepEqual(await verdicts(), ['step-100.pkl half']);
    await clock.advance(1);
    assert.equal((await settler.settle(run)).final, true);
    assert.deepEqual(await verdicts(), ['step-100.pkl whole']);
  });

  for (const [title, tell] of [
    ['a process of it is left', () => says({ orphans: 1 })],
    ['its directory is gone from the machine', () => says({ state: 'missing' })],
    ['it is not known what is left', () => says({})],
    ['its folder is not mounted', () => (machine.answer = () => Promise.resolve(refusal('no-home')))],
  ] as const) {
    it(`goes by its age while ${title}`, async () => {
      tell();
      await ended({ 'step-100.pkl': 'all of it' }, FRESH);
      await clock.advance(9_899);
      assert.equal((await settler.settle(run)).final, false);
      await clock.advance(1);
      assert.equal((await settler.settle(run)).final, true);
      assert.deepEqual(await verdicts(), ['step-100.pkl whole']);
    });
  }

  it('stays half when its format says so, and is not looked at again', async () => {
    await ended({ 'step-100.pt': 'PK\u0003\u0004 and no end' }, FRESH);
    await clock.advance(2000);
    assert.equal((await settler.settle(run)).final, true);
    assert.deepEqual(await verdicts(), ['step-100.pt half']);
  });

  it('is left alone when it was written over since', async () => {
    await ended({ 'step-100.pkl': 'all of it' }, FRESH);
    await directory.write({ 'step-100.pkl': 'of the next run' }, NOW + 1000);
    await clock.advance(20_000);
    const { others } = await settler.settle(run);
    assert.deepEqual(others, [directory.join('step-100.pkl')]);
    assert.deepEqual(await verdicts(), ['step-100.pkl half']);
  });

  it('can be gone on from right after the end, as soon as it has settled', async () => {
    await ended({ 'step-100.pkl': 'all of it' }, FRESH);
    await clock.advance(500);
    const resuming = settler.toResume(await view());
    await until(() => clock.sleeps.includes(1500));
    await clock.advance(1500);
    const { path, complete } = await resuming;
    assert.deepEqual([path, complete], [directory.join('step-100.pkl'), true]);
  });

  it('can be gone on from where the user pointed, though the list still says half', async () => {
    await ended({ 'step-100.pkl': 'one', 'step-200.pkl': 'two' }, FRESH);
    const picked = (await ledger.checkpoints.list(run.id)).find(({ step }) => step === 100);
    assert.equal(picked?.complete, false);
    await clock.advance(60_000);
    const { path, complete } = await settler.toResume(await view(), picked);
    assert.deepEqual([path, complete], [picked.path, true]);
  });

  it('is preferred to an older one that was whole all the time', async () => {
    await directory.write({ 'step-50.pkl': 'of earlier' }, OLD);
    await ended({ 'step-100.pkl': 'all of it' }, FRESH);
    await clock.advance(2000);
    assert.equal((await settler.toResume(await view())).step, 100);
  });

  it('is passed over when a later run has written over it', async () => {
    await directory.write({ 'step-50.pkl': 'of earlier' }, OLD);
    await ended({ 'step-100.pkl': 'all of it' }, FRESH);
    await clock.advance(2000);
    const { checkpoints } = await view();
    const overwrittenBy = { runId: 'r0mf3k2p1b-0123456789' as Run['id'], name: 'next' };
    const seen = checkpoints.map((item) => (item.step === 100 ? { ...item, overwrittenBy } : item));
    assert.equal((await settler.toResume({ run, checkpoints: seen })).step, 50);
  });

  it('costs no look and no wait when it is whole', async () => {
    await ended({ 'step-100.pkl': 'all of it' }, OLD);
    assert.equal((await settler.toResume(await view())).step, 100);
    assert.deepEqual([clock.sleeps, machine.asked], [[], []]);
  });

  it('is not gone on from when nothing of it is whole', async () => {
    await ended({ 'step-100.pt': 'PK\u0003\u0004 and no end' }, FRESH);
    await clock.advance(2000);
    await assert.rejects(settler.toResume(await view()), RunError);
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn += 1) {
    assert.ok(turn < 1000, 'it never came');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
