import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import { afterEach, describe, it } from 'mocha';
import { writtenAt } from '../../../src/checkpoints/written-at.ts';
import { SystemClock } from '../../../src/core/clock.ts';
import type { Clock } from '../../../src/core/clock.ts';
import { RunctlError } from '../../../src/core/errors.ts';
import { isActive } from '../../../src/core/model/run.ts';
import type { Engine } from '../../../src/engine.ts';
import type { RunView } from '../../../src/resources/account-snapshot.ts';
import { untilRun } from '../../support/engine.ts';
import { until } from '../../support/proc.ts';
import { ScaledClock } from '../../support/scaled-clock.ts';
import { SOAK } from '../../support/soak.ts';
import { EngineLab, LAB } from '../../support/ssh/engine-lab.ts';
import { SshBed } from '../../support/ssh/ssh-bed.ts';
import type { SshBedOptions } from '../../support/ssh/ssh-bed.ts';
import { STOPPABLE, assertTrains } from '../../support/ssh/stoppable-training.ts';
import { noise } from '../../support/sync-bed.ts';
import { machineTools } from '../../support/sync-tools.ts';
import type { ToolSet } from '../../support/sync-tools.ts';
import { toolbox } from '../../support/toolbox.ts';

const HOUR_MS = 3_600_000;
/** Beside what a sync needs. */
const AGENT_TOOLS = ['bash', 'date', 'find', 'grep', 'od', 'sort', 'uname', 'nproc'];

/** As if the machine's clock were off the other way. */
class ShiftedClock extends SystemClock {
  private readonly ahead: number;

  constructor(ahead: number) {
    super();
    this.ahead = ahead;
  }

  override now(): number {
    return super.now() + this.ahead;
  }
}

// Prints until there is no space left, then fails in its own words.
const FILL = `
import os, sys
try:
    while True: os.write(1, b"x" * 4095 + b"\\n")
except OSError as error:
    sys.exit(7 if error.errno == 28 else 1)
`;

const LONG_MIB = SOAK ? 1024 : 64;
const LONG = LONG_MIB * 1024 * 1024;

const LONG_LINE = `
import os
piece = b'0123456789abcdef' * 4096
for _ in range(${LONG} // len(piece)):
    left = piece
    while left:
        left = left[os.write(1, left):]
os.write(1, b'\\nstep=1 loss=0.25\\n')
`;

describe('a machine that is not as others', function () {
  this.timeout(SOAK ? 600_000 : 120_000);
  let lab: EngineLab;
  const undo: (() => Promise<unknown>)[] = [];

  async function labOf(options: SshBedOptions = {}, clock?: Clock): Promise<Engine> {
    lab = await EngineLab.create(options);
    undo.push(() => lab.dispose());
    await lab.write('train.sh', STOPPABLE);
    await lab.write('data.bin', noise(100_000));
    return lab.start(undefined, clock);
  }

  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });

  async function tools(set: ToolSet, more: readonly string[] = []): Promise<string> {
    const made = await machineTools(set);
    undo.push(() => made.dispose());
    // The machine's user is another one.
    await chmod(made.path, 0o755);
    return toolbox(made.path, more);
  }

  const trains = (engine: Engine): Promise<void> => assertTrains(lab, engine);

  it('(no python) trains by shell, stops, and has log and checkpoints brought back', async () => {
    await trains(await labOf({ path: await tools('bash', [...AGENT_TOOLS, 'setsid']) }));
  });

  it('(busybox alone) trains by shell, stops, and has log and checkpoints brought back', async () => {
    await trains(await labOf({ path: await tools('busybox') }));
  });

  for (const [title, ahead] of [['an hour behind', HOUR_MS], ['an hour ahead', -HOUR_MS]] as const) {
    it(`(its clock ${title}) tells times by ours, and takes no checkpoint for old`, async () => {
      const clock = new ShiftedClock(ahead);
      const engine = await labOf({}, clock);
      const begun = clock.now();
      await trains(engine);
      const [run] = await engine.ledger.runs.list({});
      assert.ok(run?.startedAt != null && run.endedAt !== null);
      // The machine tells whole seconds.
      assert.ok(run.startedAt > begun - 2000 && run.startedAt < clock.now() + 2000);
      assert.ok(run.endedAt >= run.startedAt && run.endedAt < clock.now() + 2000);
      const written = (await engine.ledger.checkpoints.list(run.id)).map(writtenAt);
      assert.equal(written.length, 2);
      assert.ok(written.every((at) => at > begun - 2000 && at < clock.now() + 2000), String(written));
    });
  }

  it('(nothing to detach with) says what is missing and keeps no row', async () => {
    const engine = await labOf({ path: await tools('bash', AGENT_TOOLS) });
    await lab.prepare(engine);
    await refused(engine, 'no-detach', /setsid, perl and python3/);
  });

  it('(read-only home) says so, and keeps no row', async function () {
    if (!SshBed.isolated) this.skip(); // Nothing holds root back.
    const engine = await labOf();
    await lab.machine.readOnlyHome(true);
    await lab.prepare(engine);
    await refused(engine, 'denied', /does not let this user write there/);
  });

  it('(full disk) refuses a launch that does not fit, and keeps no row', async function () {
    const engine = await labOf();
    if (!(await mountHome('3m'))) this.skip(); // Only root can, and not in every container.
    await lab.prepare(engine);
    await lab.write('big.bin', noise(6_000_000));
    await refused(engine, 'disk-full', /disk/);
    await rm(join(lab.source, 'big.bin'));
    await trains(engine);
  });

  it('(full disk) does not hide how a run ended that filled it', async function () {
    const engine = await labOf();
    if (!(await mountHome('3m'))) this.skip(); // As above.
    await lab.prepare(engine);
    await lab.write('fill.py', FILL);
    const run = await engine.launcher.launch(lab.plan('python3', 'fill.py'), { secrets: {} });
    const { run: over } = await untilRun(engine, run.id, 'over', (one) => !isActive(one.run));
    assert.deepEqual([over.state, over.exitCode], ['failed', 7], over.stateReason);
    assert.ok(lab.logThere(run.id).length > 1_000_000);
    assert.deepEqual(await lab.logHere(run), lab.logThere(run.id));
    await engine.control.delete(run.id);
    await trains(engine);
  });

  it(`(${LONG_MIB} MiB without a newline) brings the log whole, in little memory`, async () => {
    const engine = await labOf();
    await lab.prepare(engine);
    await lab.write('long.py', LONG_LINE);
    const before = process.memoryUsage.rss();
    let peak = before;
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const began = performance.now();
    const sampler = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
    const run = await engine.launcher.launch(lab.plan('python3', 'long.py'), { secrets: {} });
    const isOver = (one: RunView): boolean => !isActive(one.run);
    const view = await untilRun(engine, run.id, 'over', isOver, SOAK ? 500_000 : 60_000);
    clearInterval(sampler);
    delay.disable();
    const seconds = (performance.now() - began) / 1000;
    assert.equal(view.run.state, 'succeeded', view.run.stateReason);
    assert.equal(view.latest['loss']?.value, 0.25);
    assert.equal(lab.logThere(run.id).length, LONG + 'step=1 loss=0.25\n'.length + 1);
    assert.equal(await blakeOf(run.logPath ?? ''), await blakeOf(lab.fileOf(run.id, 'log')));
    const grown = (peak - before) / 1024 / 1024;
    process.stdout.write(
      `      ${(LONG_MIB / seconds).toFixed(0)} MiB/s, ${grown.toFixed(0)} MiB more memory, ` +
        `event loop p99 ${(delay.percentile(99) / 1e6).toFixed(0)} ms\n`,
    );
    assert.ok(grown < (SOAK ? 256 : 100), `${grown.toFixed(0)} MiB more memory`);
  });

  it('(its host key changed) is refused with both fingerprints, and sent nothing', async () => {
    const engine = await labOf();
    await lab.prepare(engine);
    const old = fingerprint(await lab.machine.hostKey());
    await lab.machine.newHostKey();
    lab.proxy.cutAll();
    const now = fingerprint(await lab.machine.hostKey());
    const before = { ...lab.proxy.counts };
    const accepted = await logins();
    assert.ok(accepted > 0);
    await failsFast(engine, 'host-key-changed', (error) => {
      const text = JSON.stringify([error.message, error.steps, error.details]);
      assert.ok(text.includes(old) && text.includes(now), text);
    });
    assert.equal(lab.proxy.counts.connections - before.connections, 1);
    // It never came to a login.
    assert.equal(await logins(), accepted);
    assert.deepEqual(lab.runsThere(), []);
    await engine.inventory.refresh();
    assert.equal(engine.inventory.machine('ssh', LAB)?.trouble?.kind, 'host-key');
  });

  it('(its key is not ours any more) says so with the way out, and is not pestered', async () => {
    const engine = await labOf();
    await lab.prepare(engine);
    const { id } = await engine.launcher.launch(lab.plan('sh', 'train.sh'), { secrets: {} });
    await untilRun(engine, id, 'at step 5', (view) => (view.progress?.step ?? 0) >= 5);
    await engine.close();
    await lab.machine.allow(await lab.machine.publicKey(lab.machine.makeKey('another')));
    const clock = new ScaledClock();
    const next = await lab.start(undefined, clock);
    const before = lab.proxy.counts.connections;
    const began = clock.monotonic();
    await failsFast(next, 'auth-failed', (error) => {
      assert.equal(error.nextAction?.command, 'runctl.doctor');
    });
    await until('a minute has passed', () =>
      Promise.resolve(clock.monotonic() - began >= 60_000 ? true : undefined),
    );
    const tries = lab.proxy.counts.connections - before;
    assert.ok(tries >= 2 && tries <= 12, `${tries} connections in a minute`);
    const run = await next.ledger.runs.get(id);
    assert.equal(run?.state, 'running');
  });

  async function logins(): Promise<number> {
    return (await lab.machine.log()).split('Accepted publickey').length - 1;
  }

  async function failsFast(
    engine: Engine,
    code: string,
    check: (error: RunctlError) => void,
  ): Promise<void> {
    const began = performance.now();
    await assert.rejects(
      engine.launcher.launch(lab.plan('sh', 'train.sh'), { secrets: {} }),
      (error: unknown) => {
        assert.ok(error instanceof RunctlError, String(error));
        assert.equal(error.code, code, error.message);
        check(error);
        return true;
      },
    );
    assert.ok(performance.now() - began < 5000);
  }

  async function mountHome(size: string): Promise<boolean> {
    const { home } = lab.machine;
    if (!SshBed.isolated) return false;
    const options = `size=${size},uid=4242,gid=4242,mode=755`;
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', home]);
    if (status !== 0) return false;
    // Lazily, since a dying process may hold it.
    undo.push(() => Promise.resolve(spawnSync('umount', ['-l', home])));
    // It sees the mounts that were there when it began.
    await lab.machine.restart();
    return true;
  }

  async function refused(engine: Engine, code: string, message: RegExp): Promise<void> {
    const launch = engine.launcher.launch(lab.plan('sh', 'train.sh'), { secrets: {} });
    await assert.rejects(launch, (error: unknown) => {
      assert.ok(error instanceof RunctlError, String(error));
      assert.equal(error.code, code, `${error.code}: ${error.message}`);
      assert.match(error.message, message);
      return true;
    });
    assert.deepEqual(await engine.ledger.runs.list({}), []);
    assert.deepEqual(lab.runsThere(), []);
  }
});

function fingerprint(publicKey: string): string {
  const [, data = ''] = publicKey.split(' ');
  const hash = createHash('sha256').update(Buffer.from(data, 'base64')).digest('base64');
  return `SHA256:${hash.replace(/=+$/, '')}`;
}

async function blakeOf(path: string): Promise<string> {
  const hash = createHash('blake2b512');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
