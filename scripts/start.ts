import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CACHE, EXTENSION_ID, ROOT } from './lib/paths.ts';
import { findExecutable, run } from './lib/process.ts';
import {
  installVsix,
  listExtensions,
  startPersonServer,
  type RunningServer,
} from './lib/running-server.ts';
import { packageVsix } from './package.ts';
import { ensureServer } from './vscode-server.ts';

/** Kept when free: the browser files what VS Code remembers under host and port. */
const PORT = 18_650;

const EXAMPLE = join(ROOT, 'examples', 'digits');

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const vsix = await packageVsix();
const code = values.check ? undefined : desktopCode();
if (code === undefined) await openInBrowser();
else await openOnDesktop(code);

/** The person's own VS Code, where it can show a window (it refuses to run as root). */
function desktopCode(): string | undefined {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  const hasScreen = process.platform !== 'linux' || Boolean(DISPLAY ?? WAYLAND_DISPLAY);
  if (!hasScreen || process.getuid?.() === 0) return undefined;
  return findExecutable(process.platform === 'win32' ? 'code.cmd' : 'code');
}

async function openOnDesktop(command: string): Promise<void> {
  await run(command, ['--install-extension', vsix, '--force'], { show: true });
  await run(command, [EXAMPLE], { show: true });
  console.log(`runctl is installed in your VS Code, which opens ${EXAMPLE}`);
}

async function openInBrowser(): Promise<void> {
  const dataDir = values.check
    ? await mkdtemp(join(tmpdir(), 'runctl-start-'))
    : join(CACHE, 'start');
  const install = await ensureServer();
  await installVsix(install, 'person', dataDir, vsix);
  const port = !values.check && (await isFree(PORT)) ? PORT : 0;
  const server = await startPersonServer(install, { dataDir, port });
  const url = `${server.url}/?folder=${encodeURIComponent(EXAMPLE)}`;
  console.log(`\nVS Code with runctl runs at\n\n  ${url}\n`);
  if (values.check) {
    const extensions = await listExtensions(install, dataDir);
    await check(server, url, extensions);
    await rm(dataDir, { recursive: true, force: true });
    process.exit();
  }
  console.log('Ctrl-C ends it; runs that you started go on.');
}

/** Proves that the printed address works, then ends the server. */
async function check(server: RunningServer, url: string, extensions: string[]): Promise<void> {
  const response = await fetch(url);
  const page = await response.text();
  await server.stop();
  if (!response.ok || !page.includes('vscode-workbench-web-configuration')) {
    throw new Error(`${url} answered ${response.status} and no workbench`);
  }
  if (!extensions.includes(EXTENSION_ID)) throw new Error(`${EXTENSION_ID} is not installed`);
  console.log('check: the workbench answers and the extension is installed');
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
