import { randomBytes } from 'node:crypto';

/** Id of a run: `r` + time + chance, lower case, sorts by creation time. */
export type RunId = string & { readonly __id: 'run' };

/** Matches what the agent accepts as a run id. */
export const RUN_ID_PATTERN = /^[a-z0-9][a-z0-9-]{0,63}$/;

const TIME_DIGITS = 9;
const RANDOM_BYTES = 5;

/**
 * Makes an id that never repeats and sorts by time.
 *
 * @param now - milliseconds since the Unix epoch
 * @param random - source of chance; tests pass their own
 * @returns for example `r0mf3k2p1a-9f31c0d2ee`
 */
export function newRunId(now: number, random: (size: number) => Buffer = randomBytes): RunId {
  const time = Math.max(0, Math.trunc(now)).toString(36).padStart(TIME_DIGITS, '0');
  return `r${time}-${random(RANDOM_BYTES).toString('hex')}` as RunId;
}

/**
 * Checks text from outside (a directory name, a deep link).
 *
 * @param text - candidate
 * @returns the id, or `undefined` when it cannot be one
 */
export function asRunId(text: string): RunId | undefined {
  return RUN_ID_PATTERN.test(text) ? (text as RunId) : undefined;
}

/**
 * The short form people see, unique enough within one list.
 *
 * @param id - full id
 * @returns its last six characters
 */
export function shortRunId(id: RunId): string {
  return id.slice(-6);
}
