import { globSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { RESULTS } from '../../scripts/lib/paths.ts';
import {
  installVsix,
  startTestServer,
  TEST_SETTINGS,
  writeSettings,
  type RunningServer,
} from '../../scripts/lib/running-server.ts';
import { ensureVsix } from '../../scripts/package.ts';
import { ensureServer } from '../../scripts/vscode-server.ts';
import { keepSecrets, launchBrowser, speak } from './browser.ts';
import { VsCodeWindow } from './vscode-window.ts';

export interface ScenarioOptions {
  /** User settings on top of the quiet defaults. */
  settings?: Record<string, unknown>;
  /** Extra environment of the server and so of the extension. */
  env?: NodeJS.ProcessEnv;
  /** Copied into the workspace folder first. */
  copyFrom?: string;
  /** Display language of the windows, and our texts in it by their English ones. */
  language?: { id: string; texts: Readonly<Record<string, string>> };
}

/**
 * A person's computer for one story: a VS Code server with the packaged extension,
 * a browser profile, a home folder and a workspace of their own. Windows may be
 * opened, reloaded and closed, and the server restarted, without losing state.
 */
export class Scenario {
  /** Everything of this scenario lies under it. */
  readonly folder: string;
  /** The workspace that windows open by default. */
  readonly workspace: string;
  /** `$HOME` of the extension and of what it starts. */
  readonly home: string;
  readonly dataDir: string;
  readonly name: string;
  private readonly env: NodeJS.ProcessEnv;
  private readonly language: ScenarioOptions['language'];
  private settings: Record<string, unknown>;
  private server: RunningServer | undefined;
  private context: BrowserContext | undefined;

  private constructor(name: string, folder: string, options: ScenarioOptions) {
    this.name = name;
    this.folder = folder;
    this.workspace = join(folder, 'workspace');
    this.home = join(folder, 'home');
    this.dataDir = join(folder, 'server');
    this.env = { HOME: this.home, RUNCTL_TEST: '1', ...options.env };
    this.settings = { ...TEST_SETTINGS, ...options.settings };
    this.language = options.language;
  }

  /** Installs the VSIX and starts the server; a few seconds. Always `dispose()` it. */
  static async start(name: string, options: ScenarioOptions = {}): Promise<Scenario> {
    const folder = await mkdtemp(join(tmpdir(), `runctl-${name}-`));
    const scenario = new Scenario(name, folder, options);
    for (const path of [scenario.workspace, scenario.home, scenario.dataDir]) await mkdir(path);
    if (options.copyFrom !== undefined) {
      await cp(options.copyFrom, scenario.workspace, { recursive: true });
    }
    await installVsix(await ensureServer(), 'test', scenario.dataDir, await ensureVsix());
    await scenario.addTexts();
    await scenario.startServer();
    return scenario;
  }

  /** Process id of the server, for {@link extensionHostPids}. */
  get serverPid(): number {
    return this.running().pid;
  }

  /** Opens a window on the workspace, another folder, a `.code-workspace`, or none (`null`). */
  async openWindow(folder: string | null = this.workspace): Promise<VsCodeWindow> {
    const { url } = this.running();
    if (!this.context) {
      this.context = await launchBrowser(join(this.folder, 'profile'));
      await keepSecrets(this.context, url);
      if (this.language) await speak(this.context, this.language.id);
    }
    return await VsCodeWindow.open(this.context, this, `${url}/`, folder);
  }

  /** Changes user settings; open windows take them over at once. `undefined` removes one. */
  async changeSettings(changes: Record<string, unknown>): Promise<void> {
    this.settings = { ...this.settings, ...changes };
    await writeSettings(this.dataDir, this.settings);
  }

  /** Ends the server with its extension hosts and starts it again on the same port. */
  async restartServer(): Promise<void> {
    const { port } = this.running();
    await this.running().stop();
    await this.startServer(port);
  }

  /** Ends browser and server and removes the scenario's folder; logs go to the results. */
  async dispose(): Promise<void> {
    await this.context?.close();
    await this.server?.stop();
    const kept = join(RESULTS, 'logs', this.name);
    await rm(kept, { recursive: true, force: true });
    await cp(join(this.dataDir, 'data', 'logs'), kept, { recursive: true }).catch(() => undefined);
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Puts a translation beside the installed extension's own texts. */
  private async addTexts(): Promise<void> {
    if (!this.language) return;
    const { id, texts } = this.language;
    const bundle = `extensions/runctl.runctl-*/l10n/bundle.l10n.json`;
    const [own] = globSync(bundle, { cwd: this.dataDir });
    if (own === undefined) throw new Error(`the installed extension has no ${bundle}`);
    const path = join(this.dataDir, dirname(own), `bundle.l10n.${id}.json`);
    await writeFile(path, JSON.stringify(texts));
  }

  private async startServer(port = 0): Promise<void> {
    const { dataDir, env, settings } = this;
    this.server = await startTestServer(await ensureServer(), { dataDir, env, settings, port });
  }

  private running(): RunningServer {
    if (!this.server) throw new Error('the server of this scenario is not running');
    return this.server;
  }
}
