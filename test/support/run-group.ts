import { globSync } from 'node:fs';
import { join, relative } from 'node:path';
import { RESULTS, ROOT } from '../../scripts/lib/paths.ts';
import { runFiles } from './run-files.ts';
import { resultFileOf, runMocha } from './run-mocha.ts';
import type { GroupResult } from './run-mocha.ts';
import { ALONE, LONGEST } from './schedule.ts';

/** Longest a single test may take, in milliseconds. */
const TEST_TIMEOUTS: Readonly<Record<string, number>> = {
  unit: 10_000,
  machine: 60_000,
  ui: 120_000,
};

/** Files of a group that run at once, where it is not one after the other in one process. */
const JOBS: Readonly<Record<string, number>> = { machine: 2 };

// Started by scripts/test.ts: `node test/support/run-group.ts GROUP`; for one
// file by runFiles(): `node test/support/run-group.ts GROUP FILE RESULT`.
const [group = 'unit', file, resultFile] = process.argv.slice(2);
const result = file === undefined ? await runAll() : await runHere([file], resultFile);
// A leaked handle must not keep the group from ending.
process.exit(result.failed === 0 ? 0 : 1);

function runAll(): Promise<GroupResult> {
  const files = globSync(`test/${group}/**/*.test.ts`, { cwd: ROOT }).sort();
  const jobs = Number(process.env['RUNCTL_TEST_JOBS'] ?? JOBS[group] ?? 0);
  if (jobs === 0) return runHere(files.map((path) => join(ROOT, path)));
  return runFiles({
    group,
    files: files.map((path) => join(ROOT, path)),
    first: LONGEST.map((path) => join(ROOT, path)),
    alone: Object.keys(ALONE).map((path) => join(ROOT, path)),
    jobs,
    grep: process.env['RUNCTL_TEST_GREP'],
    resultFile: resultFileOf(RESULTS, group),
    show: (path) => relative(ROOT, path),
    print: (text) => process.stdout.write(text),
  });
}

function runHere(files: readonly string[], into?: string): Promise<GroupResult> {
  // Whoever waits for this file is gone.
  process.once('disconnect', () => process.exit(1));
  return runMocha({
    group,
    files,
    resultFile: into ?? resultFileOf(RESULTS, group),
    timeoutMs: TEST_TIMEOUTS[group] ?? 10_000,
    grep: process.env['RUNCTL_TEST_GREP'],
  });
}
