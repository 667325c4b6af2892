/**
 * Whether tests take all the time they could use: `npm run soak`. What they prove
 * is the same; there is more of it.
 */
export const SOAK = process.env['RUNCTL_SOAK'] === '1';

/**
 * The seed of a test: its usual one, so that every day brings the same. A soak takes
 * another each time, and tells it; `npm run soak -- --seed N` takes that again.
 */
export function seedOf(what: string, usual: number): number {
  if (!SOAK) return usual;
  const given = process.env['RUNCTL_SOAK_SEED'];
  const seed = given === undefined ? Date.now() % 1_000_000_000 : Number(given);
  console.log(`      ${what}: seed ${seed}`);
  return seed;
}
