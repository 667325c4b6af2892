import { globSync } from 'node:fs';
import { join } from 'node:path';
import { RESULTS, ROOT } from '../../scripts/lib/paths.ts';
import { resultFileOf, runMocha } from './run-mocha.ts';

/** Longest a single test may take, in milliseconds. */
const TEST_TIMEOUTS: Readonly<Record<string, number>> = {
  unit: 10_000,
  machine: 60_000,
  ui: 120_000,
};

// Started by scripts/test.ts: `node test/support/run-group.ts GROUP`.
const group = process.argv[2] ?? 'unit';
const result = await runMocha({
  group,
  files: globSync(`test/${group}/**/*.test.ts`, { cwd: ROOT })
    .sort()
    .map((path) => join(ROOT, path)),
  resultFile: resultFileOf(RESULTS, group),
  timeoutMs: TEST_TIMEOUTS[group] ?? 10_000,
  grep: process.env['RUNCTL_TEST_GREP'],
});
// A leaked handle must not keep the group from ending.
process.exit(result.failed === 0 ? 0 : 1);
