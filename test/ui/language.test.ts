import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import { endDigits, startDigits } from '../support/digits.ts';
import type { Scenario } from '../support/scenario.ts';
import { keepPicture, openFirstWindow, waitUntil } from '../support/story.ts';
import type { VsCodeWindow } from '../support/vscode-window.ts';

// A translation of a few texts: what it lacks stays English.
const GERMAN = {
  id: 'de',
  texts: {
    'Filter Runs': 'Läufe filtern',
    'Launch this?': 'Das starten?',
    'Launch {0} on {1}': '{0} auf {1} starten',
    '{0}/h': '{0} je Stunde',
    'your setting runctl.local.pricePerHour': 'laut Einstellung',
  },
};

describe('The display language', () => {
  let scenario: Scenario;
  let window: VsCodeWindow;

  before(async function () {
    this.timeout(180_000);
    scenario = await startDigits('language', { language: GERMAN });
    window = await openFirstWindow(scenario);
  });

  afterEach(async function () {
    await keepPicture(this, 'language', window);
  });

  after(() => endDigits(scenario));

  it('is that of what commands ask, as far as it is translated', async () => {
    await window.quickInput.runCommand('runctl: Filter Runs');
    await window.quickInput.waitFor('Läufe filtern');
    assert.match(await window.quickInput.heading(), /Words that must occur/);
    await window.quickInput.cancel();
  });

  it('is that of amounts and of the words around them', async () => {
    await waitUntil(/^0,00 \$ je Stunde$/, async () => (await window.panels.statusBar()).join('\n'));
  });

  it('is that of what the engine tells, which knows no VS Code', async () => {
    const { quickInput } = window;
    await quickInput.runCommand('runctl: Launch Training');
    await quickInput.pick('Local');
    await quickInput.pick('je Stunde');
    await quickInput.pickAfterTyping('story', 'story');
    await quickInput.waitFor('Das starten?');
    await waitUntil(/story auf \S+ starten[^]*laut Einstellung/, async () => (await quickInput.rows()).join('\n'));
    await window.screenshot('language-summary');
    await quickInput.cancel();
  });
});
