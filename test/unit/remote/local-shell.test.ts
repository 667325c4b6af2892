import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { CancelledError, MachineError } from '../../../src/core/errors.ts';
import { LocalShell } from '../../../src/remote/local-shell.ts';
import { isRunning, until } from '../../support/proc.ts';

/** Waits for grandchildren, which hold the pipes after the shell was killed. */
const HOLDER = 'echo $$ >"$0"; x=$(sleep 5 | cat)';

describe('the local shell', function () {
  this.timeout(10_000);
  const shell = new LocalShell();
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runctl-shell-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  function readPid(): Promise<number> {
    return until('it began', async () => {
      const text = (await shell.get(join(folder, 'pid')))?.toString() ?? '';
      return text.endsWith('\n') ? Number(text) : undefined;
    });
  }

  it('hands over input, output, complaints and exit code', async () => {
    const argv = ['sh', '-c', 'cat; echo "$1" >&2; exit 3', 'sh', 'a b'];
    const { code, signal, stdout, stderr } = await shell.exec(argv, {
      stdin: 'in',
      timeoutMs: 9000,
    });
    assert.deepEqual([code, signal, stdout.toString(), stderr], [3, null, 'in', 'a b\n']);
  });

  it('streams more than fits into any buffer through a program', async () => {
    const { stdin, stdout, stderr, done } = await shell.start(['sh', '-c', 'cat; exit 4']);
    stderr.resume();
    const block = Buffer.alloc(1024 * 1024, 'x');
    const sent = (async () => {
      for (let count = 0; count < 8; count += 1) {
        if (!stdin.write(block)) await once(stdin, 'drain');
      }
      stdin.end();
    })();
    let got = 0;
    for await (const chunk of stdout) got += (chunk as Buffer).length;
    await sent;
    assert.equal(got, 8 * block.length);
    assert.deepEqual(await done, { code: 4, signal: null });
  });

  it('ends a streaming program when asked to', async () => {
    const abort = new AbortController();
    const program = await shell.start(['sh', '-c', 'echo $$ >"$0"; exec sleep 60', join(folder, 'pid')], abort.signal);
    const pid = await readPid();
    abort.abort();
    await assert.rejects(program.done, CancelledError);
    await until('it has ended', () => Promise.resolve(isRunning(pid) ? undefined : true));
  });

  it('refuses to start a program that is not there', async () => {
    await assert.rejects(
      shell.start([join(folder, 'none')]),
      (error) => error instanceof MachineError && error.code === 'exec-failed',
    );
  });

  it('names the signal of a program that was ended', async () => {
    const { code, signal } = await shell.exec(['sh', '-c', 'kill -KILL $$']);
    assert.deepEqual([code, signal], [null, 'SIGKILL']);
  });

  it('fails at the time limit although a grandchild holds the pipes', async () => {
    const began = performance.now();
    await assert.rejects(
      shell.exec(['sh', '-c', HOLDER, join(folder, 'pid')], { timeoutMs: 300 }),
      (error) =>
        error instanceof MachineError && error.code === 'timeout' && error.message.startsWith("sh did"),
    );
    assert.ok(performance.now() - began < 3000);
  });

  it('ends the program itself at the time limit, also one that ignores TERM', async () => {
    const program = 'trap "" TERM; echo $$ >"$0"; while :; do sleep 0.1; done';
    const exec = shell.exec(['sh', '-c', program, join(folder, 'pid')], { timeoutMs: 1000 });
    const pid = await readPid();
    assert.ok(isRunning(pid));
    await assert.rejects(exec, MachineError);
    await until('it was ended', () => Promise.resolve(isRunning(pid) ? undefined : true));
  });

  it('gives up at once when cancelled, before and during the run', async () => {
    await assert.rejects(
      shell.exec(['sleep', '5'], { signal: AbortSignal.abort() }),
      CancelledError,
    );
    const controller = new AbortController();
    const began = performance.now();
    const exec = shell.exec(['sh', '-c', HOLDER, join(folder, 'pid')], {
      signal: controller.signal,
    });
    const pid = await readPid();
    controller.abort();
    await assert.rejects(exec, CancelledError);
    assert.ok(performance.now() - began < 3000);
    await until('it was ended', () => Promise.resolve(isRunning(pid) ? undefined : true));
  });

  it('says which program cannot be run', async () => {
    await assert.rejects(
      shell.exec(['no-such-program'], { timeoutMs: 9000 }),
      (error) =>
        error instanceof MachineError &&
        error.code === 'exec-failed' &&
        error.message.includes('no-such-program'),
    );
  });
});
