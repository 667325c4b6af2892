import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { endDigits, runIds } from '../support/digits.ts';
import { Scenario } from '../support/scenario.ts';
import {
  keepPicture,
  launch,
  openFirstWindow,
  waitForMessage,
  waitForRow,
  waitUntil,
} from '../support/story.ts';
import type { TreeView } from '../support/tree-view.ts';
import type { VsCodeWindow } from '../support/vscode-window.ts';

const SAVES = 'mkdir -p "$RUNCTL_CHECKPOINT_DIR"; for i in 1 2 3; do echo $i > "$RUNCTL_CHECKPOINT_DIR/step-$i.ckpt"; done';
const WAITS = 'while [ ! -e end ]; do sleep 0.1; done';

const profile = (name: string, script: string): string =>
  [`[runs.${name}]`, `command = ["sh", "-c", '''${script}''']`, `checkpoint_dir = "${name}"`, 'shared_directory = true', ''].join('\n');

const CONFIG = [profile('saver', `${SAVES}; ${WAITS}`), profile('empty', WAITS), profile('third', WAITS)].join('\n');

// The default; the rest of the tests turn it off or make it "always".
const SETTINGS = { 'runctl.notifications.runEnd': 'unfocused' };

describe('Several rows are acted on at once', () => {
  let scenario: Scenario;
  let window: VsCodeWindow;
  let runs: TreeView;
  let resources: TreeView;

  before(async function () {
    this.timeout(180_000);
    scenario = await Scenario.start('many', { settings: SETTINGS });
    for (const folder of ['east', 'west']) {
      await mkdir(join(scenario.workspace, folder));
      await writeFile(join(scenario.workspace, folder, 'train.py'), 'import torch\n');
    }
    window = await openFirstWindow(scenario);
    runs = window.tree('Runs');
    resources = window.tree('Resources');
  });

  afterEach(async function () {
    await keepPicture(this, 'many', window);
  });

  after(() => endDigits(scenario));

  it('Create Config asks which of several scripts trains', async () => {
    await window.quickInput.runCommand('runctl: Create Config');
    await window.quickInput.waitFor('Which script trains?');
    await window.quickInput.pick('west/train.py');
    const file = join(scenario.workspace, '.runctl.toml');
    await window.page.locator('.tab', { hasText: '.runctl.toml' }).waitFor();
    await waitUntil(/^command = "west\/train\.py"$/m, () => globSync(file).map((path) => readFileSync(path, 'utf8')).join(''));
    await writeFile(file, CONFIG);
  });

  it('checkpoints are deleted after one question that counts them', async () => {
    await launch(scenario, window, 'saver');
    await resources.unfold();
    await waitForRow(resources, /^saver running/);
    await resources.expand('saver');
    await waitForRow(resources, /^step-3\.ckpt step 3 .*(ago|just now)/);
    await resources.selectAll([/^\s*step-1\.ckpt/, /^\s*step-2\.ckpt/]);
    await resources.contextMenu(/^\s*step-2\.ckpt/, 'Copy Path');
    const paths = [1, 2].map((step) => join(scenario.workspace, 'saver', `step-${step}.ckpt`));
    await waitUntil(paths.join('\n'), async () =>
      (await clipboard()).split('\n').sort().join('\n'),
    );
    await resources.contextMenu(/^\s*step-2\.ckpt/, 'Delete Checkpoint');
    const { message } = await window.panels.dialog();
    assert.match(message, /Delete 2 checkpoints\?.*step-1\.ckpt.*frees 4 B and cannot be undone/);
    await window.panels.answerDialog('Delete');
    await waitUntil('step-3.ckpt', () => globSync('*.ckpt', { cwd: join(scenario.workspace, 'saver') }).join());
  });

  it('runs are stopped after one question that names what has saved nothing', async () => {
    await launch(scenario, window, 'empty');
    await launch(scenario, window, 'third');
    await waitForRow(runs, /^third running/);
    await waitForRow(runs, /^empty running/);
    await runs.selectAll(['saver', 'empty']);
    assert.deepEqual(await menuOf('empty'), [
      'Open Dashboard', 'Stop Run', 'Stop Now, Without Grace', 'Compare Runs…', 'Delete Run…',
    ]);
    await runs.contextMenu('empty', 'Stop Run');
    const { message } = await window.panels.dialog();
    assert.match(message, /Stop 2 runs\?.*Without any checkpoint so far: empty/);
    await window.screenshots('many-stop');
    await window.panels.answerDialog('Stop');
    await waitForRow(runs, /^saver stopped/);
    await waitForRow(runs, /^empty stopped/);
    await waitForRow(runs, /^third running/);
  });

  it('three runs are compared in one table', async () => {
    await runs.selectAll(['saver', 'empty', 'third']);
    await runs.contextMenu('third', 'Compare Runs');
    await waitUntil(/## Different[^]*\| state +\| running +\| stopped +\| stopped +\|[^]*## The same in all/, documentText);
    await window.screenshots('many-compare');
  });

  it('only ended runs are deleted, though an active one is selected with them', async () => {
    await runs.selectAll(['saver', 'empty', 'third']);
    await runs.contextMenu('third', 'Delete Run');
    const { message } = await window.panels.dialog();
    assert.match(message, /Delete 2 runs with their logs and metrics\?.*still active: third/);
    await window.panels.answerDialog('Delete');
    await waitUntil('third', async () =>
      (await runs.rows()).filter(({ level }) => level === 1).map(({ label }) => label).join(),
    );
    await waitForRow(runs, /^third running/);
    assert.equal(runIds(scenario).length, 1);
  });

  it('the end of a run is told when the window has not the focus, and not when it has', async () => {
    await window.quickInput.runCommand('Notifications: Clear All Notifications');
    // VS Code for the web hears of no change while the focus is on nothing in particular.
    await runs.select('third');
    await window.setFocused(false);
    await writeFile(join(scenario.workspace, 'end'), '');
    await waitForRow(runs, /^third succeeded/);
    const bell = window.page.locator('[id="status.notifications"] .codicon-bell-dot');
    await bell.waitFor();
    await window.setFocused(true);
    await waitForMessage(window, /^third: Finished with exit code 0$/);
    assert.equal((await window.panels.notifications()).length, 1);
    await window.quickInput.runCommand('Notifications: Clear All Notifications');
    await launch(scenario, window, 'empty');
    await waitForRow(runs, /^empty succeeded/);
    // What tells it comes right after what shows it; another such end proves that it passed.
    await launch(scenario, window, 'empty');
    await waitUntil(/^empty succeeded.*\nempty succeeded/, async () =>
      (await runs.rows()).map(({ label, description }) => `${label} ${description}`).join('\n'),
    );
    // The progress of the launch may still be fading away.
    const told = (await window.panels.notifications()).map(({ message }) => message);
    assert.deepEqual(told.filter((message) => !message.startsWith('Starting')), []);
  });

  async function menuOf(text: string): Promise<string[]> {
    await runs.row(text).click({ button: 'right' });
    const items = window.page.locator('.context-view .action-label:not(.separator)');
    await items.filter({ hasText: 'Delete Run' }).waitFor();
    const labels = await items.allInnerTexts();
    await window.page.keyboard.press('Escape');
    return labels.map((label) => label.trim()).filter((label) => label !== '');
  }

  async function clipboard(): Promise<string> {
    return await window.page.evaluate('navigator.clipboard.readText()');
  }

  async function documentText(): Promise<string> {
    const lines = window.page.locator('.editor-instance .view-lines');
    return (await lines.allInnerTexts()).join('\n').replaceAll('\u00a0', ' ');
  }
});
