/**
 * The only source of time. Tests pass a fake one, so no test waits for real
 * time and every rule about time can be checked at its edge.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. May jump. */
  now(): number;
  /**
   * Milliseconds on a monotonic clock shared by all processes of this host.
   * Only differences mean anything; starts again after a reboot.
   */
  monotonic(): number;
  /**
   * Resolves after `ms` milliseconds.
   *
   * @param ms - how long, in milliseconds
   * @param signal - rejects the wait with its reason when aborted
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls `callback` every `ms` milliseconds until the returned function is
   * called. The timer never keeps the process alive.
   *
   * @param ms - period in milliseconds
   * @param callback - must not throw
   */
  every(ms: number, callback: () => void): () => void;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The host's own clock. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    // hrtime is CLOCK_MONOTONIC: the same value in every process of the host.
    return Number(process.hrtime.bigint() / 1_000_000n);
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    // Timers of Node hold 31 bits; a longer wait would end at once.
    let left = ms;
    while (left > LONGEST_TIMER_MS) {
      await nap(LONGEST_TIMER_MS, signal);
      left -= LONGEST_TIMER_MS;
    }
    await nap(left, signal);
  }

  every(ms: number, callback: () => void): () => void {
    const timer = setInterval(callback, Math.min(ms, LONGEST_TIMER_MS));
    timer.unref();
    return () => clearInterval(timer);
  }
}

function nap(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(asError(signal.reason));
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(asError(signal?.reason));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
