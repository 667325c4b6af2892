import { chromium, type BrowserContext } from 'playwright-core';
import { chromiumPath } from '../../scripts/debian.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A test's window is rarely in front; its timers must not be slowed for that.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
];

/** Where the page asks the test for half of the key that seals its secrets. */
const KEY_PATH = '/mint-key';

/** Starts Chromium on a profile folder that keeps what VS Code stores in the browser. */
export async function launchBrowser(profileFolder: string): Promise<BrowserContext> {
  return await chromium.launchPersistentContext(profileFolder, {
    executablePath: chromiumPath(),
    args: FLAGS,
    headless: true,
    viewport: { width: 1280, height: 800 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
}

/**
 * Makes SecretStorage last: without this the bare server keeps secrets in memory
 * only and loses them at every reload.
 */
export async function keepSecrets(context: BrowserContext, url: string): Promise<void> {
  await context.addCookies([{ name: 'vscode-secret-key-path', value: KEY_PATH, url }]);
  await context.route(`**${KEY_PATH}`, (route) =>
    route.fulfill({ contentType: 'application/octet-stream', body: Buffer.alloc(32, 7) }),
  );
}

/**
 * Makes windows speak a language. A language pack does it by a script that sets this
 * very name before the workbench starts; the workbench's own texts stay English here.
 */
export async function speak(context: BrowserContext, language: string): Promise<void> {
  await context.addInitScript(`Object.defineProperty(globalThis, '_VSCODE_NLS_LANGUAGE', {
    get: () => ${JSON.stringify(language)},
    set: () => undefined,
  })`);
}
