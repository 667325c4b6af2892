import type { GroupResult } from '../../test/support/run-mocha.ts';

/** What a group of tests adds to the sum, and what to say beside mocha's own words. */
export interface Verdict {
  passed: number;
  failed: number;
  problem?: string;
}

/**
 * Judges a group by the result it left and the code its process ended with. Every
 * way to end without having proved anything counts as one failure.
 *
 * @param code - of its process
 * @param result - what it left
 * @param strict - whether skipped tests are failures too
 */
export function judge(code: number, result: GroupResult | undefined, strict = false): Verdict {
  if (!result) return broken(`no result, it ended with ${code}`);
  const { planned, passed, failed, skipped } = result;
  // A failed test or hook explains the rest.
  if (failed > 0) return { passed, failed };
  const ran = passed + skipped.length;
  if (planned === 0) return broken('no tests found');
  if (ran < planned) return broken(`${ran} of ${planned} tests ran`, passed);
  if (passed === 0) return broken('every test was skipped');
  if (code !== 0) return broken(`ended with ${code}`, passed);
  if (strict && skipped.length > 0) return broken(`${skipped.length} tests were skipped`, passed);
  return { passed, failed };
}

function broken(problem: string, passed = 0): Verdict {
  return { passed, failed: 1, problem };
}
