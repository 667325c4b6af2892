import { distance } from 'fastest-levenshtein';

/**
 * Finds what was probably meant.
 *
 * @param word - what was written
 * @param candidates - what could have been
 * @returns the nearest one when at most a third of its letters differ
 */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = normal(word);
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    const far = distance(wanted, normal(candidate));
    const allowed = Math.max(1, Math.floor(Math.max(wanted.length, candidate.length) / 3));
    if (far <= allowed && far < least) {
      best = candidate;
      least = far;
    }
  }
  return best;
}

// Camel case and hyphens are the usual slips: `checkpointDir`, `keep-last`.
function normal(word: string): string {
  return word
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
}
