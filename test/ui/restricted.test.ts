import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { endDigits, logFile, runIds, startDigits } from '../support/digits.ts';
import type { Scenario } from '../support/scenario.ts';
import {
  keepPicture,
  launch,
  newRun,
  openFirstWindow,
  waitForRow,
  waitUntil,
} from '../support/story.ts';
import type { VsCodeWindow } from '../support/vscode-window.ts';

const TRUST = {
  'security.workspace.trust.enabled': true,
  'security.workspace.trust.startupPrompt': 'never',
  // The editor of trust would lie over the window.
  'workbench.editor.useModal': 'off',
};

const LAUNCHING = ['Launch Training', 'Run This File', 'Resume Run', 'Create Config', 'Clean Up'];

describe('A window without trust, or without a folder', () => {
  let scenario: Scenario;
  let window: VsCodeWindow;
  let other: VsCodeWindow;
  let run: string;

  before(async function () {
    this.timeout(180_000);
    scenario = await startDigits('restricted', { settings: TRUST });
    window = await openFirstWindow(scenario);
    other = window;
  });

  afterEach(async function () {
    await keepPicture(this, 'restricted', window, other);
  });

  after(() => endDigits(scenario));

  it('Restricted Mode says what trust would enable, and offers to start nothing', async () => {
    await waitUntil(
      /shows runs but starts none.*enables launching, resuming and cleaning up.*Manage Trust/,
      () => window.tree('Runs').welcome(),
    );
    await window.openFile('.runctl.toml');
    assert.deepEqual(await launchingCommands(window), []);
    await window.screenshots('restricted');
    assert.equal(await window.page.locator('.codelens-decoration a').count(), 0);
  });

  it('a window without a folder says what to do, and runs a single script', async () => {
    other = await scenario.openWindow(null);
    await other.openContainer('runctl');
    await waitUntil(/Open the folder with your training code/, () => other.tree('Runs').welcome());
    await other.screenshot('no-folder');
    const script = join(scenario.folder, 'single.py');
    await writeFile(script, 'import os\nprint("in", os.getcwd())\n');
    await other.page.keyboard.press('ControlOrMeta+P');
    await other.quickInput.pickAfterTyping(script, 'single.py');
    await other.page.locator('.tab', { hasText: 'single.py' }).waitFor();
    run = await newRun(scenario, () => other.quickInput.runCommand('runctl: Run This File'));
    await waitForRow(other.tree('Runs'), /^single\.py succeeded/);
    assert.equal(logFile(scenario, run), `in ${scenario.folder}\n`);
    await other.close();
  });

  it('Restricted Mode shows the runs of this computer all the same', async () => {
    await waitForRow(window.tree('Runs'), /^single\.py succeeded/);
    await window.tree('Runs').select('single.py');
    await waitUntil(/^in \//, async () => (await window.panels.outputOnScreen()).join('\n'));
    assert.deepEqual(await launchingCommands(window), []);
    assert.deepEqual(runIds(scenario), [run]);
  });

  it('launches as soon as the workspace is trusted', async () => {
    await window.quickInput.runCommand('Workspaces: Manage Workspace Trust');
    const editor = window.page.locator('.workspace-trust-editor');
    await editor.getByRole('button', { name: 'Trust', exact: true }).click();
    await editor.getByText('You trust this folder').waitFor();
    await waitUntil(/Launch Training/, async () => (await launchingCommands(window)).join('\n'));
    run = await launch(scenario, window, 'story');
    await waitForRow(window.tree('Runs'), /^story running/);
    await window.tree('Runs').inlineAction('story', 'Stop Run');
    await waitForRow(window.tree('Runs'), /^story stopped/);
  });

  async function launchingCommands(one: VsCodeWindow): Promise<string[]> {
    const offered: string[] = [];
    // By name, since the palette has only the rows that are in sight.
    for (const name of LAUNCHING) {
      const rows = await one.quickInput.offeredCommands(`runctl: ${name}`);
      offered.push(...rows.filter((row) => row.includes(`runctl: ${name}`)));
    }
    return offered;
  }
});
