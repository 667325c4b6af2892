import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'mocha';
import { SystemClock } from '../../../src/core/clock.ts';

describe('SystemClock', () => {
  const clock = new SystemClock();

  it('tells the wall clock', () => {
    const before = Date.now();
    const now = clock.now();
    assert.ok(now >= before && now <= Date.now());
  });

  it('shares its monotonic time with the other processes of this host', () => {
    const script = 'console.log(Number(process.hrtime.bigint() / 1000000n))';
    const before = clock.monotonic();
    const there = Number(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' }));
    assert.ok(there >= before && there <= clock.monotonic());
  });

  it('sleeps longer than a timer of Node can count', async () => {
    const controller = new AbortController();
    const sleep = clock.sleep(2 ** 31 + 1000, controller.signal);
    const early = await Promise.race([sleep.then(() => true), clock.sleep(30).then(() => false)]);
    assert.equal(early, false);
    const reason = new Error('enough');
    controller.abort(reason);
    await assert.rejects(sleep, reason);
  });

  it('sleeps no shorter than asked', async () => {
    const before = clock.monotonic();
    await clock.sleep(20);
    // Timers of Node may fire up to 1 ms early by this clock's rounding.
    assert.ok(clock.monotonic() - before >= 19);
  });

  it('wakes at once when aborted, with the reason', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const sleep = clock.sleep(3_600_000, controller.signal);
    controller.abort(reason);
    await assert.rejects(sleep, reason);
    await assert.rejects(clock.sleep(3_600_000, controller.signal), reason);
  });

  it('gives an error even for an abort without one', async () => {
    const signal = AbortSignal.abort('text');
    await assert.rejects(clock.sleep(1, signal), (error: Error) => error.cause === 'text');
  });

  it('leaves no listener on the signal behind', async () => {
    const controller = new AbortController();
    let added = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      added++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      added--;
      remove(...args);
    };
    await clock.sleep(1, signal);
    assert.equal(added, 0);
  });

  it('calls back until told to stop', async () => {
    let calls = 0;
    const { promise, resolve } = deferred();
    const stop = clock.every(1, () => {
      calls++;
      if (calls === 2) {
        stop();
        resolve();
      }
    });
    // The period itself keeps no process alive, so the wait must.
    const alive = setTimeout(() => undefined, 5000);
    await promise;
    clearTimeout(alive);
    await clock.sleep(10);
    assert.equal(calls, 2);
  });

  it('never keeps the process alive with a period', () => {
    const file = JSON.stringify(new URL('../../../src/core/clock.ts', import.meta.url).href);
    const script = `const { SystemClock } = await import(${file});
      new SystemClock().every(3600000, () => undefined);`;
    const args = ['--input-type=module', '-e', script];
    execFileSync(process.execPath, args, { timeout: 20_000, stdio: 'ignore' });
  });
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
