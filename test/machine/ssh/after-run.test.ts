import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { AfterSpec } from '../../../src/core/model/run-after.ts';
import type { Engine } from '../../../src/engine.ts';
import { storeSecrets } from '../../../src/storage/store-endpoints.ts';
import { isSaved } from '../../../src/training/after/after-state.ts';
import type { LaunchPlan } from '../../../src/training/launch-plan.ts';
import { S3Server } from '../../emulators/s3-server.ts';
import { ACCOUNT, BUCKET } from '../../support/after-machine.ts';
import { digitsPlan, untilRun } from '../../support/engine.ts';
import { EngineLab, LAB } from '../../support/ssh/engine-lab.ts';

describe('the results of a run on a machine reached by SSH', function () {
  this.timeout(180_000);
  let lab: EngineLab;
  let engine: Engine;

  beforeEach(async () => {
    lab = await EngineLab.create();
    engine = await lab.startPrepared();
  });
  afterEach(() => lab.dispose());

  /** The training of the project on that machine. */
  function plan(after: Partial<AfterSpec>, ...args: string[]): LaunchPlan {
    const digits = digitsPlan(lab.bed.project, ...args);
    const spec = { ...digits.spec, after: { durable: null, webhook: null, holdSeconds: 0, ...after } };
    return { ...digits, spec, provider: 'ssh', machine: LAB };
  }

  it('are on this computer when it was stopped, whole and marked, and stay when it is forgotten', async () => {
    const run = await engine.launcher.launch(plan({ durable: 'window' }, '--epochs', '200'), { secrets: {} });
    await untilRun(engine, run.id, 'with a checkpoint', (one) => one.checkpoints.some(({ complete }) => complete));
    await engine.control.stop(run.id);
    const view = await untilRun(engine, run.id, 'saved', (one) => one.run.after?.state === 'done', 90_000);
    const place = view.run.after?.place ?? '';
    const newest = view.checkpoints.find(({ marks }) => marks.includes('newest'));
    assert.ok(newest);
    assert.equal(view.run.after?.error, null);
    assert.equal(newest.durable, place);
    assert.equal(basename(place), basename(newest.path));
    assert.deepEqual(await readFile(place), await readFile(newest.path));
    await engine.control.forget(run.id);
    assert.equal((await stat(place)).size, newest.size);
  });

  it('are in the bucket by the machine itself, and marked', async () => {
    const server = await S3Server.start(BUCKET, ACCOUNT);
    try {
      const secrets = { AWS_ACCESS_KEY_ID: ACCOUNT.key, AWS_SECRET_ACCESS_KEY: ACCOUNT.secret };
      const store = storeSecrets(secrets, { endpoint: server.endpoint, region: 'us-east-1' });
      const durable = `s3://${BUCKET}/runs`;
      const run = await engine.launcher.launch(plan({ durable }, '--epochs', '2'), { secrets: {}, storeSecrets: store });
      const view = await untilRun(engine, run.id, 'saved', (one) => one.run.after?.state === 'done', 90_000);
      const { after } = view.run;
      assert.ok(isSaved(after), JSON.stringify(after));
      assert.equal(after.place, `${durable}/${run.id}`);
      const newest = view.checkpoints.find(({ marks }) => marks.includes('newest'));
      assert.ok(newest);
      assert.equal(newest.durable, `${after.place}/checkpoints/${basename(newest.path)}`);
      assert.ok(after.saved.some(({ name }) => name === 'log'));
      const stored = server.objects.get(`runs/${run.id}/checkpoints/${basename(newest.path)}`);
      assert.deepEqual(stored?.bytes, await readFile(newest.path));
      const record = await readFile(join(lab.machine.home, '.runctl', 'runs', run.id, 'run.json'), 'utf8');
      assert.ok(!record.includes(ACCOUNT.secret));
    } finally {
      await server.stop();
    }
  });
});
