/** A place on a bar that may start again, as each epoch's does. */
export interface BarPlace {
  readonly at: number;
  /** `null` when the bar does not tell. */
  readonly total: number | null;
  /** False for a bar beside the training: validation, a download. */
  readonly training: boolean;
}

/** In which form a line told its metrics. */
export type LineKind = 'protocol' | 'json' | 'dict' | 'pairs' | 'pattern';

/** What one log line tells; what it does not tell is `null`. */
export interface LineFacts {
  readonly kind: LineKind;
  /** In the order of the line. Values may be NaN or infinite. */
  readonly metrics: readonly (readonly [name: string, value: number])[];
  /** Over the whole training. */
  readonly step: number | null;
  readonly totalSteps: number | null;
  readonly epoch: number | null;
  readonly totalEpochs: number | null;
  /** Number of the first epoch, where the form of the line settles it. */
  readonly firstEpoch?: 0 | 1;
  readonly bar: BarPlace | null;
}

/** Facts while they are put together. */
export type FactsDraft = {
  -readonly [Key in keyof LineFacts]: LineFacts[Key];
} & { metrics: [string, number][] };

/**
 * Starts with nothing known.
 *
 * @param kind - form of the line
 * @returns facts to fill in
 */
export function draftFacts(kind: LineKind): FactsDraft {
  return {
    kind,
    metrics: [],
    step: null,
    totalSteps: null,
    epoch: null,
    totalEpochs: null,
    bar: null,
  };
}

/**
 * Tells whether a line told anything at all.
 *
 * @param facts - what was found
 * @returns false when it can be forgotten
 */
export function saysSomething(facts: LineFacts): boolean {
  return (
    facts.metrics.length > 0 ||
    facts.step !== null ||
    facts.totalSteps !== null ||
    facts.epoch !== null ||
    facts.bar !== null
  );
}
