import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { FakeClock } from '../../support/fake-clock.ts';

describe('FakeClock', () => {
  it('wakes sleepers in the order of their time, each at its own moment', async () => {
    const clock = new FakeClock();
    const start = clock.now();
    const woken: [string, number][] = [];
    const sleep = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms);
      woken.push([name, clock.now() - start]);
    };
    void sleep('late', 30);
    void sleep('early', 10);
    void sleep('early too', 10);
    await clock.advance(29);
    assert.deepEqual(woken, [
      ['early', 10],
      ['early too', 10],
    ]);
    await clock.advance(1);
    assert.deepEqual(woken.at(-1), ['late', 30]);
  });

  it('wakes what went to sleep while it was moving', async () => {
    const clock = new FakeClock();
    let rounds = 0;
    void (async () => {
      for (; rounds < 3; rounds++) {
        await clock.sleep(10);
      }
    })();
    await clock.advance(30);
    assert.equal(rounds, 3);
  });

  it('jumps without waking anyone', async () => {
    const clock = new FakeClock(1000);
    const before = clock.monotonic();
    let awake = false;
    void clock.sleep(10).then(() => (awake = true));
    clock.jump(-500);
    await clock.advance(9);
    assert.equal(awake, false);
    assert.equal(clock.now(), 509);
    assert.equal(clock.monotonic() - before, 9);
  });

  it('calls back every period until told to stop', async () => {
    const clock = new FakeClock();
    let calls = 0;
    const stop = clock.every(10, () => calls++);
    await clock.advance(35);
    assert.equal(calls, 3);
    stop();
    await clock.advance(100);
    assert.equal(calls, 3);
    assert.equal(clock.pending, 0);
  });

  it('ends a sleep with the reason of its signal', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const reason = new Error('enough');
    const sleep = clock.sleep(10, controller.signal);
    controller.abort(reason);
    await assert.rejects(sleep, reason);
    await assert.rejects(clock.sleep(10, controller.signal), reason);
    assert.equal(clock.pending, 0);
  });
});
