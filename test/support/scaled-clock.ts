import type { Clock } from '../../src/core/clock.ts';
import { SystemClock } from '../../src/core/clock.ts';

/** How much faster leases and ticks go by than the real time. */
export const CLOCK_SCALE = 5;

/**
 * The host's clock run faster: leases lapse and ticks come sooner, in the
 * same proportion in every process. The wall clock stays the real one until
 * it is made to jump. Counts what has not ended.
 */
export class ScaledClock implements Clock {
  private readonly system = new SystemClock();
  private readonly running = new Set<{ readonly ms: number }>();
  private offset = 0;

  now(): number {
    return this.system.now() + this.offset;
  }

  monotonic(): number {
    return Number((process.hrtime.bigint() * BigInt(CLOCK_SCALE)) / 1_000_000n);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.system.sleep(ms / CLOCK_SCALE, signal);
  }

  every(ms: number, callback: () => void): () => void {
    const period = { ms };
    this.running.add(period);
    const stop = this.system.every(ms / CLOCK_SCALE, callback);
    return () => {
      this.running.delete(period);
      stop();
    };
  }

  jump(ms: number): void {
    this.offset += ms;
  }

  /** Periods asked for and not ended, in milliseconds. */
  periods(): number[] {
    return [...this.running].map(({ ms }) => ms);
  }
}
