import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { MachineError, TransferError } from '../../../src/core/errors.ts';
import { newRunId, type RunId } from '../../../src/core/ids.ts';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import { ZERO_DOLLARS } from '../../../src/core/money.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { LOCK_TTL_MS } from '../../../src/ledger/locks.ts';
import type { PlaceRequest } from '../../../src/providers/training-provider.ts';
import { CheckpointSettler } from '../../../src/training/checkpoint-settler.ts';
import { CodeKeeper } from '../../../src/training/code-keeper.ts';
import { FoundRuns } from '../../../src/training/found-runs.ts';
import { planResume, planScript } from '../../../src/training/launch-plan.ts';
import { neverStarted, settleUnstarted } from '../../../src/training/launch-reconciler.ts';
import { Launcher } from '../../../src/training/launcher.ts';
import { LogFiles } from '../../../src/training/log/log-files.ts';
import { placeSpec } from '../../../src/training/placement.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NOW, sampleRun, sampleSpec } from '../../support/samples.ts';
import { lines, refusal, ScriptedMachine } from '../../support/scripted-machine.ts';

const OPTIONS = { secrets: {} };

describe('Launcher', () => {
  let files: LedgerFiles;
  let ledger: Ledger;
  let clock: FakeClock;
  let machine: ScriptedMachine;
  let launcher: Launcher;

  beforeEach(async () => {
    files = new LedgerFiles();
    clock = new FakeClock(NOW);
    ledger = await files.open({ clock });
    machine = new ScriptedMachine();
    launcher = new Launcher({
      ledger,
      registry: machine.registry,
      code: new CodeKeeper(join(files.folder, 'code')),
      logs: new LogFiles(join(files.folder, 'logs')),
      settler: new CheckpointSettler(ledger, machine.registry, clock),
      clock,
      starter: { installation: 'c0ffee', host: 'laptop' },
      found: new FoundRuns({ ledger, clock, ask: () => Promise.resolve(false) }),
      logger: NULL_LOGGER,
      rateOf: () => Promise.resolve(ZERO_DOLLARS),
    });
  });

  afterEach(() => files.dispose());

  const plan = (): ReturnType<typeof planScript> =>
    planScript({
      script: '/work/train.py',
      directory: files.folder,
      workspaceFolder: null,
      argv: ['python3', 'train.py'],
      checkpointDirectory: 'checkpoints',
      device: 'auto',
      exclude: ['*.bin'],
      provider: 'local',
      machine: 'local',
    });

  /** The machine starts what it is asked to, and answers as told. */
  function starts(answer?: () => Promise<never>): void {
    machine.answer = (verb, id) => {
      if (verb !== 'start') return undefined;
      const status = { id, state: 'running' as const, started: NOW / 1000 };
      machine.statuses.set(id, status);
      return answer?.() ?? Promise.resolve(lines(status));
    };
  }

  const verbs = (): string[] => machine.asked.map((line) => line.split(' ')[0] ?? '');

  it('has the wish in the ledger before the machine hears of it, and settles it', async () => {
    let before: unknown;
    machine.answer = async (verb, id) => {
      if (verb !== 'start') return undefined;
      const [intent] = await ledger.intents.listOpen();
      before = [intent?.subject, (await ledger.runs.get(id as RunId))?.state];
      return lines({ id, state: 'running', started: NOW / 1000 });
    };
    const run = await launcher.launch(plan(), OPTIONS);
    assert.deepEqual(before, [`run:${run.id}`, 'queued']);
    assert.equal(run.state, 'running');
    assert.equal((await ledger.intents.get(`launch:${run.id}`))?.state, 'done');
  });

  it('takes everything back when the machine refuses', async () => {
    machine.answer = (verb) =>
      verb === 'start' ? Promise.resolve(refusal('busy', 'r-other')) : undefined;
    await assert.rejects(launcher.launch(plan(), OPTIONS), { code: 'directory-busy' });
    assert.deepEqual(await ledger.runs.list(), []);
    assert.deepEqual(await ledger.intents.listOpen(), []);
    assert.deepEqual(verbs(), ['start', 'status']);
  });

  it('looks a run up when the answer is lost, and never starts it twice', async () => {
    starts(() => Promise.reject(new MachineError('exec-failed', 'lost')));
    const run = await launcher.launch(plan(), OPTIONS);
    assert.equal(run.state, 'running');
    assert.deepEqual(verbs(), ['start', 'status']);
  });

  it('forbids a start to come later whose answer is lost, before it takes all back', async () => {
    machine.answer = (verb) =>
      verb === 'start' ? Promise.reject(new MachineError('timeout', 'lost')) : undefined;
    await assert.rejects(launcher.launch(plan(), OPTIONS), { code: 'timeout' });
    assert.deepEqual(verbs(), ['start', 'status', 'forbid']);
    assert.deepEqual(await ledger.runs.list(), []);
  });

  it('keeps row and wish while it is not known whether the run started', async () => {
    machine.answer = () => Promise.reject(new MachineError('exec-failed', 'lost'));
    await assert.rejects(launcher.launch(plan(), OPTIONS), { code: 'start-unknown' });
    const [run] = await ledger.runs.list();
    assert.equal(run?.state, 'queued');
    assert.equal((await ledger.intents.listOpen()).length, 1);
    assert.ok(await ledger.locks.acquire(`run:${run.id}`), 'whoever watches may look at once');
  });

  it('leaves a run that ended before the answer to whoever watches, its log unread', async () => {
    machine.answer = (verb, id) => {
      const exit = { code: 0, signal: null, ended: NOW / 1000, phase: 'command', stop: null };
      const status = { id, state: 'ended', started: NOW / 1000, exit };
      return verb === 'start' ? Promise.resolve(lines(status)) : undefined;
    };
    const run = await launcher.launch(plan(), OPTIONS);
    assert.equal(run.state, 'queued');
    assert.equal(run.endedAt, null);
  });

  it('ends a run that came after another window had given the launch up', async () => {
    const other = await files.open({ clock });
    machine.answer = async (verb, id) => {
      if (verb !== 'start') return undefined;
      // This window sleeps: its lock lapses without its timers running.
      const sleeper = machine.answer;
      machine.answer = () => undefined;
      const run = await other.runs.get(id as RunId);
      assert.ok(run);
      await lapse(other, run.id);
      const { provider } = machine;
      await settleUnstarted(other, clock, run, await provider.connect('local'), () => undefined);
      machine.answer = sleeper;
      const status = { id, state: 'running' as const, started: NOW / 1000 };
      machine.statuses.set(id, status);
      return lines(status);
    };
    await assert.rejects(launcher.launch(plan(), OPTIONS), { code: 'start-late' });
    const [run] = await ledger.runs.list();
    assert.equal(run?.state, 'failed');
    assert.equal(machine.asked.at(-1), `stop ${run.id} 0`);
    assert.equal((await ledger.intents.get(`launch:${run.id}`))?.state, 'failed');
  });

  it('tells of a run as started though its lock lapsed while the machine was asked', async () => {
    const monotonic = clock.monotonic();
    starts();
    const answer = machine.answer;
    machine.answer = (verb, id) => {
      clock.monotonic = () => monotonic + 2 * LOCK_TTL_MS;
      return answer(verb, id);
    };
    const run = await launcher.launch(plan(), OPTIONS);
    assert.equal(run.state, 'running');
    assert.deepEqual(verbs(), ['start'], 'nothing is ended');
    assert.equal((await ledger.runs.get(run.id))?.state, 'running');
  });

  it('tells why a start failed also when another window gave it up before', async () => {
    machine.answer = async (verb, id) => {
      if (verb !== 'start') return undefined;
      await ledger.runs.transition(id as RunId, neverStarted(NOW), NOW);
      return refusal('busy', 'r-other');
    };
    await assert.rejects(launcher.launch(plan(), OPTIONS), { code: 'directory-busy' });
  });

  it('starts nothing beside runs under way whose folder is not there', async () => {
    const other = sampleRun({ machine: 'local' });
    await ledger.runs.insert(other);
    machine.answer = (verb) =>
      Promise.resolve(verb === 'status' ? refusal('no-home') : lines({ id: 'x' }));
    await assert.rejects(launcher.launch(plan(), OPTIONS), { code: 'no-home' });
    assert.deepEqual(verbs(), ['status']);
    assert.deepEqual((await ledger.runs.list()).map(({ id }) => id), [other.id]);
  });

  it('keeps row and wish when the folder of runs went away during the start', async () => {
    await ledger.runs.insert(sampleRun({ machine: 'local', state: 'succeeded' }));
    machine.answer = (verb) =>
      verb === 'start'
        ? Promise.reject(new MachineError('exec-failed', 'lost'))
        : Promise.resolve(refusal('no-home'));
    await assert.rejects(launcher.launch(plan(), OPTIONS), { code: 'start-unknown' });
    assert.equal((await ledger.runs.list())[0]?.state, 'queued');
  });

  it('takes everything back on a machine that no run was ever started on', async () => {
    machine.answer = (verb) =>
      Promise.resolve(refusal(verb === 'start' ? 'no-detach' : 'no-home'));
    await assert.rejects(launcher.launch(plan(), OPTIONS), { code: 'no-detach' });
    assert.deepEqual(await ledger.runs.list(), []);
  });

  describe('on a machine that does not see this host’s files', () => {
    const placed: PlaceRequest[] = [];
    const PLACE = { tree: '/remote/k/a', keep: '/remote/k/keep', manifest: 'm' };

    beforeEach(() => {
      placed.length = 0;
      machine.provider.placer = {
        sentList: () => Promise.resolve(undefined),
        place: (request) => {
          placed.push(request);
          const { source, kept, exclude } = request;
          return Promise.resolve({ ...PLACE, source, kept, exclude });
        },
      };
      starts();
    });

    it('brings the code there first, and starts the run where the code is', async () => {
      const run = await launcher.launch(plan(), OPTIONS);
      assert.equal(placed[0]?.source, files.folder);
      assert.deepEqual(placed[0].kept, ['checkpoints']);
      assert.deepEqual(placed[0].exclude, ['*.bin']);
      assert.equal(run.spec.directory, PLACE.tree);
      assert.equal(run.spec.checkpointDirectory, `${PLACE.keep}/checkpoints`);
      assert.equal(run.logPath, join(files.folder, 'logs', `${run.id}.log`));
      assert.deepEqual((await ledger.runs.get(run.id))?.spec.place, run.spec.place);
    });

    it('leaves trees of active runs alone, and no others', async () => {
      const spec = placeSpec(sampleSpec(), { source: '/w', kept: [], exclude: [], ...PLACE });
      const elsewhere = { ...spec, place: { source: '/w', kept: [], exclude: [], ...PLACE, tree: '/x' } };
      await ledger.runs.insert(sampleRun({ machine: 'local', spec }));
      await ledger.runs.insert(sampleRun({ id: newRunId(NOW), machine: 'other', spec: elsewhere }));
      await ledger.runs.insert(sampleRun({ id: newRunId(NOW), machine: 'local', state: 'failed', spec: elsewhere }));
      await launcher.launch(plan(), OPTIONS);
      assert.deepEqual(placed[0]?.busy, [PLACE.tree]);
    });

    it('starts nothing and leaves no row when the code cannot be brought there', async () => {
      const failure = new TransferError('disk-full', 'full');
      machine.provider.placer = {
        sentList: () => Promise.resolve(undefined),
        place: () => Promise.reject(failure),
      };
      await assert.rejects(launcher.launch(plan(), OPTIONS), failure);
      assert.deepEqual(verbs(), []);
      assert.deepEqual(await ledger.runs.list(), []);
    });

    it('sends one folder to one machine from one launch at a time', async () => {
      const other = await files.open({ clock });
      const name = `code:local:local:${files.folder}`;
      let finish: () => void = () => undefined;
      const sending = other.locks.withLock(name, () => new Promise<void>((done) => (finish = done)));
      const refused = assert.rejects(launcher.launch(plan(), OPTIONS), { code: 'sending' });
      for (let second = 0; second < 10; second += 1) await clock.advance(1000);
      await refused;
      finish();
      await sending;
      assert.deepEqual(placed, []);
    });

    it('goes on in the old tree when the folder it came from is gone', async () => {
      const place = { source: join(files.folder, 'gone'), kept: [], exclude: [], ...PLACE };
      const run = sampleRun({ machine: 'local', spec: sampleSpec({ directory: PLACE.tree, place }) });
      const again = planResume(run, { path: `${PLACE.keep}/checkpoints/1.pt`, step: 1 });
      const next = await launcher.launch(again, OPTIONS);
      assert.deepEqual(placed, []);
      assert.equal(next.spec.directory, PLACE.tree);
    });
  });

  async function lapse(of: Ledger, id: string): Promise<void> {
    const held = await of.locks.acquire(`run:${id}`);
    assert.equal(held, undefined, 'the launching window holds it');
    const monotonic = clock.monotonic();
    clock.monotonic = () => monotonic + LOCK_TTL_MS;
  }
});
