/** One measured case, printed as a line of JSON. */
export interface BenchCase {
  readonly bench: string;
  readonly case: string;
  /** Median of our runs. */
  readonly ours: number;
  /** Median of the peer's runs, paired with ours; `null` without a peer. */
  readonly peer: number | null;
  readonly peerName: string | null;
  /** ours / peer; lower is better. */
  readonly ratio: number | null;
  readonly unit: string;
  readonly goal: number | null;
  readonly runs: number;
}

/** What a bench module exports. */
export type Bench = () => AsyncIterable<BenchCase>;

/** Paired runs each case is measured over. */
export const RUNS = 5;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const high = sorted[middle] ?? Number.NaN;
  const low = sorted.length % 2 === 0 ? (sorted[middle - 1] ?? high) : high;
  return rounded((low + high) / 2);
}

/** A case without a peer, against its goal. */
export function alone(
  bench: string,
  name: string,
  values: readonly number[],
  unit: string,
  goal: number | null,
): BenchCase {
  return {
    bench,
    case: name,
    ours: median(values),
    peer: null,
    peerName: null,
    ratio: null,
    unit,
    goal,
    runs: values.length,
  };
}

/** A case measured in pairs beside a peer. */
export function paired(
  bench: string,
  name: string,
  pairs: readonly { readonly ours: number; readonly peer: number }[],
  peerName: string,
  unit: string,
  goal: number | null,
): BenchCase {
  const ours = median(pairs.map((pair) => pair.ours));
  const peer = median(pairs.map((pair) => pair.peer));
  const ratio = rounded(median(pairs.map((pair) => pair.ours / pair.peer)));
  return { bench, case: name, ours, peer, peerName, ratio, unit, goal, runs: pairs.length };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
