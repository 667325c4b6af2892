import type { Clock } from '../core/clock.ts';

const FIRST_DELAY_MS = 2;
const LONGEST_DELAY_MS = 10;
/** How long writes may follow each other without a gap, and that gap, in ms. */
const STREAK_MS = 25;
const GAP_MS = 4;

/**
 * Waits between attempts to get a lock: short and jittered, so that two
 * windows do not keep meeting, until a deadline.
 */
export class BackOff {
  private readonly clock: Clock;
  private readonly deadline: number;
  private longest = FIRST_DELAY_MS;

  /**
   * @param clock - source of time
   * @param limitMs - how long to go on, in milliseconds
   */
  constructor(clock: Clock, limitMs: number) {
    this.clock = clock;
    this.deadline = clock.monotonic() + limitMs;
  }

  /**
   * Waits a little.
   *
   * @param giveUp - makes the error to throw once the deadline has passed
   */
  async wait(giveUp: () => Error): Promise<void> {
    if (this.clock.monotonic() >= this.deadline) {
      throw giveUp();
    }
    const delay = Math.ceil(Math.random() * this.longest);
    this.longest = Math.min(LONGEST_DELAY_MS, this.longest * 2);
    await this.clock.sleep(delay);
  }
}

/**
 * Leaves a gap in long streaks of writes. SQLite's lock is not fair: a window
 * that writes without a pause would keep all others out.
 */
export class Courtesy {
  private readonly clock: Clock;
  private began = 0;
  private ended = 0;

  /**
   * @param clock - source of time
   */
  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** To be awaited before a write. */
  async giveWay(): Promise<void> {
    const now = this.clock.monotonic();
    if (now - this.ended >= GAP_MS) {
      this.began = now;
    } else if (now - this.began >= STREAK_MS) {
      await this.clock.sleep(GAP_MS);
      this.began = this.clock.monotonic();
    }
  }

  /** To be called after a write. */
  done(): void {
    this.ended = this.clock.monotonic();
  }
}
