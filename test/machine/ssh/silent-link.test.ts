import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { untilRun } from '../../support/engine.ts';
import { until } from '../../support/proc.ts';
import {
  COUNTING,
  assertFetched,
  assertWhole,
  endTraining,
  launchThrough,
} from '../../support/ssh/counting-training.ts';
import { EngineLab } from '../../support/ssh/engine-lab.ts';
import { noise, snapshot } from '../../support/sync-bed.ts';

const MB = 1_000_000;
const SIZE = 12 * MB;
const FILES = 24;
/** Lost after four unanswered questions, one a second; the rest is for a busy host. */
const NOTICED_MS = 10_000;

describe('a link that falls silent and is not closed', function () {
  this.timeout(90_000);
  let lab: EngineLab;
  beforeEach(async () => {
    const rate = { bandwidthUp: 5 * MB, bandwidthDown: 5 * MB };
    lab = await EngineLab.create({}, rate, ['ServerAliveInterval 1', 'ConnectTimeout 2']);
    await lab.write('train.py', COUNTING);
  });
  afterEach(() => lab.dispose());

  it('(while code is sent) is noticed, and what had arrived is not sent again', async () => {
    const engine = await lab.startPrepared();
    for (let at = 0; at < FILES; at += 1) {
      await lab.write(`part${at}.bin`, noise(SIZE / FILES, at));
    }
    const wanted = await snapshot(lab.source);
    wanted.set('checkpoints', 'link ../keep/checkpoints');
    const before = lab.proxy.counts.bytesUp;
    const launching = launchThrough(engine, lab);
    await silence(() => lab.proxy.counts.bytesUp - before > SIZE / 2);
    const run = await launching;
    const sent = lab.proxy.counts.bytesUp - before;
    // What was under way in the link is lost with it.
    assert.ok(sent < 1.5 * SIZE, `${sent} bytes for ${SIZE}`);
    assert.ok(run.spec.place);
    assert.deepEqual(await snapshot(run.spec.place.tree), wanted);
    await lab.untilLogged(run.id, 'it trains', (log) => log.includes('step=101 '));
    await endTraining(engine, run);
    await assertWhole(engine, lab, run);
    assert.deepEqual(lab.runsThere(), [run.id]);
  });

  it('(while a log is followed) is noticed, and every line comes once', async () => {
    const engine = await lab.startPrepared();
    const run = await launchThrough(engine, lab);
    await untilRun(engine, run.id, 'at step 50', (view) => (view.progress?.step ?? 0) >= 50);
    await silence(() => true);
    const steps = lab.logThere(run.id).toString().split('\n').length;
    await untilRun(engine, run.id, 'back', (view) => (view.progress?.step ?? 0) > steps);
    await endTraining(engine, run);
    await assertWhole(engine, lab, run);
  });

  it('(while a folder is brought) is noticed, and what was here is not brought again', async () => {
    const engine = await lab.startPrepared();
    const folder = join(lab.machine.home, 'results');
    await mkdir(folder);
    await writeFile(join(folder, 'big.bin'), noise(SIZE, 7));
    const before = lab.proxy.counts.bytesDown;
    const fetching = assertFetched(engine, lab, folder);
    await silence(() => lab.proxy.counts.bytesDown - before > SIZE / 2);
    await fetching;
    const brought = lab.proxy.counts.bytesDown - before;
    assert.ok(brought < 1.5 * SIZE, `${brought} bytes for ${SIZE}`);
  });

  /** Silences the link at a moment, and lets it speak when the connection was given up. */
  async function silence(at: () => boolean): Promise<void> {
    await until('it is the moment', () => Promise.resolve(at() ? true : undefined));
    const { connections } = lab.proxy.counts;
    assert.ok(lab.proxy.open > 0);
    lab.proxy.silence(true);
    const began = performance.now();
    await until('the silence is noticed', () => {
      const isNoticed = lab.proxy.open === 0 || lab.proxy.counts.connections > connections;
      return Promise.resolve(isNoticed ? true : undefined);
    });
    const ms = performance.now() - began;
    assert.ok(ms > 2000 && ms < NOTICED_MS, `${ms} ms`);
    lab.proxy.silence(false);
  }
});
