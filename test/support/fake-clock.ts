import type { Clock } from '../../src/core/clock.ts';

interface Timer {
  at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A clock that moves only when told. Both clocks start at fixed values. */
export class FakeClock implements Clock {
  /** Every sleep asked for, in milliseconds, in order. */
  readonly sleeps: number[] = [];
  private wall: number;
  private mono = 1_000_000;
  private order = 0;
  private readonly timers = new Set<Timer>();

  constructor(now: number = Date.UTC(2026, 0, 15, 12)) {
    this.wall = now;
  }

  /** Sleeps and periods that have not ended. */
  get pending(): number {
    return this.timers.size;
  }

  now(): number {
    return this.wall;
  }

  monotonic(): number {
    return this.mono;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.sleeps.push(ms);
    return new Promise((resolve, reject) => {
      const fail = (): void => {
        const reason: unknown = signal?.reason;
        reject(reason instanceof Error ? reason : new Error('aborted', { cause: reason }));
      };
      if (signal?.aborted) {
        fail();
        return;
      }
      const onAbort = (): void => {
        this.timers.delete(timer);
        fail();
      };
      const timer = this.schedule(ms, () => {
        this.timers.delete(timer);
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  every(ms: number, callback: () => void): () => void {
    const period = Math.max(1, ms);
    const timer = this.schedule(period, () => {
      timer.at += period;
      callback();
    });
    return () => void this.timers.delete(timer);
  }

  /**
   * Moves both clocks on, waking sleepers in order of their time. What they
   * do in answer (also new sleeps that end in time) happens in between.
   *
   * @param ms - how far, in milliseconds
   */
  async advance(ms: number): Promise<void> {
    const target = this.mono + ms;
    await settle();
    for (let next = this.next(target); next; next = this.next(target)) {
      this.moveTo(Math.max(next.at, this.mono));
      next.fire();
      await settle();
    }
    this.moveTo(target);
  }

  /**
   * Sets the wall clock on or back, as NTP or the user does; no sleeper wakes.
   *
   * @param ms - how far, negative for back
   */
  jump(ms: number): void {
    this.wall += ms;
  }

  private schedule(ms: number, fire: () => void): Timer {
    const timer: Timer = { at: this.mono + Math.max(0, ms), order: this.order++, fire };
    this.timers.add(timer);
    return timer;
  }

  private next(until: number): Timer | undefined {
    return [...this.timers]
      .filter((timer) => timer.at <= until)
      .sort((a, b) => a.at - b.at || a.order - b.order)[0];
  }

  private moveTo(mono: number): void {
    this.wall += mono - this.mono;
    this.mono = mono;
  }
}

// A turn of the event loop lets chains of promises run to their next wait.
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
