const STALE_MS = 5 * 60_000;

/**
 * Tells whether a provider has been silent for so long that its part is said to be old.
 *
 * @param seenAt - when it last answered, ms since the epoch
 * @param now - wall clock, ms since the epoch
 * @returns true after five minutes
 */
export function isStale(seenAt: number, now: number): boolean {
  return now - seenAt > STALE_MS;
}
