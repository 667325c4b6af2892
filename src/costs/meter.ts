import type { StateInterval } from '../core/model/records.ts';
import type { MicroDollars } from '../core/money.ts';

/** A sum of money with what it could not count. */
export interface MeteredCost {
  /** The cost of all time with a known rate. */
  readonly known: MicroDollars;
  /** Billed milliseconds at an unknown rate; more than 0 makes `known` a lower bound. */
  readonly unknownMs: number;
}

/** What to count. */
export interface MeterOptions {
  /** Wall clock, ms since the epoch; the end of intervals that last. */
  readonly now: number;
  /** States that cost money. */
  readonly bills: ReadonlySet<string>;
  /** Count nothing before this moment. */
  readonly since?: number | undefined;
  /** Count nothing from this moment on. */
  readonly until?: number | undefined;
}

/** A time with its end, ms since the epoch; `to` is after `from`. */
interface Span {
  readonly from: number;
  readonly to: number;
}

const HOUR_MS = 3_600_000n;

/**
 * The cost of the states resources were seen in. No moment of one subject
 * counts twice: where intervals overlap, the one that began last (the newest
 * observation) decides state and rate. An end before its beginning, as after
 * a clock was set back, counts as no time.
 *
 * The sum is rounded once, so cutting an interval in two changes nothing.
 *
 * @param intervals - of any subjects, in any order; of two that begin at once
 *   the later in the list decides
 * @param options - the window, and what bills
 * @returns the cost
 */
export function costOfIntervals(
  intervals: Iterable<StateInterval>,
  options: MeterOptions,
): MeteredCost {
  // Micro-dollars times milliseconds outgrow the exact range of a number.
  let total = 0n;
  let unknownMs = 0;
  for (const ofSubject of bySubject(intervals).values()) {
    const covered = new Coverage();
    for (const interval of newestFirst(ofSubject)) {
      const span = clip(interval, options);
      const ms = span === undefined ? 0 : covered.add(span);
      if (ms === 0 || !options.bills.has(interval.state)) {
        continue;
      }
      if (interval.rate === null) {
        unknownMs += ms;
      } else {
        total += BigInt(interval.rate) * BigInt(ms);
      }
    }
  }
  return { known: Number((total + HOUR_MS / 2n) / HOUR_MS) as MicroDollars, unknownMs };
}

function bySubject(intervals: Iterable<StateInterval>): Map<string, StateInterval[]> {
  const subjects = new Map<string, StateInterval[]>();
  for (const interval of intervals) {
    const known = subjects.get(interval.subject);
    if (known === undefined) {
      subjects.set(interval.subject, [interval]);
    } else {
      known.push(interval);
    }
  }
  return subjects;
}

// Sorting is stable, so reversing first puts the later in the list first.
function newestFirst(intervals: readonly StateInterval[]): StateInterval[] {
  return intervals.toReversed().sort((a, b) => b.from - a.from);
}

function clip(interval: StateInterval, options: MeterOptions): Span | undefined {
  const from = Math.trunc(Math.max(interval.from, options.since ?? -Infinity));
  const to = Math.trunc(Math.min(interval.to ?? options.now, options.until ?? Infinity));
  return to > from ? { from, to } : undefined;
}

/** The time counted so far. Spans are added by falling beginning. */
class Coverage {
  // Apart from each other; the earliest is the last element.
  private readonly spans: Span[] = [];

  // Tells how many milliseconds of the span were not covered before.
  add(span: Span): number {
    let fresh = span.to - span.from;
    let end = span.to;
    for (let next = this.spans.at(-1); next && next.from <= span.to; next = this.spans.at(-1)) {
      fresh -= Math.max(0, Math.min(next.to, span.to) - Math.max(next.from, span.from));
      end = Math.max(end, next.to);
      this.spans.pop();
    }
    this.spans.push({ from: span.from, to: end });
    return fresh;
  }
}
