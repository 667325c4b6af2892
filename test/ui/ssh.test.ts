import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { channelTexts } from '../support/channel-log.ts';
import { endDigits, logFile, runIds, setPace, startDigits, stepsOf } from '../support/digits.ts';
import type { Scenario } from '../support/scenario.ts';
import { nameLab, setLabPace } from '../support/ssh/lab.ts';
import { SshBed } from '../support/ssh/ssh-bed.ts';
import {
  channelName,
  keepPicture,
  newRun,
  openFirstWindow,
  waitForMessage,
  waitForRow,
  waitForWholeLog,
  waitUntil,
} from '../support/story.ts';
import type { VsCodeWindow } from '../support/vscode-window.ts';

const TRUST = {
  'security.workspace.trust.enabled': true,
  'security.workspace.trust.startupPrompt': 'never',
};

describe('A training on a machine reached by SSH', () => {
  let bed: SshBed;
  let scenario: Scenario;
  let window: VsCodeWindow;
  let run: string;
  let resumed: string;
  /** Of the bed itself, to see whether sshd answers. */
  let first: number;

  before(async function () {
    this.timeout(180_000);
    bed = await SshBed.create({ config: ['LogLevel VERBOSE'] });
    first = await connections();
    scenario = await startDigits('ssh');
    await nameLab(scenario, bed);
    window = await openFirstWindow(scenario);
  });

  afterEach(async function () {
    await keepPicture(this, 'ssh', window);
  });

  after(async () => {
    await endDigits(scenario);
    await bed.dispose();
  });

  it('shows a machine that a file names, and does not contact it unasked', async () => {
    await waitForRow(window.tree('Resources'), /^lab not connected yet/);
    assert.equal(await connections(), first);
  });

  it('asks whether the machine may be used, and shows its key as its owner sees it', async () => {
    const { quickInput, panels } = window;
    await quickInput.runCommand('runctl: Launch Training');
    await quickInput.waitFor('Where should it run?');
    await window.screenshots('ssh-provider');
    await quickInput.pick('SSH');
    await quickInput.waitFor('On which machine?');
    await quickInput.pick('Add SSH Machine');
    await quickInput.waitFor('from your SSH configuration');
    await window.screenshot('ssh-add-machine');
    await quickInput.cancel();
    await quickInput.runCommand('runctl: Launch Training');
    await quickInput.waitFor('Where should it run?');
    await quickInput.pick('SSH');
    await quickInput.waitFor('On which machine?');
    await window.screenshots('ssh-machine');
    await quickInput.pick('lab');
    const use = await panels.dialog();
    assert.match(use.message, /Train on lab\?.*\.runctl\.toml/);
    await window.screenshots('ssh-confirm');
    assert.equal(await connections(), first);
    await panels.answerDialog('Use This Machine');
    await waitUntil(/Is this its key\?/, async () => (await panels.dialog()).message);
    assert.ok((await panels.dialog()).message.includes(fingerprint()));
    await window.screenshots('ssh-host-key');
    await panels.answerDialog('Trust This Key');
    await quickInput.waitFor('What should run?');
  });

  it('sends the code and starts it there, with progress, and asks about files that look secret', async () => {
    const { panels, quickInput } = window;
    await quickInput.pick('far');
    await quickInput.waitFor('Launch this?');
    const summary = (await quickInput.rows()).join('\n');
    assert.match(summary, /Launch far on lab .*train\.py --epochs 12/);
    assert.match(summary, /Price\s*\$0\.50\/h/);
    assert.match(summary, /Directory\s*\S*workspace, sent to lab/);
    assert.match(summary, /Checkpoints\s*checkpoints, kept on lab/);
    await window.screenshots('ssh-summary');
    assert.deepEqual(runIds(bed), []);
    await writeFile(join(scenario.workspace, '.env'), 'TOKEN=of-nobody\n');
    run = await newRun(bed, async () => {
      await quickInput.pick('Launch far on lab');
      const question = await waitUntil(/look secret/, async () => (await panels.dialog()).message);
      assert.match(question, /\.env/);
      await window.screenshots('ssh-secret-files');
      await panels.answerDialog('Leave Them Out');
      await waitForMessage(window, /Starting far/);
    });
    assert.match(readFileSync(join(scenario.workspace, '.runctlignore'), 'utf8'), /^\/\.env$/m);
    const sent = globSync('runctl/trees/*/a/{.env,train.py}', { cwd: bed.home });
    assert.deepEqual(sent.map((path) => basename(path)), ['train.py']);
    assert.deepEqual(runIds(scenario), []);
  });

  it('streams its log into an output channel of its own', async () => {
    await window.waitForChannel(channelName('far', run), 'step=20 ');
    await waitUntil(/step=\d+ epoch=1 loss=/, async () =>
      (await window.panels.outputOnScreen()).join('\n'),
    );
  });

  it('shows the run below its machine, with progress, loss and checkpoints', async () => {
    const tree = window.tree('Resources');
    await waitForRow(tree, /^lab .*1 running · \$0\.50\/h/);
    const row = await waitForRow(tree, /^far running · \d+% · loss \d\S* · \d+s/);
    assert.equal(row.level, 3);
    await tree.expand('far');
    await waitForRow(tree, /^step-000045\.ckpt step 45 · epoch 1 · .* KB/);
    assert.match((await window.panels.statusBar()).join(), /^\$0\.50\/h · 1 run/);
    await setLabPace(bed, 'held');
    await window.screenshots('ssh-running');
    await setLabPace(bed, 'watched');
  });

  it('goes on in the log after a reload, with no line lost or doubled', async () => {
    const earlier = channelTexts(scenario.dataDir, channelName('far', run)).at(-1) ?? '';
    await window.reload();
    await window.waitForActivation(2);
    const seen = stepsOf(logFile(bed, run)).length;
    await waitUntil(new RegExp(`step=${seen + 20} `), () =>
      channelTexts(scenario.dataDir, channelName('far', run)).slice(1).join(''),
    );
    await setLabPace(bed, 'held');
    await waitForWholeLog(scenario, 'far', run, bed);
    const steps = stepsOf(logFile(bed, run));
    assert.deepEqual(steps, steps.map((_, index) => index + 1));
    assert.ok(logFile(bed, run).startsWith(earlier), 'the first window had all in order too');
    await setLabPace(bed, 'watched');
  });

  it('stops by the button on its row, and its log is here byte for byte', async () => {
    await window.openContainer('runctl');
    const tree = window.tree('Runs');
    await tree.inlineAction('far', 'Stop Run');
    await waitForRow(tree, /^far stopped · /);
    const log = logFile(bed, run);
    assert.match(log, /saved \S*step-\d{6}\.ckpt\nstopped after step \d+ of 540\n$/);
    await waitForWholeLog(scenario, 'far', run, bed);
    assert.equal(copyOfLog(run), log);
  });

  it('resumes there from the checkpoint that is picked, with its next step', async () => {
    const tree = window.tree('Runs');
    await tree.expand('far');
    await setPace(scenario.workspace, 'fast');
    resumed = await newRun(bed, () =>
      tree.inlineAction('step-000045.ckpt', 'Resume from Here'),
    );
    await waitForRow(tree, /^far succeeded · loss /);
    const log = logFile(bed, resumed);
    assert.match(log, /^resumed from \S*step-000045\.ckpt after step 45$/m);
    const steps = stepsOf(log);
    assert.deepEqual([steps[0], steps.at(-1), steps.length], [46, 540, 495]);
    await waitForWholeLog(scenario, 'far', resumed, bed);
    assert.equal(copyOfLog(resumed), log);
  });

  it('lies in the dashboard like a run of this computer', async () => {
    await window.quickInput.runCommand('runctl: Open Dashboard');
    const page = window.webview();
    await page.locator('table.runs tbody tr').nth(1).waitFor();
    const states = await page.locator('table.runs .state').allInnerTexts();
    assert.deepEqual(states, ['succeeded', 'stopped']);
    await page.locator('.chart[data-series="loss"] canvas').waitFor();
    await window.quickInput.runCommand('View: Hide Panel');
    await window.screenshots('ssh-dashboard');
    await window.quickInput.runCommand('View: Close All Editors');
  });

  it('is refused when the key of the machine has changed, and nothing is sent', async () => {
    const known = fingerprint();
    const before = { runs: runIds(bed), logins: await logins() };
    await bed.newHostKey();
    await window.reload();
    await window.waitForActivation(3);
    await window.openFile('.runctl.toml');
    await waitForRow(window.tree('Resources'), /^lab host key changed/);
    await window.quickInput.runCommand('Go to Symbol in Editor');
    await window.quickInput.cancel();
    await launchByLens('far');
    const message = await waitForMessage(window, /host key of lab has changed/);
    assert.ok(message.includes(known), message);
    assert.ok(message.includes(fingerprint()), message);
    await window.screenshots('ssh-key-changed');
    assert.deepEqual({ runs: runIds(bed), logins: await logins() }, before);
  });

  it('is not contacted in Restricted Mode; its runs show all the same', async () => {
    await window.quickInput.runCommand('View: Close All Editors');
    await scenario.changeSettings(TRUST);
    await window.close();
    const before = await connections();
    window = await scenario.openWindow();
    await window.waitForText('Restricted Mode');
    await window.openContainer('runctl');
    await waitForRow(window.tree('Runs'), /^far succeeded/);
    await waitForRow(window.tree('Resources'), /^lab not contacted in Restricted Mode/);
    await window.quickInput.runCommand('runctl: Refresh');
    await window.tree('Runs').select('far');
    await waitUntil(/step=540 /, async () => (await window.panels.outputOnScreen()).join('\n'));
    await window.screenshots('ssh-restricted');
    assert.equal(await connections(), before);
  });

  async function launchByLens(profile: string): Promise<void> {
    const lines = readFileSync(join(scenario.workspace, '.runctl.toml'), 'utf8').split('\n');
    const above = lines.filter((line) => line.startsWith('[runs.'));
    const at = above.findIndex((line) => line.startsWith(`[runs.${profile}]`));
    const lens = window.page.locator('.codelens-decoration a', { hasText: 'Launch' });
    await lens.nth(at).click();
  }

  /** What `ssh-keygen` says to whoever runs the machine. */
  function fingerprint(): string {
    const shown = spawnSync('ssh-keygen', ['-lf', join(bed.base, 'host-key.pub')]).stdout;
    const [, print = ''] = shown.toString().split(' ');
    assert.match(print, /^SHA256:/);
    return print;
  }

  async function connections(): Promise<number> {
    return (await bed.log()).match(/^Connection from /gm)?.length ?? 0;
  }

  async function logins(): Promise<number> {
    return (await bed.log()).match(/^Accepted /gm)?.length ?? 0;
  }

  function copyOfLog(id: string): string {
    const [copy = ''] = globSync(`**/${id}.log`, { cwd: scenario.dataDir });
    return readFileSync(join(scenario.dataDir, copy), 'utf8');
  }
});
