import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrowserContext, CDPSession, FrameLocator, Page } from 'playwright-core';
import { RESULTS } from '../../scripts/lib/paths.ts';
import { waitFor } from '../../scripts/lib/process.ts';
import { channelText } from './channel-log.ts';
import { extensionHostPids } from './host-processes.ts';
import { Panels } from './panels.ts';
import { QuickInput } from './quick-input.ts';
import type { Scenario } from './scenario.ts';
import { TreeView } from './tree-view.ts';

/** The themes every screen is looked at in, and the class each gives the workbench. */
const THEMES = {
  light: { theme: 'Light Modern', mark: 'light_modern' },
  dark: { theme: 'Dark Modern', mark: 'dark_modern' },
  hc: { theme: 'Default High Contrast', mark: 'hc_black' },
} as const;

export type Theme = keyof typeof THEMES;

/** What the page said about a breach of a content security policy. */
export interface PolicyViolation {
  text: string;
  /** Of the document or script. A webview's names its extension. */
  url: string;
}

/** One open VS Code window, driven as a person would. */
export class VsCodeWindow {
  readonly page: Page;
  readonly quickInput: QuickInput;
  readonly panels: Panels;
  /** Every line of the browser console so far. */
  readonly consoleLines: string[] = [];
  private readonly scenario: Scenario;
  private readonly violations: PolicyViolation[] = [];
  private pid: number | undefined;
  private focus: CDPSession | undefined;
  private elsewhere: Page | undefined;

  private constructor(page: Page, scenario: Scenario) {
    this.page = page;
    this.scenario = scenario;
    this.quickInput = new QuickInput(page);
    this.panels = new Panels(page, this.quickInput);
    page.setDefaultTimeout(30_000);
    page.on('console', (message) => {
      const text = message.text();
      this.consoleLines.push(`${message.type()}: ${text}`);
      if (message.type() === 'error' && text.includes('Content Security Policy')) {
        this.violations.push({ text, url: message.location().url });
      }
    });
  }

  /** Called by {@link Scenario.openWindow}. */
  static async open(
    context: BrowserContext,
    scenario: Scenario,
    url: string,
    folder: string | null,
  ): Promise<VsCodeWindow> {
    const window = new VsCodeWindow(await context.newPage(), scenario);
    const query = queryOf(folder);
    await window.load(() => window.page.goto(`${url}?${new URLSearchParams(query).toString()}`));
    return window;
  }

  /** Process id of this window's extension host. */
  get hostPid(): number {
    if (this.pid === undefined) throw new Error('this window has no extension host');
    return this.pid;
  }

  /** Reloads the window: everything in the page and in its extension host is gone. */
  async reload(): Promise<void> {
    await this.load(() => this.page.reload());
  }

  /**
   * The same as a person does it: by the command, so that VS Code first keeps
   * which editors are open.
   */
  async reloadByCommand(): Promise<void> {
    await this.load(async () => {
      const loaded = this.page.waitForEvent('load', { timeout: 60_000 });
      await this.quickInput.runCommand('Developer: Reload Window');
      await loaded;
    });
  }

  /**
   * Waits until the extension was activated `times` times in this scenario (once for
   * each window, reload and new extension host); throws when an activation failed.
   */
  async waitForActivation(times = 1): Promise<void> {
    await waitFor(`activation ${times}`, () => {
      const log = this.channel('remoteexthost');
      const failure = /Activating extension runctl\.runctl failed[^]*/.exec(log);
      if (failure) throw new Error(failure[0].slice(0, 2000));
      return log.split('_doActivateExtension runctl.runctl,').length > times || undefined;
    });
  }

  /**
   * Takes the focus from the window, or gives it back: another page comes to the front.
   * Browsers that tests drive pretend that every page has the focus; that ends here.
   */
  async setFocused(focused: boolean): Promise<void> {
    // Its end would take the wish back.
    this.focus ??= await this.page.context().newCDPSession(this.page);
    await this.focus.send('Emulation.setFocusEmulationEnabled', { enabled: focused });
    if (focused) {
      await this.elsewhere?.close();
      this.elsewhere = undefined;
      await this.page.bringToFront();
    } else {
      this.elsewhere ??= await this.page.context().newPage();
      await this.elsewhere.bringToFront();
    }
    const state = `document.hasFocus() === ${focused}`;
    await waitFor(state, async () => (await this.page.evaluate<boolean>(state)) || undefined);
  }

  async close(): Promise<void> {
    await this.page.close();
  }

  /** Shows a container of the activity bar by its title. */
  async openContainer(title: string): Promise<void> {
    const item = this.page.locator(`.activitybar .action-item:has(a[aria-label^="${title}"])`);
    await item.waitFor();
    const shown = this.page.locator('.part.sidebar .composite.title', { hasText: title });
    const shows = (timeout: number): Promise<true | undefined> =>
      shown.waitFor({ timeout }).then(
        () => true as const,
        () => undefined,
      );
    // A click on a container that shows, or comes back just now, would hide it.
    await waitFor(`the container ${title}`, async () => {
      if (await shows(700)) return true;
      // Not its link: the badge may lie over it.
      await item.click();
      return await shows(3000);
    });
  }

  /** A tree in the side bar by the title of its pane, such as `Runs`. */
  tree(title: string): TreeView {
    return new TreeView(this.page, title);
  }

  /** Text of the badge on a container of the activity bar; empty without one. */
  async badge(title: string): Promise<string> {
    const item = this.page.locator(`.activitybar .action-item:has(a[aria-label^="${title}"])`);
    return (await item.locator('.badge-content').allInnerTexts()).join('').trim();
  }

  /** Opens a file of the workspace by name, through Quick Open. */
  async openFile(name: string): Promise<void> {
    await this.page.keyboard.press('ControlOrMeta+P');
    await this.quickInput.pickAfterTyping(name, name);
    const base = name.split('/').at(-1) ?? name;
    await this.page.locator('.tabs-container .tab', { hasText: base }).waitFor();
  }

  /** Waits for text anywhere on the page. */
  async waitForText(text: string | RegExp, timeoutMs = 30_000): Promise<void> {
    await this.page.getByText(text).first().waitFor({ timeout: timeoutMs });
  }

  /** Inside of the webview that is on screen (the only one, or the last). */
  webview(): FrameLocator {
    const outer = this.page.locator('iframe.webview.ready').last().contentFrame();
    return outer.locator('#active-frame').contentFrame();
  }

  /** All an output channel was given so far, in every window of the scenario. */
  channel(name: string): string {
    return channelText(this.scenario.dataDir, name);
  }

  async waitForChannel(name: string, text: string | RegExp, timeoutMs = 30_000): Promise<string> {
    const holds = (all: string): boolean =>
      typeof text === 'string' ? all.includes(text) : text.test(all);
    return await waitFor(
      `${String(text)} in the channel ${name}`,
      () => {
        const all = this.channel(name);
        return holds(all) ? all : undefined;
      },
      timeoutMs,
    );
  }

  /** Ends the extension host as a crash would, and waits until VS Code started another. */
  async killExtensionHost(): Promise<void> {
    const before = this.hostPids();
    process.kill(this.hostPid, 'SIGKILL');
    await this.findHost(before);
  }

  /** Changes the colour theme through the settings and waits until it shows. */
  async setTheme(theme: Theme): Promise<void> {
    const { theme: name, mark } = THEMES[theme];
    await this.scenario.changeSettings({ 'workbench.colorTheme': name });
    await this.page.locator(`.monaco-workbench[class*="${mark}"]`).waitFor();
  }

  /** Writes `test-results/screenshots/NAME.png` and returns its path. */
  async screenshot(name: string): Promise<string> {
    const folder = join(RESULTS, 'screenshots');
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${name}.png`);
    // Colours fade into each other when a theme changes.
    await this.page.screenshot({ path, animations: 'disabled' });
    return path;
  }

  /** The same screen in every theme: `NAME-light.png`, `NAME-dark.png`, `NAME-hc.png`. */
  async screenshots(name: string): Promise<string[]> {
    const paths: string[] = [];
    for (const theme of ['light', 'hc', 'dark'] as const) {
      await this.setTheme(theme);
      paths.push(await this.screenshot(`${name}-${theme}`));
    }
    return paths;
  }

  /** Breaches of a content security policy so far; `[]` is what a test asserts. */
  policyViolations(): readonly PolicyViolation[] {
    return this.violations;
  }

  /** Waits for a breach whose text holds some words: proof that breaches are noticed. */
  async waitForPolicyViolation(words: string): Promise<void> {
    await waitFor(`a policy violation about ${words}`, () =>
      this.violations.find(({ text }) => text.includes(words)),
    );
  }

  private async load(navigate: () => Promise<unknown>): Promise<void> {
    const before = this.hostPids();
    await navigate();
    await this.page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: 60_000 });
    await this.findHost(before);
  }

  /** Takes the extension host that was not there before for this window's. */
  private async findHost(before: readonly number[]): Promise<void> {
    this.pid = await waitFor('a new extension host', () =>
      this.hostPids().find((pid) => !before.includes(pid)),
    );
  }

  private hostPids(): number[] {
    return extensionHostPids(this.scenario.serverPid);
  }
}

/** Of the page's address: a folder, the file of a multi-root workspace, or nothing. */
function queryOf(path: string | null): Record<string, string> {
  if (path === null) return { ew: 'true' };
  return path.endsWith('.code-workspace') ? { workspace: path } : { folder: path };
}
