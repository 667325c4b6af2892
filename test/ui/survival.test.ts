import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, afterEach, before, describe, it } from 'mocha';
import { waitFor } from '../../scripts/lib/process.ts';
import { endDigits, logFile, setPace, startDigits, stepsOf } from '../support/digits.ts';
import type { Scenario } from '../support/scenario.ts';
import {
  channelName,
  keepPicture,
  launch,
  openFirstWindow,
  waitForRow,
  waitForWholeLog,
  waitUntil,
} from '../support/story.ts';
import type { VsCodeWindow } from '../support/vscode-window.ts';

describe('A run outlives what watches it', () => {
  let scenario: Scenario;
  let window: VsCodeWindow;
  let second: VsCodeWindow | undefined;
  let run: string;

  before(async function () {
    this.timeout(180_000);
    scenario = await startDigits('survival');
    window = await openFirstWindow(scenario);
  });

  afterEach(async function () {
    await keepPicture(this, 'survival', window, second);
  });

  after(() => endDigits(scenario));

  it('goes on when the extension host is killed, and is there in the next one', async () => {
    run = await launch(scenario, window, 'story');
    await waitForRow(window.tree('Runs'), /^story running · \d+% · loss /);
    await window.killExtensionHost();
    const written = await steps();
    await window.waitForActivation(2);
    await waitForRow(window.tree('Runs'), /^story running · \d+% · loss /);
    await waitFor('more steps', async () => (await steps()) > written + 10 || undefined);
    await setPace(scenario.workspace, 'held');
    await waitForWholeLog(scenario, 'story', run);
  });

  it('is shown by every window, also after its ledger was deleted', async () => {
    second = await scenario.openWindow();
    await second.waitForActivation(3);
    await second.openContainer('runctl');
    await waitForRow(second.tree('Runs'), /^story running · /);
    const ledger = globSync('**/ledger.sqlite', { cwd: scenario.dataDir });
    assert.equal(ledger.length, 1);
    for (const name of globSync('**/ledger.sqlite*', { cwd: scenario.dataDir })) {
      await rm(join(scenario.dataDir, name));
    }
    await setPace(scenario.workspace, 'watched');
    for (const one of [window, second]) {
      await one.waitForChannel('runctl', /\[rebuild\] 1 runs found on local/);
      await waitForRow(one.tree('Runs'), /^story running · \d+% · loss /);
      await one.tree('Runs').expand('story');
      await waitForRow(one.tree('Runs'), /^step-000045\.ckpt step 45 · epoch 1/);
    }
    await waitUntil(/Profile story .*of 540/, () => window.tree('Runs').tooltip('story'));
  });

  it('stopped in one window it is stopped in the other, its log whole', async () => {
    assert.ok(second);
    await second.tree('Runs').inlineAction('story', 'Stop Run');
    for (const one of [second, window]) {
      await waitForRow(one.tree('Runs'), /^story stopped · /);
      await waitUntil('', () => one.badge('runctl'));
    }
    await waitForWholeLog(scenario, 'story', run);
    const all = stepsOf(logFile(scenario, run));
    assert.deepEqual(all, all.map((_, index) => index + 1));
    // From the first step on: the new ledger has no hole where the old one was lost.
    await waitFor('every loss in the ledger', () => losses() === all.length || undefined);
    assert.match(window.channel(channelName('story', run)), /stopped after step \d+ of 540/);
  });

  function losses(): unknown {
    const [path = ''] = globSync('**/ledger.sqlite', { cwd: scenario.dataDir });
    const ledger = new DatabaseSync(join(scenario.dataDir, path), { readOnly: true });
    try {
      return ledger.prepare("SELECT points FROM metric_series WHERE name = 'loss'").get()?.['points'];
    } finally {
      ledger.close();
    }
  }

  function steps(): Promise<number> {
    return Promise.resolve(stepsOf(logFile(scenario, run)).length);
  }
});
