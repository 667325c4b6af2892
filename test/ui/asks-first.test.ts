import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { endDigits, runDirectory, runIds, setPace, startDigits } from '../support/digits.ts';
import type { Scenario } from '../support/scenario.ts';
import { nameLab } from '../support/ssh/lab.ts';
import { SshBed } from '../support/ssh/ssh-bed.ts';
import { keepPicture, newRun, openFirstWindow, waitForRow, waitUntil } from '../support/story.ts';
import type { VsCodeWindow } from '../support/vscode-window.ts';

const PROFILES = `
[runs.bucket]
command = "train.py"
machine = "lab"
durable = "s3://bucket-of-a-workspace/runs"

[runs.surprise]
command = "surprise.py"
machine = "lab"

[runs.secret]
command = ["sh", "-c", "true"]
machine = "lab"
secrets = ["HF_TOKEN"]
`;
const TASK = { label: 'the bucket task', type: 'runctl', profile: 'bucket', problemMatcher: [] };

describe('What is asked before anything leaves this computer', () => {
  let bed: SshBed;
  let scenario: Scenario;
  let window: VsCodeWindow;

  before(async function () {
    this.timeout(180_000);
    bed = await SshBed.create();
    scenario = await startDigits('asks-first');
    await setPace(scenario.workspace, 'fast');
    await nameLab(scenario, bed);
    await appendFile(join(scenario.workspace, '.runctl.toml'), PROFILES);
    await writeFile(join(scenario.workspace, 'surprise.py'), 'import left_out\n');
    await writeFile(join(scenario.workspace, 'left_out.py'), '');
    await writeFile(join(scenario.workspace, '.runctlignore'), 'left_out.py\n');
    await mkdir(join(scenario.workspace, '.vscode'));
    const tasks = JSON.stringify({ version: '2.0.0', tasks: [TASK] });
    await writeFile(join(scenario.workspace, '.vscode', 'tasks.json'), tasks);
    window = await openFirstWindow(scenario);
  });

  afterEach(async function () {
    await keepPicture(this, 'asks-first', window);
  });

  after(async () => {
    await endDigits(scenario);
    await bed.dispose();
  });

  it('a task asks for the bucket that a file names, as any launch does', async () => {
    const { quickInput } = window;
    await quickInput.runCommand('Tasks: Run Task');
    await quickInput.pick(TASK.label);
    await answer(/Train on lab/, 'Use This Machine');
    await answer(/Is this its key/, 'Trust This Key');
    await answer(/Send results to s3:\/\/bucket-of-a-workspace\/runs/, 'Cancel');
    await window.page.locator('.dialog-shadow').waitFor({ state: 'hidden' });
    assert.deepEqual(runIds(bed), []);
  });

  it('a first send without a summary tells how much it is, and which import is not sent', async () => {
    await launch('surprise');
    const question = await waitUntil(
      /Send workspace to lab for the first time\?/,
      async () => (await window.panels.dialog()).message,
    );
    assert.match(question, /Files: \d+, together .*left_out\.py is imported by surprise\.py, but is not sent.*digits\.csv/);
    await window.screenshots('first-send');
    await window.panels.answerDialog('Show What Would Sync');
    await window.quickInput.waitUntilClosed();
    await window.page.locator('.tab', { hasText: 'workspace.sync.txt' }).waitFor();
    assert.deepEqual(runIds(bed), []);
  });

  it('a run found on a machine does not decide which folder and secrets it is given', async () => {
    const { quickInput } = window;
    const first = await newRun(bed, async () => {
      await launch('secret');
      await quickInput.waitFor('Secret HF_TOKEN');
      await quickInput.type('of-nobody-else');
    });
    await waitForRow(window.tree('Runs'), /^secret succeeded/);
    const folder = join(scenario.folder, 'private');
    await mkdir(folder);
    await writeFile(join(folder, 'diary.txt'), 'dear diary');
    await forge(first, folder);
    await window.reload();
    await window.waitForActivation(2);
    await window.openContainer('runctl');
    await waitForRow(window.tree('Runs'), /^forged succeeded/);
    const before = runIds(bed);
    await window.tree('Runs').contextMenu('forged', 'Run Again');
    await answer(new RegExp(`Send ${folder} to lab`), 'Cancel');
    await window.tree('Runs').contextMenu('forged', 'Run Again');
    await answer(new RegExp(`Send ${folder} to lab`), 'Send Folder');
    await answer(/Give HF_TOKEN to code on lab\?/, 'Cancel');
    assert.deepEqual(runIds(bed), before);
  });

  it('the folder and machine it was given to get a secret without another question', async () => {
    await newRun(bed, () => launch('secret'));
    const isAsked = await window.page.locator('.monaco-dialog-box').isVisible();
    assert.ok(!isAsked);
  });

  async function launch(profile: string): Promise<void> {
    const { quickInput } = window;
    await window.openFile('.runctl.toml');
    await quickInput.runCommand('runctl: Run This File');
    await quickInput.pick(profile);
  }

  async function answer(question: RegExp, button: string): Promise<void> {
    await waitUntil(question, async () => (await window.panels.dialog()).message);
    await window.panels.answerDialog(button);
  }

  /** Puts a record on the machine as whoever administers it could. */
  async function forge(id: string, folder: string): Promise<void> {
    const forged = `${id.slice(0, -6)}abcdef`;
    const directory = runDirectory(bed, forged);
    // With their owner: root writes, and another account reads.
    const copied = spawnSync('cp', ['-a', runDirectory(bed, id), directory]);
    assert.equal(copied.status, 0);
    const file = join(directory, 'run.json');
    const { run, version } = JSON.parse(readFileSync(file, 'utf8')) as {
      version: number;
      run: { spec: { place: object } };
    };
    const spec = { ...run.spec, place: { ...run.spec.place, source: folder } };
    const record = { version, run: { ...run, id: forged, name: 'forged', workspaceFolder: folder, spec } };
    await writeFile(file, JSON.stringify(record));
  }
});
