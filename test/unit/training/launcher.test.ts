import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { MachineError } from '../../../src/core/errors.ts';
import type { RunId } from '../../../src/core/ids.ts';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import { ZERO_DOLLARS } from '../../../src/core/money.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import { LOCK_TTL_MS } from '../../../src/ledger/locks.ts';
import { CodeKeeper } from '../../../src/training/code-keeper.ts';
import { planScript } from '../../../src/training/launch-plan.ts';
import { neverStarted, settleUnstarted } from '../../../src/training/launch-reconciler.ts';
import { Launcher } from '../../../src/training/launcher.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NOW, sampleRun } from '../../support/samples.ts';
import { lines, refusal, ScriptedMachine } from '../../support/scripted-machine.ts';

const OPTIONS = { secrets: {} };

describe('Launcher', () => {
  let files: LedgerFiles;
  let ledger: Ledger;
  let clock: FakeClock;
  let machine: ScriptedMachine;
  let launcher: Launcher;
  let rateOf: () => Promise<typeof ZERO_DOLLARS>;

  beforeEach(async () => {
    files = new LedgerFiles();
    clock = new FakeClock(NOW);
    ledger = await files.open({ clock });
    machine = new ScriptedMachine();
    rateOf = () => Promise.resolve(ZERO_DOLLARS);
    launcher = new Launcher({
      ledger,
      registry: machine.registry,
      code: new CodeKeeper(join(files.folder, 'code')),
      clock,
      logger: NULL_LOGGER,
      rateOf: () => rateOf(),
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

  describe('in a repository with changes not committed', () => {
    const patches = (): string[] => {
      const folder = join(files.folder, 'code');
      return existsSync(folder) ? readdirSync(folder) : [];
    };

    beforeEach(() => {
      const git = (...args: string[]): unknown =>
        execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
          cwd: files.folder,
          stdio: 'ignore',
        });
      git('init');
      writeFileSync(join(files.folder, 'train.py'), '1\n');
      git('add', 'train.py');
      git('commit', '-m', 'one');
      writeFileSync(join(files.folder, 'train.py'), '2\n');
    });

    it('keeps no code of a launch that failed before it was written down', async () => {
      rateOf = () => {
        assert.equal(patches().length, 1);
        return Promise.reject(new Error('no price'));
      };
      await assert.rejects(launcher.launch(plan(), OPTIONS), /no price/);
      assert.deepEqual(patches(), []);
    });

    it('keeps no code of a launch that was cancelled before it was written down', async () => {
      const abort = new AbortController();
      rateOf = () => {
        abort.abort();
        return Promise.resolve(ZERO_DOLLARS);
      };
      const options = { ...OPTIONS, signal: abort.signal };
      await assert.rejects(launcher.launch(plan(), options), { name: 'CancelledError' });
      assert.deepEqual(patches(), []);
    });

    it('keeps no code of a start that the machine refused', async () => {
      machine.answer = (verb) =>
        verb === 'start' ? Promise.resolve(refusal('busy', 'r-other')) : undefined;
      await assert.rejects(launcher.launch(plan(), OPTIONS), { code: 'directory-busy' });
      assert.deepEqual(patches(), []);
    });

    it('keeps the code of a run of which it is not known whether it started', async () => {
      machine.answer = () => Promise.reject(new MachineError('exec-failed', 'lost'));
      await assert.rejects(launcher.launch(plan(), OPTIONS), { code: 'start-unknown' });
      const [run] = await ledger.runs.list();
      assert.deepEqual(patches(), [`${run?.id}.patch`]);
    });
  });

  async function lapse(of: Ledger, id: string): Promise<void> {
    const held = await of.locks.acquire(`run:${id}`);
    assert.equal(held, undefined, 'the launching window holds it');
    const monotonic = clock.monotonic();
    clock.monotonic = () => monotonic + LOCK_TTL_MS;
  }
});
