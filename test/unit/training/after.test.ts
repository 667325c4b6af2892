import assert from 'node:assert/strict';
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { MachineError, TransferError } from '../../../src/core/errors.ts';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import type { RunAfter } from '../../../src/core/model/run-after.ts';
import type { Run } from '../../../src/core/model/run.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import type { FetchPathRequest } from '../../../src/providers/training-provider.ts';
import type { AfterStatus, RunStatus } from '../../../src/remote/agent/agent-answers.ts';
import { agentAfter } from '../../../src/training/after/agent-after.ts';
import { copiesIn } from '../../../src/training/after/note-copies.ts';
import { ResultFiles } from '../../../src/training/after/result-files.ts';
import { WindowSaver } from '../../../src/training/after/window-saver.ts';
import { CheckpointSettler } from '../../../src/training/checkpoint-settler.ts';
import { CodeKeeper } from '../../../src/training/code-keeper.ts';
import { createObserver } from '../../../src/training/create-observer.ts';
import { LogFiles } from '../../../src/training/log/log-files.ts';
import { LogCopies } from '../../../src/training/log/machine-logs.ts';
import { RunControl } from '../../../src/training/run-control.ts';
import { RunMonitor } from '../../../src/training/run-monitor.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NOW, sampleCheckpoint, sampleRun, sampleSpec } from '../../support/samples.ts';
import { refusal, ScriptedMachine } from '../../support/scripted-machine.ts';

const S3 = { durable: 's3://bucket/runs', webhook: 'https://example.org/hook', holdSeconds: 0 };
const EXIT = { code: 0, signal: null, ended: NOW / 1000 - 60, phase: 'command', stop: null } as const;

let files: LedgerFiles;
let ledger: Ledger;
let clock: FakeClock;
let machine: ScriptedMachine;
let monitor: RunMonitor;
let control: RunControl;
let results: ResultFiles;
let fetched: FetchPathRequest[];
/** What the next downloads do. */
let fetch: (request: FetchPathRequest) => Promise<void>;

async function open(): Promise<void> {
  files = new LedgerFiles();
  clock = new FakeClock(NOW);
  ledger = await files.open({ clock });
  machine = new ScriptedMachine();
  fetched = [];
  fetch = async ({ source, destination }) => writeFile(destination, await readFile(source));
  machine.provider.fetcher = {
    fetch: (request) => {
      fetched.push(request);
      return fetch(request);
    },
  };
  results = new ResultFiles(join(files.folder, 'results'));
  const code = new CodeKeeper(files.folder);
  const logs = new LogFiles(files.folder);
  control = new RunControl({ ledger, registry: machine.registry, code, logs, results, clock });
  monitor = newMonitor();
}

function newMonitor(): RunMonitor {
  const { registry } = machine;
  const settler = new CheckpointSettler(ledger, registry, clock);
  return new RunMonitor({
    ledger,
    registry,
    clock,
    logger: NULL_LOGGER,
    mayWatch: () => true,
    settler,
    saver: new WindowSaver({ ledger, clock, files: results, settler }),
    observe: (run, on, guard) =>
      createObserver(run, on, { ledger, clock, logger: NULL_LOGGER, guard, copies: new LogCopies({ clock, logger: NULL_LOGGER }) }),
  });
}

async function close(): Promise<void> {
  monitor.dispose();
  await monitor.settled();
  await files.dispose();
}

async function insert(after: Run['spec']['after'], changes: Partial<Run> = {}): Promise<Run> {
  const spec = sampleSpec({ checkpointDirectory: join(files.folder, 'checkpoints'), after });
  const ended = { state: 'succeeded', stateSince: NOW - 60_000, endedAt: NOW - 60_000 } as const;
  const run = sampleRun({ spec, logPath: null, ...ended, ...changes });
  await ledger.runs.insert(run);
  return run;
}

const says = ({ id }: Run, status: Partial<RunStatus>): void =>
  void machine.statuses.set(id, { id, state: 'ended', exit: EXIT, orphans: 0, ...status });

const saysAfter = (run: Run, after: Partial<AfterStatus>): void =>
  says(run, { after: { state: 'saving', saved: [], tries: 0, ...after } });

const afterOf = async ({ id }: Run): Promise<RunAfter | null | undefined> =>
  (await ledger.runs.get(id))?.after;

const kinds = async ({ id }: Run): Promise<string[]> =>
  (await ledger.events.list(id)).map(({ kind }) => kind).filter((kind) => kind !== 'state');

const looks = (): number => machine.asked.filter((line) => line.startsWith('status')).length;

/** Lets `ms` pass, and whatever that sets off end. */
async function pass(ms: number): Promise<void> {
  await clock.advance(ms);
  await monitor.settled();
}

async function checkpoint(run: Run, name: string, step: number): Promise<string> {
  const folder = run.spec.checkpointDirectory;
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeFile(path, `weights of step ${step}`);
  await utimes(path, NOW / 1000 - 90, NOW / 1000 - 90);
  const { size } = await stat(path);
  const known = await ledger.checkpoints.list(run.id);
  const found = sampleCheckpoint({ path, size, step, modifiedAt: NOW - 90_000, complete: true, marks: [] });
  await ledger.checkpoints.replace(run.id, [...known, found]);
  return path;
}

describe('what a machine is asked to do after a run', () => {
  const run = sampleRun({ provider: 'ssh', spec: sampleSpec({ after: S3 }) });
  const secrets = { AWS_ACCESS_KEY_ID: 'id' };

  it('is all of it for a bucket, with credentials of the place and no action on a machine of one’s own', () => {
    assert.deepEqual(agentAfter(run, secrets).after, {
      checkpoints: '/work/project/checkpoints',
      durable: 's3://bucket/runs',
      secrets,
      webhook: 'https://example.org/hook',
      holdSeconds: null,
      action: [],
      saveLimitSeconds: 21_600,
    });
  });

  it('is the webhook alone, without any credentials, when results come to this host', () => {
    const here = { ...run, spec: { ...run.spec, after: { ...S3, durable: 'window' } } };
    const { after } = agentAfter(here, secrets);
    assert.deepEqual([after?.durable, after?.secrets, after?.webhook], [null, {}, S3.webhook]);
    const silent = { ...run, spec: { ...run.spec, after: { ...S3, durable: 'window', webhook: null } } };
    assert.deepEqual(agentAfter(silent, secrets), {});
  });
});

describe('results that a machine saves', () => {
  beforeEach(open);
  afterEach(close);

  it('are followed to their end, also by a window opened later, and told once', async () => {
    const run = await insert(S3);
    const path = await checkpoint(run, 'step-2.ckpt', 2);
    const { size } = await stat(path);
    saysAfter(run, { state: 'saving' });
    await monitor.wake();
    assert.equal((await afterOf(run))?.state, 'saving');
    monitor.dispose();
    await monitor.settled();
    monitor = newMonitor();
    await monitor.wake();
    const saved = [{ name: 'log', bytes: 7 }, { name: 'checkpoints/step-2.ckpt', bytes: size }];
    const place = `s3://bucket/runs/${run.id}`;
    saysAfter(run, { state: 'calling', place, saved });
    await pass(10_000);
    saysAfter(run, { state: 'done', place, saved, webhook: 'failed' });
    await pass(20_000);
    assert.deepEqual(await afterOf(run), { state: 'done', saved, place, error: null, webhook: 'failed' });
    assert.deepEqual(await kinds(run), ['saved', 'webhook']);
    const [known] = await ledger.checkpoints.list(run.id);
    assert.equal(known?.durable, `${place}/checkpoints/step-2.ckpt`);
    const before = looks();
    await pass(600_000);
    assert.deepEqual([looks(), clock.pending], [before, 0], 'what is done is left alone');
  });

  it('say why they are not saved, and are saved again with fresh credentials', async () => {
    const run = await insert(S3);
    saysAfter(run, { state: 'done', error: 'AccessDenied', webhook: 'sent' });
    await monitor.wake();
    assert.deepEqual([(await afterOf(run))?.error, await kinds(run)], ['AccessDenied', ['not-saved', 'webhook']]);
    machine.answer = (verb) => {
      if (verb === 'save') saysAfter(run, { state: 'saving' });
      return undefined;
    };
    await control.saveAgain(run.id, { AWS_ACCESS_KEY_ID: 'new' });
    assert.deepEqual([(await afterOf(run))?.state, (await afterOf(run))?.error], ['saving', null]);
    const place = `s3://bucket/runs/${run.id}`;
    saysAfter(run, { state: 'done', place, saved: [{ name: 'log', bytes: 1 }], webhook: 'sent' });
    await monitor.wake();
    await pass(20_000);
    assert.equal((await afterOf(run))?.place, place);
  });

  it('cannot be saved again while their machine says no, and stay as they are', async () => {
    const run = await insert(S3, { after: { state: 'done', saved: [], place: null, error: 'x', webhook: null } });
    machine.answer = () => Promise.resolve(refusal('nowhere', run.id));
    await assert.rejects(control.saveAgain(run.id, {}), (error) => error instanceof MachineError && error.code === 'nowhere');
    assert.equal((await afterOf(run))?.error, 'x');
  });

  for (const [title, after] of [
    ['knows nothing of them', null],
    ['was restarted before it saved them', { state: 'lost', saved: [], tries: 0 } satisfies AfterStatus],
  ] as const) {
    it(`are not saved when the machine ${title}`, async () => {
      const run = await insert(S3);
      says(run, { state: 'lost', after });
      await monitor.wake();
      const { state, error } = (await afterOf(run)) ?? {};
      assert.equal(state, 'done');
      assert.match(error ?? '', /its machine/);
    });
  }

  it('are not asked for where nothing is wanted', async () => {
    await insert({ durable: null, webhook: null, holdSeconds: 0 });
    await monitor.wake();
    assert.deepEqual([looks(), clock.pending], [0, 0]);
  });
});

describe('results that come to this host', () => {
  const HERE = { durable: 'window', webhook: null, holdSeconds: 0 };

  beforeEach(open);
  afterEach(close);

  it('are the newest whole checkpoint, kept beside the run and marked', async () => {
    const run = await insert(HERE);
    await checkpoint(run, 'step-1.ckpt', 1);
    const newest = await checkpoint(run, 'step-2.ckpt', 2);
    says(run, {});
    await monitor.wake();
    const copy = results.copyOf(run.id, newest);
    assert.equal(await readFile(copy, 'utf8'), 'weights of step 2');
    assert.deepEqual(await afterOf(run), {
      state: 'done',
      saved: [{ name: basename(newest), bytes: 17 }],
      place: copy,
      error: null,
      webhook: null,
    });
    const durable = (await ledger.checkpoints.list(run.id)).map((item) => item.durable);
    assert.deepEqual(durable, [undefined, copy]);
    await pass(2000);
    assert.deepEqual([await kinds(run), fetched.length, clock.pending], [['saved'], 1, 0]);
    assert.deepEqual(await control.resultsOf(run.id), { place: results.placeOf(run.id), bytes: 17 });
  });

  it('are not another run’s: what was written over is passed by', async () => {
    const run = await insert(HERE);
    const first = await checkpoint(run, 'step-1.ckpt', 1);
    await writeFile(await checkpoint(run, 'step-2.ckpt', 2), 'of another run');
    says(run, {});
    await monitor.wake();
    assert.deepEqual(fetched.map(({ source }) => source), [first]);
  });

  it('are none when the run left no whole checkpoint', async () => {
    const run = await insert(HERE);
    says(run, {});
    await monitor.wake();
    assert.deepEqual([(await afterOf(run))?.state, (await afterOf(run))?.place], ['done', null]);
  });

  it('are tried again, less and less often, and at once when asked for', async () => {
    const run = await insert(HERE);
    await checkpoint(run, 'step-1.ckpt', 1);
    says(run, {});
    fetch = () => Promise.reject(new TransferError('disk-full', 'No room on this computer'));
    await monitor.wake();
    assert.deepEqual([(await afterOf(run))?.state, (await afterOf(run))?.error], ['waiting', 'No room on this computer']);
    const inTurn: number[] = [];
    for (const ms of [9000, 2000, 61_000, 301_000]) {
      await pass(ms);
      inTurn.push(fetched.length);
    }
    assert.deepEqual(inTurn, [1, 2, 3, 4]);
    assert.deepEqual(await kinds(run), ['not-saved'], 'told once');
    fetch = async ({ destination }) => writeFile(destination, '');
    await control.saveAgain(run.id, {});
    await monitor.wake();
    await pass(3000);
    assert.equal((await afterOf(run))?.state, 'done');
  });

  it('are left when the window goes in the middle, and fetched by the next', async () => {
    const run = await insert(HERE);
    await checkpoint(run, 'step-1.ckpt', 1);
    says(run, {});
    const really = fetch;
    fetch = ({ signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')));
        monitor.dispose();
      });
    await monitor.wake();
    assert.deepEqual([(await afterOf(run))?.state, (await afterOf(run))?.error], ['saving', null]);
    fetch = really;
    monitor = newMonitor();
    await monitor.wake();
    assert.equal((await afterOf(run))?.state, 'done');
  });

  it('are done only when the webhook is called, too, and are fetched once', async () => {
    const run = await insert({ ...HERE, webhook: 'https://example.org/' });
    await checkpoint(run, 'step-1.ckpt', 1);
    saysAfter(run, { state: 'calling' });
    await monitor.wake();
    assert.equal((await afterOf(run))?.state, 'calling');
    saysAfter(run, { state: 'done', webhook: 'sent' });
    await pass(20_000);
    assert.deepEqual([(await afterOf(run))?.state, (await afterOf(run))?.webhook], ['done', 'sent']);
    assert.equal(fetched.length, 1);
  });

  for (const wanted of [false, true]) {
    it(`${wanted ? 'go' : 'stay'} when the run is forgotten and that was ${wanted ? '' : 'not '}asked for`, async () => {
      const run = await insert(HERE);
      const path = await checkpoint(run, 'step-1.ckpt', 1);
      says(run, {});
      await monitor.wake();
      await control.forget(run.id, { results: wanted });
      const isThere = await stat(results.copyOf(run.id, path)).then(() => true, () => false);
      assert.equal(isThere, !wanted);
    });
  }
});

describe('checkpoints in the durable place', () => {
  it('are known by name and size; what differs stays unmarked', () => {
    const one = sampleCheckpoint({ path: '/c/a/step-1.pt', size: 10 });
    const other = sampleCheckpoint({ path: '/c/step-2', kind: 'directory', size: 20 });
    const found = (name: string, bytes: number): string[] =>
      copiesIn({ saved: [{ name, bytes }] }, [one, other]).map(({ checkpoint: item }) => item.path);
    assert.deepEqual(found('checkpoints/a/step-1.pt', 10), [one.path]);
    assert.deepEqual(found('checkpoints/step-2', 20), [other.path]);
    assert.deepEqual(found('checkpoints/step-2/', 20), [other.path]);
    assert.deepEqual(found('checkpoints/step-2', 19), []);
    assert.deepEqual(found('checkpoints/ep-2', 20), []);
    assert.deepEqual(found('log', 10), []);
  });

  it('lose their mark when the path is written over', async () => {
    await open();
    const run = await insert(S3);
    const path = await checkpoint(run, 'step-1.ckpt', 1);
    const [known] = await ledger.checkpoints.list(run.id);
    assert.ok(known);
    await ledger.checkpoints.addCopy(run.id, known, 's3://b/x', NOW);
    await ledger.checkpoints.replace(run.id, [known]);
    assert.equal((await ledger.checkpoints.list(run.id))[0]?.durable, 's3://b/x');
    await ledger.checkpoints.replace(run.id, [{ ...known, size: known.size + 1 }]);
    assert.equal((await ledger.checkpoints.list(run.id))[0]?.durable, undefined);
    await rm(path);
    await close();
  });
});
