import type { Clock } from '../core/clock.ts';

const FIRST_DELAY_MS = 2;
const LONGEST_DELAY_MS = 25;

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
