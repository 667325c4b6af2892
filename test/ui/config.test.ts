import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { channelTexts } from '../support/channel-log.ts';
import { endDigits, filesWith, logFile, runDirectory, startDigits } from '../support/digits.ts';
import type { Scenario } from '../support/scenario.ts';
import {
  channelName,
  keepPicture,
  newRun,
  openFirstWindow,
  waitForMessage,
  waitForRow,
  waitUntil,
} from '../support/story.ts';
import type { VsCodeWindow } from '../support/vscode-window.ts';

const CONFIG = `[runs.quick]
command = "train.py"
args = ["--epochs", "1"]

[runs.fails]
command = ["sh", "-c", "echo it is broken; exit 3"]

[runs.waits]
command = ["sh", "-c", "while [ ! -e end ]; do sleep 0.1; done; echo it is over"]

[runs.secret]
command = ["sh", "-c", "echo token=$HF_TOKEN; while [ ! -e end ]; do sleep 0.1; done"]
secrets = ["HF_TOKEN"]
`;

const TASKS = {
  version: '2.0.0',
  tasks: ['fails', 'waits'].map((profile) => ({
    ...{ label: `the ${profile} task`, type: 'runctl', profile, problemMatcher: [] },
  })),
};

const SETTINGS = {
  'files.autoSave': 'off',
  // Text that is drawn on a canvas could not be read.
  'terminal.integrated.gpuAcceleration': 'off',
};

const SECRET = 'correct-horse-battery-staple';

describe('The configuration file in the editor', () => {
  let scenario: Scenario;
  let window: VsCodeWindow;
  let file: string;

  before(async function () {
    this.timeout(180_000);
    scenario = await startDigits('config', { settings: SETTINGS });
    file = join(scenario.workspace, '.runctl.toml');
    await rm(file);
    await mkdir(join(scenario.workspace, '.vscode'));
    await writeFile(join(scenario.workspace, '.vscode', 'tasks.json'), JSON.stringify(TASKS));
    window = await openFirstWindow(scenario);
  });

  afterEach(async function () {
    await keepPicture(this, 'config', window);
  });

  after(() => endDigits(scenario));

  it('is written by Create Config, ready to launch, and never written over', async () => {
    await waitUntil(/Create Config/, () => window.tree('Runs').welcome());
    await window.quickInput.runCommand('runctl: Create Config');
    await window.page.locator('.tab', { hasText: '.runctl.toml' }).waitFor();
    const starter = readFileSync(file, 'utf8');
    assert.match(starter, /^\[runs\.train\]\n(#.*\n)*command = "train\.py"$/m);
    await window.screenshots('config-starter');
    assert.doesNotMatch((await window.panels.problems()).join('\n'), /runctl/);
    const mine = `${starter}# mine\n`;
    await writeFile(file, mine);
    await window.quickInput.runCommand('runctl: Create Config');
    await waitForMessage(window, /already; it was left as it is/);
    assert.equal(readFileSync(file, 'utf8'), mine);
  });

  it('shows a broken line as a Problem on that line', async () => {
    await writeFile(file, '[runs.quick]\ncommand = "train.py\n');
    await waitUntil(/\[Ln 2, Col \d+\]/, async () => (await window.panels.problems()).join('\n'));
    await writeFile(file, '[runs.quick]\ncommand = "train.py"\nargz = []\n');
    await waitUntil(/argz.*\[Ln 3, Col 1\]/, async () => (await window.panels.problems()).join('\n'));
    await window.screenshots('config-problem');
    await writeFile(file, CONFIG);
    await waitUntil(/^(?![^]*\[Ln)/, async () => (await window.panels.problems()).join('\n'));
  });

  it('explains a key under the pointer and offers the keys that fit', async () => {
    const { page, quickInput } = window;
    await window.openFile('.runctl.toml');
    await page.keyboard.press('ControlOrMeta+Home');
    await page.keyboard.press('ArrowDown');
    await quickInput.runCommand('Show or Focus Hover');
    await waitUntil(/runctl|program|script/i, async () =>
      (await page.locator('.monaco-editor .monaco-hover').allInnerTexts()).join('\n'),
    );
    await page.keyboard.press('Escape');
    await page.keyboard.press('End');
    await page.keyboard.type('\nche');
    await quickInput.runCommand('Trigger Suggest');
    const offered = page.locator('.suggest-widget .monaco-list-row');
    await waitUntil(/checkpoint_dir/, async () => (await offered.allInnerTexts()).join('\n'));
    await window.screenshot('config-completion');
    await page.keyboard.press('Escape');
    await quickInput.runCommand('File: Revert File');
  });

  it('launches a profile by the word over it', async () => {
    const lens = window.page.locator('.codelens-decoration a', { hasText: 'Launch' });
    await lens.first().waitFor();
    const run = await newRun(scenario, () => lens.first().click());
    await waitForRow(window.tree('Runs'), /^quick /);
    await window.waitForChannel(channelName('quick', run), 'training on');
    await waitForRow(window.tree('Runs'), /^quick succeeded/);
  });

  it('runs a profile as a task that ends with its exit code', async () => {
    await runTask('the fails task');
    await terminalShows(/it is broken[^]*exit code: 3/);
    await waitForRow(window.tree('Runs'), /^fails failed/);
  });

  it('lets the run of a task go on when its terminal is closed', async () => {
    const run = await newRun(scenario, () => runTask('the waits task'));
    await terminalShows(/Closing this terminal does not stop it/);
    await window.quickInput.runCommand('Terminal: Kill All Terminals');
    await window.page.locator('.terminal-wrapper').first().waitFor({ state: 'hidden' });
    await writeFile(join(scenario.workspace, 'end'), '');
    await waitForRow(window.tree('Runs'), /^waits succeeded/);
    assert.match(logFile(scenario, run), /it is over/);
    await rm(join(scenario.workspace, 'end'));
  });

  it('a window of several folders launches each profile in its own', async () => {
    const file = join(scenario.folder, 'both.code-workspace');
    for (const name of ['east', 'west']) {
      await mkdir(join(scenario.folder, name));
      const config = `[runs.go-${name}]\ncommand = ["sh", "-c", "pwd"]\n`;
      await writeFile(join(scenario.folder, name, '.runctl.toml'), config);
    }
    const folders = ['east', 'west'].map((path) => ({ path }));
    await writeFile(file, JSON.stringify({ folders }));
    const both = await scenario.openWindow(file);
    await both.openContainer('runctl');
    await both.quickInput.runCommand('runctl: Launch Training');
    await both.quickInput.pick('Local');
    await both.quickInput.pick('/h');
    await both.quickInput.waitFor('What should run?');
    const rows = await waitUntil(/go-east\s*east[^]*go-west\s*west/, async () =>
      (await both.quickInput.rows()).join('\n'),
    );
    assert.doesNotMatch(rows, /quick/);
    await both.quickInput.pick('go-west');
    const run = await newRun(scenario, () => both.quickInput.pick('Launch go-west on'));
    await waitForRow(both.tree('Runs'), /^go-west succeeded/);
    assert.equal(logFile(scenario, run), `${join(scenario.folder, 'west')}\n`);
    await both.close();
  });

  it('asks for a secret once, gives it to the run and shows it nowhere', async () => {
    const { quickInput, panels } = window;
    const launch = async (): Promise<void> => {
      await quickInput.runCommand('runctl: Run This File');
      await quickInput.pick('secret');
    };
    await window.openFile('.runctl.toml');
    const first = await newRun(scenario, async () => {
      await launch();
      await quickInput.waitFor('Secret HF_TOKEN');
      await quickInput.type(SECRET);
    });
    await window.waitForChannel(channelName('secret', first), 'token=***');
    assert.equal(logFile(scenario, first), `token=${SECRET}\n`);
    await writeFile(join(scenario.workspace, 'end'), '');
    await waitForRow(window.tree('Runs'), /^secret succeeded/);
    await rm(join(scenario.workspace, 'end'));

    await window.openFile('.runctl.toml');
    const second = await newRun(scenario, launch);
    await window.waitForChannel(channelName('secret', second), 'token=***');
    // A window that did not start the run must know what to hide, too.
    await window.reload();
    await window.waitForActivation(3);
    await waitUntil('token=***\n', () => channels(second).at(-1) ?? '');
    await window.openContainer('runctl');
    await waitForRow(window.tree('Runs'), /^secret running/);
    await quickInput.runCommand('runctl: Collect Diagnostics');
    await window.page.locator('.tab', { hasText: 'runctl diagnostics' }).waitFor();
    assert.deepEqual(await panels.notifications(), []);
    const logs = [first, second].map((id) => join(runDirectory(scenario, id), 'log'));
    assert.deepEqual(await filesWith(scenario, SECRET), logs);
    assert.ok(!existsSync(join(runDirectory(scenario, first), 'secrets')));
  });

  function channels(run: string): string[] {
    return channelTexts(scenario.dataDir, channelName('secret', run));
  }

  async function runTask(label: string): Promise<void> {
    await window.quickInput.runCommand('Tasks: Run Task');
    await window.quickInput.pick(label);
  }

  async function terminalShows(pattern: RegExp): Promise<void> {
    const rows = window.page.locator('.terminal-wrapper.active .xterm-rows');
    await waitUntil(pattern, async () =>
      (await rows.allInnerTexts()).join('\n').replaceAll('\u00a0', ' '),
    );
  }
});
