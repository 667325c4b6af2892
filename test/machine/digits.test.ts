import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { watch, type FSWatcher } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';

const EXAMPLE = path.resolve(import.meta.dirname, '../../examples/digits');
const DEBIAN_PYTHON = '/usr/bin/python3';
const HAS_TORCH = spawnSync(DEBIAN_PYTHON, ['-c', 'import torch']).status === 0;

describe('The digits example', function () {
  this.timeout(60_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'runctl-digits-'));
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  it('learns: after eight epochs it reads at least 93 % of the test images', async () => {
    const { exit, lines } = await train(['--epochs', '8', '--checkpoint-dir', at('learns')]);
    assert.equal(exit, 0);
    assert.ok((metricsOf(lines).at(-1)?.['accuracy'] ?? 0) >= 0.93);
  });

  it('announces total_steps once and counts up to it in plain key=value lines', async () => {
    const { lines } = await train(['--epochs', '2', '--checkpoint-dir', at('metrics')]);
    const metrics = metricsOf(lines);
    assert.deepEqual(metrics[0], { total_steps: 90 });
    assert.equal(metrics.filter((line) => 'total_steps' in line).length, 1);
    const steps = metrics.slice(1);
    assert.deepEqual(
      steps.map((line) => line['step']),
      [10, 20, 30, 40, 45, 50, 60, 70, 80, 90, 90],
    );
    assert.deepEqual(Object.keys(steps[0] ?? {}), ['step', 'epoch', 'loss', 'lr']);
    assert.deepEqual(Object.keys(steps.at(-1) ?? {}), ['step', 'epoch', 'val_loss', 'accuracy']);
  });

  it('on TERM finishes its step, saves, says where, and ends with 143', async () => {
    const { exit, lines } = await train(stopped('term'), { stopAt: /^step=70 / });
    assert.equal(exit, 143);
    const name = await newestStep(at('term'));
    assert.equal(lines.at(-2), `saved ${at('term', name)}`);
    const step = Number(/^step-(\d{6})\.ckpt$/.exec(name)?.[1]);
    assert.equal(lines.at(-1), `stopped after step ${step} of 135`);
    const facts = await readJson(at('term', `${name}.json`));
    assert.deepEqual([facts['step'], facts['epoch'], facts['complete']], [step, 2, true]);
  });

  it('resumes from the middle of an epoch as if it had never stopped, bit for bit', async () => {
    await assertResumesExactly('python3', 'train.py', 'mid');
  });

  it('takes resume point and checkpoint folder from the environment', async () => {
    const whole = await train(['--epochs', '3', '--save-every', '1', '--checkpoint-dir', at('env')]);
    const env = {
      RUNCTL_CHECKPOINT_DIR: at('env-2'),
      RUNCTL_RESUME_FROM: at('env', 'step-000045.ckpt'),
    };
    const rest = await train(['--epochs', '3', '--save-every', '1'], { env });
    const [, ...resumed] = metricsOf(rest.lines);
    assert.deepEqual(resumed, metricsOf(whole.lines).filter((line) => (line['step'] ?? 0) > 45));
    await assertSameFile(at('env', 'final.ckpt'), at('env-2', 'final.ckpt'));
    await assertSameFile(at('env', 'best.ckpt'), at('env-2', 'best.ckpt'));
  });

  it('leaves only whole checkpoints behind when killed at any moment of a save', async () => {
    await mkdir(at('kill'));
    const args = ['--batch-size', '2000', '--save-every', '1', '--checkpoint-dir', at('kill')];
    for (const change of fc.sample(fc.integer({ min: 1, max: 16 }), { seed: 1, numRuns: 12 })) {
      await train(args, { killAt: { folder: at('kill'), change } });
      await assertAllWhole(at('kill'));
    }
  });

  it('never shows a half-written checkpoint under its name when the disk is full', async () => {
    const args = ['train.py', '--epochs', '1', '--checkpoint-dir', at('full')];
    // A limit on file sizes stands in for the full disk: a checkpoint has some 110 kB.
    const { exit } = await run('sh', ['-c', 'ulimit -f 20; exec python3 "$@"', 'sh', ...args]);
    assert.equal(exit, 1);
    assert.deepEqual(await readdir(at('full')), ['best.ckpt.tmp']);
  });

  it('leaves no facts rather than old ones when it cannot write those of a new best', async () => {
    const args = ['--epochs', '1', '--checkpoint-dir', at('facts')];
    await train(args);
    const old = await readFile(at('facts', 'best.ckpt'));
    await mkdir(at('facts', 'best.ckpt.json.tmp')); // in the way of the next facts
    const { exit } = await train([...args, '--seed', '2']);
    assert.equal(exit, 1);
    assert.ok(!(await readFile(at('facts', 'best.ckpt'))).equals(old));
    assert.ok(!(await readdir(at('facts'))).includes('best.ckpt.json'));
  });

  it('remembers over a resume which accuracy was the best', async () => {
    const options = ['--checkpoint-dir', at('best-2'), '--resume', at('best', 'final.ckpt')];
    await train(['--epochs', '2', '--checkpoint-dir', at('best')]);
    const { exit } = await train(['--epochs', '3', '--lr', '2', ...options]); // makes it worse
    assert.equal(exit, 0);
    const names = await readdir(at('best-2'));
    assert.deepEqual(names.sort(), ['final.ckpt', 'final.ckpt.json']);
  });

  it('refuses a checkpoint that does not fit, in one line and without a traceback', async () => {
    await mkdir(at('refuse'));
    await writeFile(at('refuse', 'torn.ckpt'), '{"step": 4');
    await train(['--epochs', '1', '--checkpoint-dir', at('refuse')]);
    const final = at('refuse', 'final.ckpt');
    const expected: [string[], RegExp][] = [
      [['--resume', at('refuse', 'gone.ckpt')], /^cannot resume: .*No such file/],
      [['--resume', at('refuse', 'torn.ckpt')], /^cannot resume: .*does not fit this training/],
      [['--resume', final, '--hidden', '8'], /^cannot resume: .*trained with --hidden 32/],
      [['--resume', final, '--batch-size', '8'], /^cannot resume: .*trained with --batch-size 32/],
    ];
    for (const [args, message] of expected) {
      const { exit, errors } = await train(args);
      assert.equal(exit, 1);
      assert.match(errors.trimEnd(), message);
      assert.ok(!errors.trimEnd().includes('\n'), errors);
    }
  });

  it('gives up with advice when the loss is no longer a number', async () => {
    const { exit, errors } = await train(['--lr', '1e300', '--checkpoint-dir', at('diverged')]);
    assert.equal(exit, 1);
    assert.match(errors, /^the loss is nan after step \d+: try a smaller --lr\n$/);
  });

  it('says how to go on when PyTorch is missing', async () => {
    await mkdir(at('no-torch'));
    await writeFile(at('no-torch', 'torch.py'), 'raise ImportError("hidden by the test")\n');
    const env = { PYTHONPATH: at('no-torch') };
    const { exit, errors } = await run('python3', ['train_torch.py'], { env });
    assert.equal(exit, 1);
    assert.match(errors, /^train_torch\.py needs PyTorch.*\nInstall it .*run train\.py/);
    assert.doesNotMatch(errors, /Traceback/);
  });

  const withTorch = HAS_TORCH ? it : it.skip;
  const reason = HAS_TORCH ? '' : ` (skipped: ${DEBIAN_PYTHON} has no PyTorch)`;

  withTorch(`tells the same story with PyTorch, resuming bit for bit${reason}`, async () => {
    const whole = await assertResumesExactly(DEBIAN_PYTHON, 'train_torch.py', 'torch');
    assert.equal(whole[0], 'using cpu');
    assert.ok((metricsOf(whole).at(-1)?.['accuracy'] ?? 0) > 0.9);
  });

  withTorch(`refuses a device that PyTorch does not have${reason}`, async () => {
    const env = { RUNCTL_DEVICE: 'abacus' };
    const { exit, errors } = await run(DEBIAN_PYTHON, ['train_torch.py'], { env });
    assert.equal(exit, 1);
    assert.match(errors, /^cannot compute on abacus: /);
  });

  function at(...names: string[]): string {
    return path.join(folder, ...names);
  }

  /** Three epochs of 45 steps, slow enough to be stopped in the middle of the second. */
  function stopped(name: string): string[] {
    return ['--epochs', '3', '--delay', '0.005', '--checkpoint-dir', at(name)];
  }

  /** Trains in one go, and again with a stop and a resume; returns the log of the first. */
  async function assertResumesExactly(
    python: string,
    script: string,
    name: string,
  ): Promise<string[]> {
    const env = { RUNCTL_DEVICE: 'cpu' };
    const wholeArgs = [script, '--epochs', '3', '--checkpoint-dir', at(`${name}-whole`)];
    const whole = await run(python, wholeArgs, { env });
    const args = [script, ...stopped(name)];
    const first = await run(python, args, { env, stopAt: /^step=60 / });
    assert.equal(first.exit, 143);
    const resume = at(name, await newestStep(at(name)));
    const second = await run(python, [...args, '--resume', resume], { env });
    assert.equal(second.exit, 0);
    const [total, ...rest] = metricsOf(second.lines);
    assert.deepEqual(total, { total_steps: 135 });
    assert.ok(rest.length > 0 && metricsOf(first.lines).length > 1);
    assert.deepEqual([...metricsOf(first.lines), ...rest], metricsOf(whole.lines));
    await assertSameFile(at(`${name}-whole`, 'final.ckpt'), at(name, 'final.ckpt'));
    await assertSameFile(at(`${name}-whole`, 'best.ckpt'), at(name, 'best.ckpt'));
    return whole.lines;
  }
});

interface Options {
  env?: Record<string, string>;
  /** TERM comes after the first line of output that matches. */
  stopAt?: RegExp;
  /** KILL comes at this change (counted from 1) to the files of a folder. */
  killAt?: { folder: string; change: number };
}

interface Outcome {
  exit: number | null;
  lines: string[];
  errors: string;
}

function train(args: string[], options: Options = {}): Promise<Outcome> {
  return run('python3', ['train.py', ...args], options);
}

async function run(command: string, args: string[], options: Options = {}): Promise<Outcome> {
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('RUNCTL_'));
  const env = { ...Object.fromEntries(inherited), PYTHONDONTWRITEBYTECODE: '1', ...options.env };
  const child = spawn(command, args, { cwd: EXAMPLE, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const watcher = options.killAt && killAt(child, options.killAt);
  let output = '';
  let errors = '';
  let stopped = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (!stopped && linesOf(output).some((line) => options.stopAt?.test(line))) {
      stopped = child.kill('SIGTERM');
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [exit, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (...ending) => resolve(ending));
  });
  watcher?.close();
  assert.equal(stopped, options.stopAt !== undefined, `it was not stopped:\n${output}${errors}`);
  assert.equal(signal, options.killAt ? 'SIGKILL' : null, `${output}${errors}`);
  return { exit, lines: linesOf(output), errors };
}

function killAt(child: ChildProcess, at: { folder: string; change: number }): FSWatcher {
  let changes = 0;
  return watch(at.folder, () => {
    changes += 1;
    if (changes === at.change) child.kill('SIGKILL');
  });
}

/** Whole lines only: what comes after the last newline may still grow. */
function linesOf(output: string): string[] {
  return output.split('\n').slice(0, -1);
}

function metricsOf(lines: string[]): Record<string, number>[] {
  const isMetrics = /^\w+=-?\d[\d.e-]*(?: \w+=-?\d[\d.e-]*)*$/;
  return lines
    .filter((line) => isMetrics.test(line))
    .map((line) => new URLSearchParams(line.replaceAll(' ', '&')))
    .map((pairs) => Object.fromEntries([...pairs].map(([key, value]) => [key, Number(value)])));
}

async function newestStep(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => /^step-\d+\.ckpt$/.test(name));
  return names.sort().at(-1) ?? assert.fail(`no checkpoint in ${folder}`);
}

async function assertAllWhole(folder: string): Promise<void> {
  const names = await readdir(folder);
  for (const name of names.filter((each) => !each.endsWith('.tmp'))) {
    assert.match(name, /^(?:step-\d{6}|best|final)\.ckpt(?:\.json)?$/);
    const content = await readJson(path.join(folder, name));
    if (name.endsWith('.json')) {
      const checkpoint = await readJson(path.join(folder, name.replace(/\.json$/, '')));
      assert.equal(content['complete'], true);
      assert.equal(content['step'], checkpoint['step'], `${name} speaks of another checkpoint`);
    }
  }
}

async function readJson(file: string): Promise<Record<string, unknown>> {
  const value: unknown = JSON.parse(await readFile(file, 'utf8'));
  assert.ok(typeof value === 'object' && value !== null);
  return Object.fromEntries(Object.entries(value));
}

async function assertSameFile(one: string, other: string): Promise<void> {
  assert.ok((await readFile(one)).equals(await readFile(other)), `${one} and ${other} differ`);
}
