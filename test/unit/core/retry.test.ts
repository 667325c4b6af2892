import assert from 'node:assert/strict';
import fc from 'fast-check';
import { beforeEach, describe, it } from 'mocha';
import { CancelledError, RetryableError, ValidationError } from '../../../src/core/errors.ts';
import { ExponentialBackoffPolicy, NoRetryPolicy } from '../../../src/core/retry.ts';
import type { AttemptContext } from '../../../src/core/retry.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const HOUR = 3_600_000;
const LIMITS = { attempts: 5, baseMs: 100, factor: 2, capMs: 30_000, retryAfterCapMs: 120_000 };

const reset = (): Error => Object.assign(new Error('reset'), { code: 'ECONNRESET' });

/** Fails a number of times, then returns `done`. */
function failing(times: number, error: () => unknown = reset) {
  const contexts: AttemptContext[] = [];
  const operation = async (context: AttemptContext): Promise<string> => {
    contexts.push(context);
    await Promise.resolve();
    if (contexts.length <= times) {
      throw error();
    }
    return 'done';
  };
  return { contexts, operation };
}

/** The outcome of a promise that must already be settled. */
async function settled<T>(promise: Promise<T>): Promise<PromiseSettledResult<T> | 'pending'> {
  const turn = new Promise<'pending'>((resolve) => setImmediate(() => resolve('pending')));
  return Promise.race([Promise.allSettled([promise]).then(([result]) => result), turn]);
}

describe('ExponentialBackoffPolicy', () => {
  let clock: FakeClock;

  beforeEach(() => {
    clock = new FakeClock();
  });

  const cloud = (random: () => number): ExponentialBackoffPolicy =>
    ExponentialBackoffPolicy.forCloudApi({ clock, random });

  it('returns the first success without a wait', async () => {
    const { operation, contexts } = failing(0);
    assert.equal(await cloud(() => 1).execute(operation), 'done');
    assert.deepEqual(
      contexts.map(({ attempt }) => attempt),
      [1],
    );
    assert.deepEqual(clock.sleeps, []);
  });

  it('doubles from 100 ms over 5 attempts for cloud calls', async () => {
    const { operation, contexts } = failing(4);
    const result = cloud(() => 1).execute(operation);
    await clock.advance(HOUR);
    assert.equal(await result, 'done');
    assert.deepEqual(clock.sleeps, [100, 200, 400, 800]);
    assert.deepEqual(
      contexts.map(({ attempt }) => attempt),
      [1, 2, 3, 4, 5],
    );
  });

  it('waits by the given clock only', async () => {
    const { operation, contexts } = failing(1);
    const result = cloud(() => 1).execute(operation);
    await clock.advance(99);
    assert.equal(contexts.length, 1);
    await clock.advance(1);
    assert.equal(contexts.length, 2);
    assert.equal(await result, 'done');
  });

  it('never waits longer than 30 s of its own choosing', async () => {
    const policy = new ExponentialBackoffPolicy(
      { ...LIMITS, attempts: 12 },
      { clock, random: () => 1 },
    );
    const result = policy.execute(failing(11).operation);
    await clock.advance(HOUR);
    assert.equal(await result, 'done');
    assert.deepEqual(clock.sleeps.slice(-4), [12_800, 25_600, 30_000, 30_000]);
  });

  it('gives up after 5 attempts and keeps the last failure as cause', async () => {
    const { operation, contexts } = failing(Infinity);
    const result = cloud(() => 0.5).execute(operation, { operation: 'Listing' });
    const check = assert.rejects(result, (error) => {
      assert.ok(error instanceof RetryableError);
      assert.equal(error.attempts, 5);
      assert.equal((error.cause as { code?: string }).code, 'ECONNRESET');
      assert.equal(error.message, 'Listing still fails after 5 attempts: reset');
      return true;
    });
    await clock.advance(HOUR);
    await check;
    assert.equal(contexts.length, 5);
    assert.equal(clock.pending, 0);
  });

  it('tries 3 times in the generic form', async () => {
    const { operation, contexts } = failing(Infinity);
    const result = ExponentialBackoffPolicy.generic({ clock }).execute(operation);
    const check = assert.rejects(result, RetryableError);
    await clock.advance(HOUR);
    await check;
    assert.equal(contexts.length, 3);
  });

  it('hands on at once, as it is, what repeating cannot mend', async () => {
    for (const thrown of [new ValidationError('size', 'no'), new TypeError('bug'), 'text', null]) {
      const { operation, contexts } = failing(Infinity, () => thrown);
      const [result] = await Promise.allSettled([cloud(() => 1).execute(operation)]);
      assert.equal(result.status, 'rejected');
      assert.equal(result.reason, thrown);
      assert.equal(contexts.length, 1);
    }
    assert.deepEqual(clock.sleeps, []);
  });

  it('repeats a failed fetch, told by its cause', async () => {
    const lost = (): Error => new TypeError('worded in a new way', { cause: reset() });
    const result = cloud(() => 1).execute(failing(1, lost).operation);
    await clock.advance(HOUR);
    assert.equal(await result, 'done');
  });

  it('does not multiply the attempts of a policy inside', async () => {
    const inner = failing(Infinity);
    const outer = cloud(() => 1);
    const result = outer.execute(() =>
      ExponentialBackoffPolicy.generic({ clock }).execute(inner.operation),
    );
    const check = assert.rejects(result, RetryableError);
    await clock.advance(HOUR);
    await check;
    assert.equal(inner.contexts.length, 3);
  });

  it('lets the caller decide what to repeat', async () => {
    const odd = failing(1, () => new Error('odd'));
    const result = cloud(() => 1).execute(odd.operation, { isRetryable: () => true });
    await clock.advance(HOUR);
    assert.equal(await result, 'done');
  });

  it('tells of each wait before it begins', async () => {
    const told: [number, number][] = [];
    const result = cloud(() => 1).execute(failing(2).operation, {
      onRetry: ({ attempt, delayMs }) => told.push([attempt, delayMs]),
    });
    await clock.advance(HOUR);
    await result;
    assert.deepEqual(told, [
      [1, 100],
      [2, 200],
    ]);
  });

  describe('when told how long to wait', () => {
    const busy = (after: string): Error =>
      Object.assign(new Error('busy'), { status: 429, headers: { 'retry-after': after } });

    it('never comes back sooner', async () => {
      const result = cloud(() => 0).execute(failing(1, () => busy('7')).operation);
      await clock.advance(HOUR);
      assert.equal(await result, 'done');
      assert.deepEqual(clock.sleeps, [7000]);
    });

    it('reads a date by the injected clock', async () => {
      const after = new Date(clock.now() + 4000).toUTCString();
      const result = cloud(() => 0).execute(failing(1, () => busy(after)).operation);
      await clock.advance(HOUR);
      await result;
      assert.deepEqual(clock.sleeps, [4000]);
    });

    it('waits two minutes at most', async () => {
      const result = cloud(() => 0).execute(failing(1, () => busy('86400')).operation);
      await clock.advance(HOUR);
      await result;
      assert.deepEqual(clock.sleeps, [120_000]);
    });
  });

  describe('when cancelled', () => {
    it('ends at once in the middle of a wait', async () => {
      const controller = new AbortController();
      const { operation, contexts } = failing(Infinity);
      const result = cloud(() => 1).execute(operation, { signal: controller.signal });
      await clock.advance(50);
      assert.equal(clock.pending, 1);
      const reason = new Error('closed');
      controller.abort(reason);
      const outcome = await settled(result);
      assert.ok(outcome !== 'pending' && outcome.status === 'rejected');
      assert.ok(outcome.reason instanceof CancelledError);
      assert.equal(outcome.reason.cause, reason);
      assert.equal(clock.pending, 0);
      await clock.advance(HOUR);
      assert.equal(contexts.length, 1);
    });

    it('ends at once although the operation does not listen', async () => {
      const controller = new AbortController();
      const result = cloud(() => 1).execute(() => new Promise<never>(() => undefined), {
        signal: controller.signal,
      });
      await clock.advance(0);
      controller.abort();
      const outcome = await settled(result);
      assert.ok(outcome !== 'pending' && outcome.status === 'rejected');
      assert.ok(outcome.reason instanceof CancelledError);
    });

    it('never starts when the signal was aborted before', async () => {
      const { operation, contexts } = failing(0);
      const signal = AbortSignal.abort();
      await assert.rejects(cloud(() => 1).execute(operation, { signal }), CancelledError);
      assert.equal(contexts.length, 0);
    });

    it('keeps a success that came just before', async () => {
      const controller = new AbortController();
      const result = cloud(() => 1).execute(
        () => {
          const made = Promise.resolve('i-1');
          void made.then(() => controller.abort());
          return made;
        },
        { signal: controller.signal },
      );
      assert.equal(await result, 'i-1');
    });

    it('hands the signal to the operation', async () => {
      const controller = new AbortController();
      const { operation, contexts } = failing(0);
      await cloud(() => 1).execute(operation, { signal: controller.signal });
      assert.equal(contexts[0]?.signal, controller.signal);
    });
  });

  it('keeps every wait between 0 and the bound of its attempt', async () => {
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          attempts: fc.integer({ min: 1, max: 9 }),
          baseMs: fc.integer({ min: 1, max: 2000 }),
          factor: fc.double({ min: 1, max: 4, noNaN: true }),
          capMs: fc.integer({ min: 1, max: 60_000 }),
          retryAfterCapMs: fc.constant(120_000),
        }),
        fc.array(chance, { minLength: 9, maxLength: 9 }),
        async (limits, chances) => {
          const own = new FakeClock();
          const rest = [...chances];
          const random = (): number => rest.shift() ?? 0;
          const policy = new ExponentialBackoffPolicy(limits, { clock: own, random });
          const check = assert.rejects(policy.execute(failing(Infinity).operation), RetryableError);
          await own.advance(HOUR);
          await check;
          assert.equal(own.sleeps.length, limits.attempts - 1);
          own.sleeps.forEach((wait, index) => {
            const bound = Math.min(limits.capMs, limits.baseMs * limits.factor ** index);
            assert.equal(wait, Math.round((chances[index] ?? 0) * bound));
            assert.ok(wait >= 0 && wait <= Math.ceil(bound));
          });
        },
      ),
      { seed: 11, numRuns: 60 },
    );
  });
});

describe('NoRetryPolicy', () => {
  it('tries once and hands the failure on as it is', async () => {
    const { operation, contexts } = failing(1);
    await assert.rejects(new NoRetryPolicy().execute(operation), { code: 'ECONNRESET' });
    assert.equal(contexts.length, 1);
  });

  it('can be cancelled', async () => {
    const controller = new AbortController();
    const result = new NoRetryPolicy().execute(() => new Promise<never>(() => undefined), {
      signal: controller.signal,
    });
    controller.abort();
    await assert.rejects(result, CancelledError);
  });
});
