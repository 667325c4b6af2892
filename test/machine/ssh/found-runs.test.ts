import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { CancelledError } from '../../../src/core/errors.ts';
import type { Run } from '../../../src/core/model/run.ts';
import type { Engine } from '../../../src/engine.ts';
import { untilRun } from '../../support/engine.ts';
import { until } from '../../support/proc.ts';
import { EngineLab } from '../../support/ssh/engine-lab.ts';

describe('a run that another computer started over SSH', function () {
  this.timeout(120_000);
  let first: EngineLab;
  let second: EngineLab;
  let engine: Engine;
  let other: Engine;

  beforeEach(async () => {
    first = await EngineLab.create();
    second = await EngineLab.createBeside(first);
    engine = await first.startPrepared();
  });

  afterEach(async () => {
    await second.dispose();
    await first.dispose();
  });

  async function foundBy(finder: Engine, id: string): Promise<Run> {
    const view = await untilRun(finder, id, 'found', () => true);
    return view.run;
  }

  it('is found, marked, asked about before it is stopped, and the own one once adopted', async () => {
    const asked: string[] = [];
    second.bed.agree = (run, act) => {
      asked.push(`${act} ${run.starter?.host ?? '?'}`);
      return Promise.resolve(false);
    };
    const { id } = await engine.launcher.launch(first.plan('sleep', '600'), { secrets: {} });
    other = await second.startPrepared();
    const found = await foundBy(other, id);
    assert.notEqual(found.foundAt, null);
    assert.equal(found.starter?.host, hostname());
    assert.equal((await engine.ledger.runs.get(id))?.foundAt, null);

    await untilRun(other, id, 'running', ({ run }) => run.state === 'running');
    await assert.rejects(other.control.stop(id), CancelledError);
    assert.deepEqual(asked, [`stop ${hostname()}`]);
    await untilRun(engine, id, 'running', ({ run }) => run.state === 'running');

    assert.equal(await other.found.adopt(found), true);
    await untilRun(other, id, 'adopted', ({ run }) => run.foundAt === null);
    await other.control.stop(id, 0);
    await untilRun(other, id, 'stopped', ({ run }) => run.state === 'stopped' || run.state === 'failed');
    assert.equal(asked.length, 1, 'nothing is asked of an adopted one');
  });

  it('tells which files of a folder without git are not what was sent', async () => {
    await first.write('train', 'one');
    const run = await engine.launcher.launch(first.plan('true'), { secrets: {} });
    assert.equal(await engine.code.listNow(run, engine.ssh?.reader), '');
    await first.write('train', 'two');
    assert.match(await engine.code.listNow(run, engine.ssh?.reader), /^M train$/m);
    await untilRun(engine, run.id, 'over', (view) => view.run.endedAt !== null);
  });

  it('is one of its own again for the computer whose ledger was lost', async () => {
    const { id } = await engine.launcher.launch(first.plan('sleep', '600'), { secrets: {} });
    await engine.close();
    await rm(join(first.bed.storage, 'ledger.sqlite'));
    const again = await first.startPrepared();
    assert.equal((await foundBy(again, id)).foundAt, null);
    await again.control.stop(id, 0);
    await untilRun(again, id, 'over', ({ run }) => run.endedAt !== null);
  });

  it('brings its checkpoint to this computer only after it is adopted', async () => {
    const plan = first.plan('sh', '-c', 'mkdir -p checkpoints && echo whole > checkpoints/step-1.ckpt');
    const after = { ...plan.spec.after, durable: 'window' };
    // The first computer goes away at once: it never brings anything home.
    const { id } = await engine.launcher.launch({ ...plan, spec: { ...plan.spec, after } }, { secrets: {} });
    await engine.close();
    other = await second.startPrepared();
    const seen = await untilRun(
      other,
      id,
      'over with its checkpoint whole',
      ({ run, checkpoints }) => run.state === 'succeeded' && checkpoints.some(({ complete }) => complete),
    );
    assert.equal(seen.run.after, null);
    assert.equal(await other.control.resultsOf(id), null);
    await other.found.adopt(seen.run);
    const saved = await untilRun(other, id, 'saved here', ({ run }) => run.after?.state === 'done');
    assert.equal(saved.run.after?.error, null);
    const place = saved.run.after.place ?? '';
    const text = await until('the copy', () => readFile(place, 'utf8').catch(() => undefined));
    assert.equal(text, 'whole\n');
  });
});
