import type { Clock } from '../core/clock.ts';
import type { Run } from '../core/model/run.ts';

/** Waits after each answer that did not come, in milliseconds. */
const SILENT_MS = [1000, 2000, 5000, 10_000, 30_000, 60_000] as const;
/** Waits between questions about lost runs, in milliseconds. */
const LOST_MS = [30_000, 60_000, 120_000, 300_000] as const;

/** When one machine is to be asked again. Times are on the monotonic clock. */
export class MachinePace {
  private readonly clock: Clock;
  private silences = 0;
  private until = Number.NEGATIVE_INFINITY;
  private active: ReadonlySet<string> = new Set();
  private lost = '';
  private lostAsked = 0;
  private lostAt = Number.NEGATIVE_INFINITY;

  /**
   * @param clock - source of time
   */
  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Until when a machine that did not answer is left alone, ms. */
  get silentUntil(): number {
    return this.until;
  }

  /**
   * Takes in what runs there. A machine that was just given one can be asked.
   *
   * @param runs - the active ones of this machine
   */
  has(runs: readonly Run[]): void {
    if (runs.some(({ id }) => !this.active.has(id))) {
      this.until = Number.NEGATIVE_INFINITY;
    }
    this.active = new Set(runs.map(({ id }) => id));
  }

  /** Takes in that it answered. */
  answered(): void {
    this.silences = 0;
  }

  /** Takes in that it did not answer. */
  silent(): void {
    this.until = this.clock.monotonic() + step(SILENT_MS, this.silences);
    this.silences += 1;
  }

  /**
   * Tells when to ask about lost runs: at once about others than the last time.
   *
   * @param runs - the lost ones of this machine
   * @returns ms; `Infinity` when there are none
   */
  lostDueAt(runs: readonly Run[]): number {
    if (runs.length === 0) {
      return Number.POSITIVE_INFINITY;
    }
    return keyOf(runs) === this.lost ? this.lostAt : Number.NEGATIVE_INFINITY;
  }

  /**
   * Takes in that lost runs are asked about now.
   *
   * @param runs - the lost ones of this machine
   */
  askedLost(runs: readonly Run[]): void {
    this.lostAsked = keyOf(runs) === this.lost ? this.lostAsked + 1 : 0;
    this.lost = keyOf(runs);
    this.lostAt = this.clock.monotonic() + step(LOST_MS, this.lostAsked);
  }
}

function step(waits: readonly number[], count: number): number {
  return waits[Math.min(count, waits.length - 1)] ?? 0;
}

// A run that came back and was lost again is another matter.
function keyOf(runs: readonly Run[]): string {
  return runs.map(({ id, stateSince }) => `${id}@${stateSince}`).join(' ');
}
