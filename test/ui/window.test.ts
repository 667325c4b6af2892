import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import { isAlive } from '../../scripts/lib/process.ts';
import { Scenario } from '../support/scenario.ts';
import type { VsCodeWindow } from '../support/vscode-window.ts';

describe('A VS Code window with the packaged extension', () => {
  let scenario: Scenario;
  let window: VsCodeWindow;

  before(async function () {
    this.timeout(180_000);
    scenario = await Scenario.start('window');
    window = await scenario.openWindow();
  });

  after(() => scenario.dispose());

  it('activates the extension at start-up, which says so in its log', async () => {
    await window.waitForActivation(1);
    await window.waitForChannel('runctl', '[info]');
  });

  it('offers its commands in the palette under its category', async () => {
    const offered = await window.quickInput.offeredCommands('runctl launch');
    assert.ok(offered.some((row) => row.startsWith('runctl: Launch Training')), offered.join('; '));
  });

  it('shows its views from the activity bar in light, dark and high contrast', async () => {
    await window.openContainer('runctl');
    await window.tree('Runs').unfold();
    await window.tree('Resources').unfold();
    for (const path of await window.screenshots('window')) {
      // An empty page is a few kilobytes.
      assert.ok(statSync(path).size > 15_000, path);
    }
  });

  it('notices a breach of a content security policy', async () => {
    assert.deepEqual(window.policyViolations(), []);
    // As text: this file is compiled without the types of a page.
    await window.page.evaluate("document.createElement('img').src = 'gopher://nowhere.invalid'");
    await window.waitForPolicyViolation('nowhere.invalid');
  });

  it('comes back after a reload with a new extension host', async () => {
    const { hostPid } = window;
    await window.reload();
    assert.notEqual(window.hostPid, hostPid);
    await window.waitForActivation(2);
  });

  it('starts the extension again after its host was killed', async () => {
    const { hostPid } = window;
    await window.killExtensionHost();
    assert.equal(isAlive(hostPid), false);
    await window.waitForActivation(3);
  });

  it('opens a second window with a host of its own', async () => {
    const second = await scenario.openWindow();
    assert.notEqual(second.hostPid, window.hostPid);
    await second.waitForActivation(4);
    await second.close();
  });

  it('comes back after the server was restarted', async () => {
    await scenario.restartServer();
    await window.reload();
    await window.waitForActivation(5);
  });
});
