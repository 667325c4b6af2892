import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import * as esbuild from 'esbuild';
import type { BrowserContext, Page } from 'playwright-core';
import { RESULTS, ROOT } from '../../../scripts/lib/paths.ts';
import { Emitter } from '../../../src/core/events.ts';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import type { AccountSnapshot } from '../../../src/resources/account-snapshot.ts';
import { dashboardHtml } from '../../../src/ui/dashboard/dashboard-html.ts';
import { DashboardSession, PATCH_MS } from '../../../src/ui/dashboard/dashboard-session.ts';
import type { HostMessage } from '../../../src/ui/dashboard/messages.ts';
import { launchBrowser } from '../browser.ts';
import { FakeClock } from '../fake-clock.ts';
import { NOW } from '../samples.ts';
import { curve } from './samples.ts';
import { DARK } from './themes.ts';
import type { Theme } from './themes.ts';

const NEXT_FRAMES = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))';

const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css' };

/** The page in a browser, with the real session of the extension on the other side. */
export class DashboardHarness {
  readonly page: Page;
  readonly commands: [string, string | null][] = [];
  readonly posted: HostMessage[] = [];
  readonly violations: string[] = [];
  readonly errors: string[] = [];
  series: readonly string[] = ['loss', 'val_loss', 'accuracy'];
  private clock = new FakeClock(NOW);
  private readonly changes = new Emitter<undefined>();
  private readonly context: BrowserContext;
  private readonly server: Server;
  private readonly folder: string;
  private readonly origin: string;
  private session: DashboardSession | undefined;
  private shown: AccountSnapshot | null = null;

  private constructor(folder: string, server: Server, context: BrowserContext, page: Page) {
    this.folder = folder;
    this.server = server;
    this.context = context;
    this.page = page;
    const address = server.address();
    this.origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  static async start(): Promise<DashboardHarness> {
    const folder = await mkdtemp(join(tmpdir(), 'runctl-dashboard-'));
    await bundle(folder);
    const server = await serve(folder);
    const context = await launchBrowser(join(folder, 'profile'));
    const page = context.pages()[0] ?? (await context.newPage());
    const harness = new DashboardHarness(folder, server, context, page);
    await harness.connect();
    return harness;
  }

  get dashboard(): DashboardSession {
    if (this.session === undefined) {
      throw new Error('the page is not open');
    }
    return this.session;
  }

  /** Opens the page anew; what it kept stays unless `state` replaces it. */
  async open(snapshot: AccountSnapshot | null, state?: unknown): Promise<void> {
    this.session?.dispose();
    this.shown = snapshot;
    this.posted.length = 0;
    this.commands.length = 0;
    if (state !== undefined) {
      await this.page.goto(`${this.origin}/blank`);
      await this.page.evaluate(`sessionStorage.setItem('state', ${quote(state)})`);
    }
    this.clock = new FakeClock(NOW);
    this.session = new DashboardSession({
      source: {
        snapshot: () => this.shown,
        onDidChange: this.changes.event,
        series: (runId, names) => Promise.resolve(names.map((name) => curve(runId, name))),
        seriesNames: () => Promise.resolve(this.series),
      },
      clock: this.clock,
      logger: NULL_LOGGER,
      post: (message) => {
        this.posted.push(message);
        void this.page.evaluate(`window.postMessage(${JSON.stringify(message)}, '*')`);
      },
      command: (command, runId) => {
        this.commands.push([command, runId]);
        return Promise.resolve();
      },
    });
    await this.page.goto(`${this.origin}/?${this.pages()}`);
    await this.page.locator('main > *').first().waitFor();
  }

  /** Something changed; the patch is sent at once. */
  async change(snapshot: AccountSnapshot): Promise<void> {
    this.shown = snapshot;
    this.changes.fire(undefined);
    await this.clock.advance(PATCH_MS);
  }

  async theme(kind: string, theme: Theme): Promise<void> {
    await this.page.evaluate(themeScript(kind, theme));
    // The toolkit reads the theme a moment later than the style sheet.
    await this.page.evaluate(NEXT_FRAMES);
  }

  async screenshot(name: string): Promise<string> {
    await mkdir(RESULTS, { recursive: true });
    const path = join(RESULTS, `dashboard-${name}.png`);
    await this.page.screenshot({ path, fullPage: true });
    return path;
  }

  async dispose(): Promise<void> {
    this.session?.dispose();
    await this.context.close();
    await new Promise((resolve) => this.server.close(resolve));
    await rm(this.folder, { recursive: true, force: true });
  }

  private opened = 0;

  private pages(): number {
    this.opened += 1;
    return this.opened;
  }

  private async connect(): Promise<void> {
    const { page } = this;
    await page.exposeFunction('toHost', (message: unknown) => this.session?.receive(message));
    await page.exposeFunction('violated', (text: string) => this.violations.push(text));
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
    await page.addInitScript(`
      window.acquireVsCodeApi = () => {
        window.acquireVsCodeApi = () => { throw new Error('asked for twice'); };
        return {
          postMessage: (message) => void window.toHost(message),
          getState: () => JSON.parse(sessionStorage.getItem('state') ?? 'null') ?? undefined,
          setState: (state) => sessionStorage.setItem('state', JSON.stringify(state)),
        };
      };
      document.addEventListener('securitypolicyviolation', (event) => {
        window.violated(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample);
      });
      document.addEventListener('DOMContentLoaded', () => { ${themeScript('vscode-dark', DARK)} });
    `);
  }
}

function quote(value: unknown): string {
  return JSON.stringify(JSON.stringify(value));
}

// As VS Code does it: variables on the root, the kind on the body.
function themeScript(kind: string, theme: Theme): string {
  return `{
    const root = document.documentElement;
    for (const name of [...root.style]) root.style.removeProperty(name);
    for (const [name, value] of Object.entries(${JSON.stringify(theme)})) {
      root.style.setProperty('--vscode-' + name, value);
    }
    document.body.className = ${JSON.stringify(kind)};
    document.body.dataset.vscodeThemeKind = ${JSON.stringify(kind)};
  }`;
}

/** With the options of the real build, into a folder of its own. */
async function bundle(outdir: string): Promise<void> {
  await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: { dashboard: 'webview-ui/dashboard/main.ts' },
    outdir,
    bundle: true,
    format: 'esm',
    splitting: true,
    minify: true,
    platform: 'browser',
    target: 'chrome128',
    tsconfig: 'webview-ui/tsconfig.json',
    logLevel: 'warning',
  });
}

async function serve(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const name = basename(url.pathname);
    if (name === '') {
      response.setHeader('content-type', 'text/html');
      response.end(html(`http://${request.headers.host ?? ''}`));
      return;
    }
    readFile(join(folder, name)).then(
      (content) => {
        response.setHeader('content-type', TYPES[extname(name)] ?? 'text/plain');
        response.end(content);
      },
      () => response.writeHead(name === 'blank' || name === 'favicon.ico' ? 200 : 404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function html(origin: string): string {
  return dashboardHtml({
    nonce: 'dGVzdC1ub25jZQ',
    cspSource: origin,
    script: `${origin}/dashboard.js`,
    style: `${origin}/dashboard.css`,
    language: 'en',
    title: 'runctl Dashboard',
  });
}
