import type { Progress } from '../../resources/account-snapshot.ts';

/** That the training was at a step at a moment, ms since the epoch. */
export interface StepTime {
  readonly step: number;
  readonly at: number;
}

// How far back the pace looks, in milliseconds.
const MEMORY_MS = 60_000;
// One gap counts for at most so much of the pace, however long it was.
const MAX_WEIGHT_GAPS = 4;
// Without news for this long beyond ten usual gaps, the pace is unknown.
const STALE_MS = 60_000;
const STALE_GAPS = 10;

/**
 * Tells how far a training is and how long it will take at the present pace.
 * A training that went on from a checkpoint does not begin at step 0, and one
 * that began again counts from there.
 *
 * @param steps - of one series, in the order of the log: they tell the pace
 * @param total - steps in all, `null` when unknown
 * @param now - ms since the epoch, by the clock that `at` was read from
 * @param reached - the last step of each series; the furthest is the position
 * @returns the progress, or `null` when no step is known
 */
export function progressOf(
  steps: readonly StepTime[],
  total: number | null,
  now: number,
  reached: readonly StepTime[] = [],
): Progress | null {
  const instants = rising(steps);
  const [first] = instants;
  const last = instants.at(-1);
  if (first === undefined || last === undefined) {
    return null;
  }
  // A series that ended before may have been further, before a setback.
  const recent = reached.filter(({ at }) => at >= first.at);
  const step = Math.max(last.step, ...recent.map((point) => point.step));
  const known = total !== null && total > 0 && Number.isFinite(total);
  if (!known) {
    return { step, total: null, fraction: null, remainingMs: null };
  }
  return {
    step,
    total,
    fraction: Math.min(1, Math.max(0, step / total)),
    remainingMs: step >= total ? 0 : remaining(instants, total - step, now - last.at),
  };
}

function remaining(instants: readonly StepTime[], left: number, silence: number): number | null {
  const first = instants[0];
  const last = instants.at(-1);
  const rate = paceOf(instants);
  if (rate === null || first === undefined || last === undefined) {
    return null;
  }
  const usualGap = (last.at - first.at) / (instants.length - 1);
  if (silence > STALE_MS + STALE_GAPS * usualGap) {
    return null;
  }
  return Math.round(Math.max(0, left / rate - Math.max(0, silence)));
}

// Steps per millisecond: a mean in which what is long ago fades. Divided by the
// sum of the weights, else the first gap, often a burst read at once, would
// count for the whole time before it.
function paceOf(instants: readonly StepTime[]): number | null {
  let sum = 0;
  let weights = 0;
  let before: StepTime | undefined;
  for (const instant of instants) {
    if (before !== undefined) {
      const gap = instant.at - before.at;
      const rate = (instant.step - before.step) / gap;
      const weight = 1 - Math.exp(-gap / Math.max(MEMORY_MS, MAX_WEIGHT_GAPS * gap));
      sum += weight * (rate - sum);
      weights += weight * (1 - weights);
    }
    before = instant;
  }
  return weights === 0 ? null : sum / weights;
}

// One entry a moment, the last of it; only what came after the last setback
// of the step or of the clock.
function rising(steps: readonly StepTime[]): StepTime[] {
  let instants: StepTime[] = [];
  for (const { step, at } of steps) {
    const last = instants.at(-1);
    if (last !== undefined && (step < last.step || at < last.at)) {
      instants = [];
    } else if (last?.at === at) {
      instants.pop();
    } else if (last?.step === step) {
      continue;
    }
    instants.push({ step, at });
  }
  return instants;
}
