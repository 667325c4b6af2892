import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { MachineError } from '../../../src/core/errors.ts';
import type { AfterStatus } from '../../../src/remote/agent/agent-answers.ts';
import { agentAfter } from '../../../src/training/after/agent-after.ts';
import { copiesIn } from '../../../src/training/after/note-copies.ts';
import { AfterBed } from '../../support/after-bed.ts';
import { NOW, sampleCheckpoint, sampleRun, sampleSpec } from '../../support/samples.ts';
import { refusal } from '../../support/scripted-machine.ts';

const S3 = { durable: 's3://bucket/runs', webhook: 'https://example.org/hook', holdSeconds: 0 };

let bed: AfterBed;

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
  beforeEach(async () => void (bed = await AfterBed.open()));
  afterEach(() => bed.close());

  it('are followed to their end, also by a window opened later, and told once', async () => {
    const run = await bed.insert(S3);
    const path = await bed.checkpoint(run, 'step-2.ckpt', 2);
    const { size } = await stat(path);
    bed.saysAfter(run, { state: 'saving' });
    await bed.monitor.wake();
    assert.equal((await bed.afterOf(run))?.state, 'saving');
    bed.monitor.dispose();
    await bed.monitor.settled();
    bed.newMonitor();
    await bed.monitor.wake();
    const saved = [{ name: 'log', bytes: 7 }, { name: 'checkpoints/step-2.ckpt', bytes: size }];
    const place = `s3://bucket/runs/${run.id}`;
    bed.saysAfter(run, { state: 'calling', place, saved });
    await bed.pass(10_000);
    bed.saysAfter(run, { state: 'done', place, saved, webhook: 'failed' });
    await bed.pass(20_000);
    assert.deepEqual(await bed.afterOf(run), { state: 'done', saved, place, error: null, webhook: 'failed' });
    assert.deepEqual(await bed.kinds(run), ['saved', 'webhook']);
    const [known] = await bed.ledger.checkpoints.list(run.id);
    assert.equal(known?.durable, `${place}/checkpoints/step-2.ckpt`);
    const before = bed.looks;
    await bed.pass(600_000);
    assert.deepEqual([bed.looks, bed.clock.pending], [before, 0], 'what is done is left alone');
  });

  it('say why they are not saved, and are saved again with fresh credentials', async () => {
    const run = await bed.insert(S3);
    bed.saysAfter(run, { state: 'saving', error: 'AccessDenied' });
    await bed.monitor.wake();
    assert.deepEqual(await bed.kinds(run), [], 'another way is being tried');
    bed.saysAfter(run, { state: 'done', error: 'AccessDenied', webhook: 'sent' });
    await bed.pass(2000);
    assert.deepEqual([(await bed.afterOf(run))?.error, await bed.kinds(run)], ['AccessDenied', ['not-saved', 'webhook']]);
    bed.machine.answer = (verb) => {
      if (verb === 'save') bed.saysAfter(run, { state: 'saving' });
      return undefined;
    };
    await bed.control.saveAgain(run.id, { AWS_ACCESS_KEY_ID: 'new' });
    assert.deepEqual([(await bed.afterOf(run))?.state, (await bed.afterOf(run))?.error], ['saving', null]);
    const place = `s3://bucket/runs/${run.id}`;
    bed.saysAfter(run, { state: 'done', place, saved: [{ name: 'log', bytes: 1 }], webhook: 'sent' });
    await bed.monitor.wake();
    await bed.pass(20_000);
    assert.equal((await bed.afterOf(run))?.place, place);
  });

  it('cannot be saved again while their machine says no, and stay as they are', async () => {
    const run = await bed.insert(S3, { after: { state: 'done', saved: [], place: null, error: 'x', webhook: null } });
    bed.machine.answer = () => Promise.resolve(refusal('nowhere', run.id));
    await assert.rejects(bed.control.saveAgain(run.id, {}), (error) => error instanceof MachineError && error.code === 'nowhere');
    assert.equal((await bed.afterOf(run))?.error, 'x');
  });

  for (const [title, after] of [
    ['knows nothing of them', null],
    ['was restarted before it saved them', { state: 'lost', saved: [], tries: 0 } satisfies AfterStatus],
  ] as const) {
    it(`are not saved when the machine ${title}`, async () => {
      const run = await bed.insert(S3);
      bed.says(run, { state: 'lost', after });
      await bed.monitor.wake();
      const { state, error } = (await bed.afterOf(run)) ?? {};
      assert.equal(state, 'done');
      assert.match(error ?? '', /its machine/);
    });
  }

  it('keep their machine for a look, until a moment that each look tells alike and an extension moves', async () => {
    const run = await bed.insert(S3);
    const saved = [{ name: 'log', bytes: 1 }];
    const place = `s3://bucket/runs/${run.id}`;
    const holding = (left: number): void => bed.saysAfter(run, { state: 'holding', place, saved, left });
    holding(600);
    await bed.monitor.wake();
    const first = await bed.afterOf(run);
    assert.deepEqual([first?.state, first?.heldUntil], ['holding', bed.clock.now() + 600_000]);
    await bed.clock.advance(300);
    holding(599);
    await bed.pass(1000);
    assert.equal((await bed.afterOf(run))?.heldUntil, first?.heldUntil);
    bed.machine.answer = (verb) => {
      if (verb === 'extend') holding(4200);
      return undefined;
    };
    await bed.control.extend(run.id, 4200);
    assert.equal((await bed.afterOf(run))?.heldUntil, bed.clock.now() + 4_200_000);
    bed.saysAfter(run, { state: 'acting', place, saved });
    await bed.pass(20_000);
    const last = await bed.afterOf(run);
    assert.deepEqual([last?.state, last?.heldUntil], ['acting', undefined]);
    bed.saysAfter(run, { state: 'done', place, saved });
    await bed.pass(20_000);
  });

  it('are not asked for where nothing is wanted', async () => {
    await bed.insert({ durable: null, webhook: null, holdSeconds: 0 });
    await bed.monitor.wake();
    assert.deepEqual([bed.looks, bed.clock.pending], [0, 0]);
  });
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
    bed = await AfterBed.open();
    const run = await bed.insert(S3);
    await bed.checkpoint(run, 'step-1.ckpt', 1);
    const [known] = await bed.ledger.checkpoints.list(run.id);
    assert.ok(known);
    await bed.ledger.checkpoints.addCopy(run.id, known, 's3://b/x', NOW);
    await bed.ledger.checkpoints.replace(run.id, [known]);
    assert.equal((await bed.ledger.checkpoints.list(run.id))[0]?.durable, 's3://b/x');
    await bed.ledger.checkpoints.replace(run.id, [{ ...known, size: known.size + 1 }]);
    assert.equal((await bed.ledger.checkpoints.list(run.id))[0]?.durable, undefined);
    await bed.close();
  });
});
