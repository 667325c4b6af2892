import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readResult, resultFileOf } from '../test/support/run-mocha.ts';
import { ensureDebian, type Purpose } from './debian.ts';
import { judge, type Verdict } from './lib/judge.ts';
import { RESULTS, ROOT } from './lib/paths.ts';
import { packageVsix } from './package.ts';
import { ensureServer } from './vscode-server.ts';

/** One kind of tests: what it needs and how long all of it may take. */
interface Group {
  script: string;
  needs: readonly Purpose[];
  /** Runs in a VS Code with the packaged extension. */
  vscode: boolean;
  minutes: number;
}

const RUN_GROUP = 'test/support/run-group.ts';

const GROUPS: Readonly<Record<string, Group>> = {
  unit: { script: RUN_GROUP, needs: [], vscode: false, minutes: 5 },
  machine: { script: RUN_GROUP, needs: ['shells', 'ssh', 'logins', 'buckets', 'aws'], vscode: false, minutes: 25 },
  host: { script: 'test/support/host-runner.ts', needs: ['browser'], vscode: true, minutes: 10 },
  ui: { script: RUN_GROUP, needs: ['browser', 'ssh'], vscode: true, minutes: 25 },
};

const { values, positionals } = parseArgs({
  options: {
    grep: { type: 'string' },
    // Files at once, where it is not as the group has it.
    jobs: { type: 'string' },
    // What is skipped counts as failed: for where everything can be tried.
    strict: { type: 'boolean', default: false },
    // More and bigger of the same: far longer than anyone waits for every day.
    soak: { type: 'boolean', default: false },
    // Of a soak that is to come again as it was.
    seed: { type: 'string' },
  },
  allowPositionals: true,
});
const names = positionals.length > 0 ? positionals : Object.keys(GROUPS);
const groups = names.map((name) => {
  const group = GROUPS[name];
  if (!group) throw new Error(`No group ${name}; there are: ${Object.keys(GROUPS).join(', ')}`);
  return { name, ...group };
});

/** How much longer a group may take as a soak. */
const SOAK_FACTOR = 4;

let packaged: Promise<string> | undefined;
let passed = 0;
let failed = 0;
for (const group of groups) {
  console.log(`\n── ${group.name} ──`);
  const verdict = await prepare(group).then(
    () => runGroup(group),
    (error: unknown): Verdict => ({ passed: 0, failed: 1, problem: String(error) }),
  );
  if (verdict.problem !== undefined) console.error(`${group.name}: ${verdict.problem}`);
  passed += verdict.passed;
  failed += verdict.failed;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function prepare(group: Group): Promise<void> {
  await ensureDebian(...group.needs);
  if (!group.vscode) return;
  await ensureServer();
  packaged ??= packageVsix();
  await packaged;
}

/** Runs one group in a process of its own and demands the result it must leave. */
async function runGroup(group: Group & { name: string }): Promise<Verdict> {
  const resultFile = resultFileOf(RESULTS, group.name);
  await rm(resultFile, { force: true });
  const code = await runChild(group);
  const result = await readResult(resultFile);
  for (const title of result?.skipped ?? []) console.log(`${group.name}: skipped: ${title}`);
  return judge(code, result, values.strict);
}

function runChild(group: Group & { name: string }): Promise<number> {
  const env = { ...process.env };
  if (values.grep !== undefined) env['RUNCTL_TEST_GREP'] = values.grep;
  if (values.soak) env['RUNCTL_SOAK'] = '1';
  if (values.seed !== undefined) env['RUNCTL_SOAK_SEED'] = values.seed;
  if (values.jobs !== undefined) env['RUNCTL_TEST_JOBS'] = values.jobs;
  const minutes = group.minutes * (values.soak ? SOAK_FACTOR : 1);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, group.script), group.name], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const deadline = setTimeout(() => {
      console.error(`${group.name}: ended after ${minutes} minutes`);
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), 10_000).unref();
    }, minutes * 60_000);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(deadline);
      resolve(code ?? -1);
    });
  });
}
