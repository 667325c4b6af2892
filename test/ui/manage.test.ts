import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { endDigits, runDirectory, setPace, startDigits } from '../support/digits.ts';
import type { Scenario } from '../support/scenario.ts';
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

// Busy at first, since a machine tells of its busiest processes only.
const COLOURS = `
[runs.colours]
command = ["sh", "-c", '''
printf '\\033[31mred words\\033[0m\\n'
until [ -e calm ]; do :; done
until [ -e end ]; do sleep 0.1; done
''']
`;

const SETTINGS = {
  'runctl.notifications.runEnd': 'always',
  'terminal.integrated.gpuAcceleration': 'off',
};

const SECRET = 'a-key-that-nobody-may-see';

describe('Runs are looked after', () => {
  let scenario: Scenario;
  let window: VsCodeWindow;
  let tree: TreeView;
  let first: string;
  let second: string;

  before(async function () {
    this.timeout(180_000);
    scenario = await startDigits('manage', { settings: SETTINGS });
    await appendFile(join(scenario.workspace, '.runctl.toml'), COLOURS);
    await setPace(scenario.workspace, 'fast');
    window = await openFirstWindow(scenario);
    tree = window.tree('Runs');
  });

  afterEach(async function () {
    await keepPicture(this, 'manage', window);
  });

  after(() => endDigits(scenario));

  it('a message tells the end of a run, once', async () => {
    first = await launch(scenario, window, 'story');
    await waitForMessage(window, /^story: /);
    const [message, ...more] = await window.panels.notifications();
    assert.deepEqual(message?.buttons, ['Show Log']);
    assert.deepEqual(more, []);
    await window.quickInput.runCommand('Notifications: Clear All Notifications');
  });

  it('a run gets a better name and a note', async () => {
    await tree.contextMenu('story', 'Rename Run');
    await window.quickInput.type('first try');
    await waitForRow(tree, /^first try succeeded/);
    // Nothing of it may become an icon or a link.
    const odd = 'a [b](http://x) $(rocket)';
    await tree.contextMenu('first try', 'Rename Run');
    await window.quickInput.type(odd);
    await waitForRow(tree, /^a \[b\]\(http:\/\/x\) \$\(rocket\) succeeded/);
    assert.ok((await tree.tooltip('a [b]')).startsWith(odd));
    assert.equal(await window.page.locator('.monaco-hover').locator('a, .codicon').count(), 0);
    await tree.contextMenu('a [b]', 'Rename Run');
    await window.quickInput.type('first try');
    await waitForRow(tree, /^first try succeeded/);
    await tree.contextMenu('first try', 'Edit Note');
    await window.quickInput.type('the baseline');
    await waitUntil(/the baseline/, () => tree.tooltip('first try'));
  });

  it('a log shows in a terminal with its colours', async () => {
    second = await launch(scenario, window, 'colours');
    await waitForRow(tree, /^colours running/);
    await tree.contextMenu('colours', 'Show Log in Terminal');
    await window.page.locator('.xterm-rows .xterm-fg-1', { hasText: 'red words' }).waitFor();
    await window.screenshots('manage-terminal');
  });

  it('the full log opens masked, named after its run, follows it, and cannot be changed', async () => {
    const log = join(runDirectory(scenario, second), 'log');
    await appendFile(log, 'token hf_abcdefghijklmnopqrstuvwxyz\n');
    await tree.contextMenu('colours', 'Open Full Log');
    const tab = window.page.locator('.tab.active');
    await tab.filter({ hasText: `colours · ${second.slice(-6)}.log` }).waitFor();
    await waitUntil(/token \*\*\*/, documentText);
    await appendFile(log, 'one more line\n');
    await waitUntil(/one more line/, documentText);
    const before = await readFile(log, 'utf8');
    await window.page.locator('.editor-instance .view-lines').first().click();
    await window.page.keyboard.type('typed');
    await window.quickInput.runCommand('File: Save');
    assert.doesNotMatch(await documentText(), /typed/);
    assert.equal(await readFile(log, 'utf8'), before);
    await window.screenshots('manage-full-log');
  });

  it('a full log is there again after a reload, and says so when its file is gone', async () => {
    await window.reloadByCommand();
    await waitUntil(/one more line/, documentText);
    const log = join(runDirectory(scenario, first), 'log');
    await rename(log, `${log}.away`);
    await window.tree('Runs').contextMenu('first try', 'Open Full Log');
    await waitForMessage(window, /^The log is gone: there is no file .*log any more/);
    await rename(`${log}.away`, log);
    await window.quickInput.runCommand('Notifications: Clear All Notifications');
  });

  it('what runs on the machine shows with the run it belongs to', async () => {
    await window.quickInput.runCommand('runctl: Show Processes');
    await waitUntil(new RegExp(`PID +USER[^]*${second}`), documentText);
    await writeFile(join(scenario.workspace, 'calm'), '');
    await window.screenshots('manage-processes');
  });

  it('the filter leaves the runs that fit, and is cleared by a button', async () => {
    await window.quickInput.runCommand('runctl: Filter Runs');
    await window.quickInput.type('BASELINE');
    await waitUntil('first try', async () => (await labels()).join());
    await tree.titleAction('Clear Filter');
    await waitUntil('colours,first try', async () => (await labels()).join());
    await tree.titleAction('Filter Runs');
    await window.quickInput.type('no such run');
    await waitUntil(/No run matches the filter/, () => tree.welcome());
    await tree.titleAction('Clear Filter');
    await waitUntil('colours,first try', async () => (await labels()).join());
  });

  it('two runs are compared side by side', async () => {
    await window.quickInput.runCommand('runctl: Compare Runs');
    await window.quickInput.pick('first try');
    await window.quickInput.waitFor('Compare first try with which run?');
    await window.quickInput.pick('colours');
    const diff = window.page.locator('.monaco-diff-editor');
    await diff.waitFor();
    await waitUntil(/state: succeeded[^]*state: running/, async () =>
      (await diff.locator('.view-lines').allInnerTexts()).join('\n').replaceAll('\u00a0', ' '),
    );
    await window.screenshots('manage-compare');
  });

  it('checkpoints are cleaned up after a look at what would go', async () => {
    const all = checkpoints();
    await tree.contextMenu('first try', 'Clean Up Checkpoints');
    const { message } = await window.panels.dialog();
    const count = Number(/Delete (\d+) checkpoints of first try\?/.exec(message)?.[1]);
    assert.ok(count > 0, message);
    await window.screenshot('manage-clean-up');
    assert.match(await documentText(), /delete .*step-000045\.ckpt[^]*keep .*final\.ckpt/);
    await window.panels.answerDialog('Cancel');
    assert.deepEqual(checkpoints(), all);
    await tree.contextMenu('first try', 'Clean Up Checkpoints');
    await window.panels.answerDialog('Delete');
    await waitForMessage(window, new RegExp(`Deleted ${count} checkpoints, .* freed; 0 left alone`));
    assert.equal(checkpoints().length, all.length - count);
    assert.ok(!checkpoints().includes('step-000045.ckpt'));
  });

  it('diagnostics name what is kept and hide what it is, until it is forgotten', async () => {
    const { quickInput } = window;
    await quickInput.runCommand('runctl: Set Secret');
    await quickInput.waitFor('Set Secret');
    await quickInput.type('WANDB_API_KEY');
    await quickInput.waitFor('Secret WANDB_API_KEY');
    await quickInput.type(SECRET);
    await quickInput.waitUntilClosed();
    await quickInput.runCommand('runctl: Collect Diagnostics');
    const text = await waitUntil(/Secrets: WANDB_API_KEY[^]*Settings that differ/, documentText);
    assert.ok(!text.includes(SECRET), text);
    assert.match(text, /runctl\.notifications\.runEnd: "always" \(user\)/);
    await window.screenshot('manage-diagnostics');
    await quickInput.runCommand('runctl: Forget Keys');
    await quickInput.pick('WANDB_API_KEY');
    await window.page.locator('.quick-input-widget').getByRole('button', { name: 'OK' }).click();
    await quickInput.waitUntilClosed();
    await quickInput.runCommand('runctl: Forget Keys');
    await waitForMessage(window, /No secret is kept/);
  });

  it('only an ended run can be deleted, after a question, and keeps its checkpoints', async () => {
    await tree.row('colours').click({ button: 'right' });
    const items = window.page.locator('.context-view .action-label');
    await items.filter({ hasText: 'Rename Run' }).waitFor();
    assert.equal(await items.filter({ hasText: 'Delete Run' }).count(), 0);
    await window.page.keyboard.press('Escape');
    await tree.contextMenu('first try', 'Delete Run');
    assert.match((await window.panels.dialog()).message, /Delete first try with its log.*stay/);
    await window.panels.answerDialog('Cancel');
    assert.deepEqual(await labels(), ['colours', 'first try']);
    const left = checkpoints();
    await tree.contextMenu('first try', 'Delete Run');
    await window.panels.answerDialog('Delete');
    await waitUntil('colours', async () => (await labels()).join());
    assert.ok(!existsSync(runDirectory(scenario, first)));
    assert.deepEqual(checkpoints(), left);
    await writeFile(join(scenario.workspace, 'end'), '');
    await waitForRow(tree, /^colours succeeded/);
  });

  async function labels(): Promise<string[]> {
    return (await tree.rows()).filter(({ level }) => level === 1).map(({ label }) => label);
  }

  async function documentText(): Promise<string> {
    const lines = window.page.locator('.editor-instance .view-lines');
    return (await lines.allInnerTexts()).join('\n').replaceAll('\u00a0', ' ');
  }

  function checkpoints(): string[] {
    return globSync('*.ckpt', { cwd: join(scenario.workspace, 'checkpoints') }).sort();
  }
});
