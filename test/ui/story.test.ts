import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import { channelTexts } from '../support/channel-log.ts';
import { pixelsOf } from '../support/dashboard/page-checks.ts';
import { endDigits, logFile, runIds, setPace, startDigits, stepsOf } from '../support/digits.ts';
import type { Scenario } from '../support/scenario.ts';
import {
  channelName,
  keepPicture,
  newRun,
  openFirstWindow,
  waitForRow,
  waitForWholeLog,
  waitUntil,
} from '../support/story.ts';
import type { VsCodeWindow } from '../support/vscode-window.ts';

describe('A training from the palette to its end', () => {
  let scenario: Scenario;
  let window: VsCodeWindow;
  let run: string;
  let resumed: string;

  before(async function () {
    this.timeout(180_000);
    scenario = await startDigits('story');
    window = await openFirstWindow(scenario);
  });

  afterEach(async function () {
    await keepPicture(this, 'story', window);
  });

  after(() => endDigits(scenario));

  it('is launched in four steps, of which each can be taken back', async () => {
    const { quickInput } = window;
    await quickInput.runCommand('runctl: Launch Training');
    await quickInput.waitFor('Where should it run?');
    assert.match(await quickInput.heading(), /Launch Training \(1\/4\)/);
    await quickInput.pick('Local');
    await quickInput.waitFor('On which machine?');
    assert.match(await quickInput.heading(), /\(2\/4\)/);
    await quickInput.pick('$0.00/h');
    await quickInput.waitFor('What should run?');
    assert.match(await quickInput.heading(), /\(3\/4\)/);
    await quickInput.back();
    await quickInput.waitFor('On which machine?');
    await quickInput.pick('$0.00/h');
    await quickInput.waitFor('What should run?');
    await quickInput.pick('story');
    await quickInput.waitFor('Launch this?');
    const summary = (await quickInput.rows()).join('\n');
    assert.match(summary, /Launch story on .*train\.py --epochs 12/);
    assert.match(summary, /Price\s*\$0\.00\/h/);
    assert.ok(summary.includes(scenario.workspace), summary);
    await window.screenshots('story-summary');
    // A fact of the summary is no button.
    await quickInput.pick('Price');
    assert.deepEqual(runIds(scenario), []);
    run = await newRun(scenario, () => quickInput.pick('Launch story on'));
  });

  it('streams its log into an output channel of its own', async () => {
    await window.waitForChannel(channelName('story', run), 'step=20 ');
    await waitUntil(/step=\d+ epoch=1 loss=/, async () =>
      (await window.panels.outputOnScreen()).join('\n'),
    );
  });

  it('shows progress, loss and checkpoints in the Runs tree', async () => {
    const tree = window.tree('Runs');
    await waitForRow(tree, /^story running · \d+% · loss \d\S* · \d+s$/);
    await tree.row('story').locator('.monaco-tl-twistie.collapsible').waitFor();
    await tree.expand('story');
    await waitForRow(tree, /^step-000045\.ckpt step 45 · epoch 1 · .* KB/);
    await waitUntil(/train\.py --epochs 12.*of 540/, () => tree.tooltip('story'));
  });

  it('is counted by the badge and the status bar', async () => {
    await waitUntil('1', () => window.badge('runctl'));
    assert.deepEqual(await window.panels.statusBar(), ['$0.00/h · 1 run']);
    await window.openFile('train.py');
    await setPace(scenario.workspace, 'held');
    await window.screenshots('story-running');
    await setPace(scenario.workspace, 'watched');
  });

  it('goes on in the log after a reload, with no line lost or doubled', async () => {
    const before = channelTexts(scenario.dataDir, channelName('story', run)).at(-1) ?? '';
    await window.reload();
    await window.waitForActivation(2);
    // More is written while the new window looks on.
    const seen = stepsOf(logFile(scenario, run)).length;
    await waitUntil(new RegExp(`step=${seen + 20} `), () =>
      channelTexts(scenario.dataDir, channelName('story', run)).slice(1).join(''),
    );
    await window.screenshot('story-reloaded');
    await setPace(scenario.workspace, 'held');
    await waitForWholeLog(scenario, 'story', run);
    const steps = stepsOf(logFile(scenario, run));
    assert.deepEqual(steps, steps.map((_, index) => index + 1));
    assert.ok(logFile(scenario, run).startsWith(before), 'the first window had all in order too');
    await setPace(scenario.workspace, 'watched');
  });

  it('stops by the button on its row, after it has saved', async () => {
    await window.openContainer('runctl');
    const tree = window.tree('Runs');
    await tree.inlineAction('story', 'Stop Run');
    await waitForRow(tree, /^story stopped · /);
    await waitUntil('', () => window.badge('runctl'));
    assert.deepEqual(await window.panels.statusBar(), ['$0.00/h']);
    const log = logFile(scenario, run);
    assert.match(log, /saved \S*step-\d{6}\.ckpt\nstopped after step \d+ of 540\n$/);
    await waitForWholeLog(scenario, 'story', run);
  });

  it('resumes from the checkpoint that is picked, with its next step', async () => {
    const tree = window.tree('Runs');
    await tree.expand('story');
    resumed = await newRun(scenario, () =>
      tree.inlineAction('step-000045.ckpt', 'Resume from Here'),
    );
    await waitForRow(tree, /^story running/);
    await waitUntil(/Resumed from.*step-000045\.ckpt/, () => tree.tooltip('story'));
    await window.waitForChannel(channelName('story', resumed), 'step=50 ');
    assert.match(logFile(scenario, resumed), /^resumed from \S*step-000045\.ckpt after step 45$/m);
    assert.equal(stepsOf(logFile(scenario, resumed))[0], 46);
  });

  it('ends as succeeded, its log whole', async () => {
    await setPace(scenario.workspace, 'fast');
    const tree = window.tree('Runs');
    await waitForRow(tree, /^story succeeded · loss /);
    const steps = stepsOf(logFile(scenario, resumed));
    assert.deepEqual([steps[0], steps.at(-1), steps.length], [46, 540, 495]);
    await waitForWholeLog(scenario, 'story', resumed);
    assert.equal(await window.badge('runctl'), '');
  });

  it('lies in the dashboard with the other one, their losses drawn', async () => {
    await window.quickInput.runCommand('runctl: Open Dashboard');
    await checkDashboard();
    await window.quickInput.runCommand('View: Hide Panel');
    await window.screenshots('story-dashboard');
    await window.reloadByCommand();
    await window.waitForActivation(3);
    await checkDashboard();
    assert.deepEqual(window.policyViolations(), []);
  });

  async function checkDashboard(): Promise<void> {
    const page = window.webview();
    await page.locator('table.runs tbody tr').nth(1).waitFor();
    const states = await page.locator('table.runs .state').allInnerTexts();
    assert.deepEqual(states, ['succeeded', 'stopped']);
    await page.locator('.chart[data-series="loss"] canvas').waitFor();
    const pixels = page.locator('body');
    await waitUntil(/\d/, async () => String(await pixels.evaluate(pixelsOf('loss'))));
  }
});
