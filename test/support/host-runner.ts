import { globSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RESULTS, ROOT } from '../../scripts/lib/paths.ts';
import { run } from '../../scripts/lib/process.ts';
import { installVsix, startTestServer, type RunningServer } from '../../scripts/lib/running-server.ts';
import { ensureVsix } from '../../scripts/package.ts';
import { ensureServer } from '../../scripts/vscode-server.ts';
import { launchBrowser } from './browser.ts';
import { writeEmptyExtension } from './empty-extension.ts';
import { readResult, resultFileOf } from './run-mocha.ts';

/** Longest the whole group may take, in milliseconds. */
const DEADLINE = 9 * 60_000;

/** What the workbench itself tells its console at every start. */
const NOISE =
  /^(Resolv(ing|ed) connection|Creating a socket|Updating additional|getaddrinfo|\[(Service Worker|reconnection|AgentHost|AccountPolicyGate))/;

const result = await runHostTests();
process.exit(result ? 0 : 1);

/**
 * Runs `test/host` inside the extension host of a real VS Code where the packaged
 * extension is installed as a user would have it. An empty extension stands in as
 * the one under development, because VS Code runs tests only beside one.
 */
async function runHostTests(): Promise<boolean> {
  await run(process.execPath, ['esbuild.mjs', '--host-tests'], { cwd: ROOT, show: true });
  const install = await ensureServer();
  const scratch = await mkdtemp(join(tmpdir(), 'runctl-host-'));
  const dataDir = join(scratch, 'server');
  const folder = join(scratch, 'workspace');
  const home = join(scratch, 'home');
  const resultFile = resultFileOf(RESULTS, 'host');
  for (const path of [dataDir, folder, home]) await mkdir(path, { recursive: true });
  await installVsix(install, 'test', dataDir, await ensureVsix());
  const env = {
    HOME: home,
    RUNCTL_TEST: '1',
    RUNCTL_TEST_RESULT: resultFile,
    RUNCTL_TEST_FILES: JSON.stringify(testFiles()),
  };
  const server = await startTestServer(install, { dataDir, env, hostTests: true });
  try {
    const empty = await writeEmptyExtension(join(scratch, 'empty'));
    const code = await runInWindow(server, folder, empty, join(scratch, 'profile'));
    const outcome = await readResult(resultFile);
    // Code 0 alone proves nothing: a host that dies says 0 too.
    if (!outcome) console.error(`the extension host left no result (code ${code})`);
    return code === 0 && outcome?.failed === 0;
  } finally {
    await server.stop();
    await rm(scratch, { recursive: true, force: true });
  }
}

function testFiles(): string[] {
  return globSync('**/*.test.mjs', { cwd: join(ROOT, 'out', 'test', 'host') })
    .sort()
    .map((path) => join(ROOT, 'out', 'test', 'host', path));
}

async function runInWindow(
  server: RunningServer,
  folder: string,
  developed: string,
  profile: string,
): Promise<number> {
  const browser = await launchBrowser(profile);
  try {
    const page = await browser.newPage();
    const ended = Promise.withResolvers<number>();
    const deadline = setTimeout(() => {
      ended.reject(new Error(`host tests took longer than ${DEADLINE / 60_000} minutes`));
    }, DEADLINE);
    await page.exposeFunction('codeAutomationLog', (type: string, args: unknown[]) => {
      if (NOISE.test(String(args[0]))) return;
      if (type === 'error') console.error(...args);
      else console.log(...args);
    });
    await page.exposeFunction('codeAutomationExit', (code: number) => ended.resolve(code));
    page.on('crash', () => ended.reject(new Error('the page crashed')));
    const remote = (path: string): string => `vscode-remote://127.0.0.1:${server.port}${path}`;
    const payload = JSON.stringify([
      ['extensionDevelopmentPath', remote(developed)],
      ['extensionTestsPath', remote(join(ROOT, 'out/test/host/index.mjs'))],
      ['skipWelcome', 'true'],
    ]);
    const query = new URLSearchParams({ folder, payload });
    await page.goto(`${server.url}/?${query.toString()}`);
    const code = await ended.promise;
    clearTimeout(deadline);
    return code;
  } finally {
    await browser.close();
  }
}
