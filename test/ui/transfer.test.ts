import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { endDigits, startDigits } from '../support/digits.ts';
import type { Scenario } from '../support/scenario.ts';
import { nameLab } from '../support/ssh/lab.ts';
import { LinkProxy } from '../support/ssh/link-proxy.ts';
import { SshBed } from '../support/ssh/ssh-bed.ts';
import { keepPicture, openFirstWindow, waitForRow, waitUntil } from '../support/story.ts';
import { snapshot } from '../support/sync-bed.ts';
import type { VsCodeWindow } from '../support/vscode-window.ts';

const PICK = 'Enter opens a folder and selects a file';
const PUT = 'Enter opens a folder; choose Upload Here';

describe('Copies from and to a machine by hand', () => {
  let bed: SshBed;
  let link: LinkProxy;
  let scenario: Scenario;
  let window: VsCodeWindow;

  before(async function () {
    this.timeout(180_000);
    bed = await SshBed.create({ shell: '/bin/sh' });
    const results = join(bed.home, 'results', 'deep');
    await mkdir(join(results, 'empty'), { recursive: true });
    await writeFile(join(results, "it's $(odd)"), 'odd');
    await writeFile(join(bed.home, 'results', 'weights.bin'), Buffer.alloc(3_000_000, 'w'));
    await writeFile(join(bed.home, 'notes.txt'), 'old');
    await symlink('/etc', join(results, 'outside'));
    scenario = await startDigits('transfer');
    link = await LinkProxy.start(bed.port);
    const { host, user, keyFile } = bed;
    await nameLab(scenario, { host, user, keyFile, port: link.port });
    await writeFile(join(scenario.workspace, 'late.txt'), 'late');
    await symlink('notes.txt', join(scenario.workspace, 'a-link.txt'));
    await writeFile(join(scenario.workspace, 'notes.txt'), 'new');
    await mkdir(join(scenario.workspace, 'from machine'));
    window = await openFirstWindow(scenario);
    await waitForRow(window.tree('Resources'), /^lab not connected yet/);
  });

  afterEach(async function () {
    await keepPicture(this, 'transfer', window);
  });

  after(async () => {
    await endDigits(scenario);
    await link.dispose();
    await bed.dispose();
  });

  it('a folder is looked for in the browser, and downloaded', async () => {
    const { quickInput, panels } = window;
    await window.tree('Resources').contextMenu('lab', 'Download from Machine…');
    await waitUntil(/Train on lab/, async () => (await panels.dialog()).message);
    await panels.answerDialog('Use This Machine');
    await waitUntil(/Is this its key/, async () => (await panels.dialog()).message);
    await panels.answerDialog('Trust This Key');
    await quickInput.waitFor(PICK);
    await waitUntil(/results/, rows);
    await window.screenshots('transfer-browser');
    await quickInput.pick('results');
    await waitUntil(/weights\.bin/, rows);
    // What fails is said, and the browser stays.
    await quickInput.type('/nowhere/');
    await waitUntil(/There is no \/nowhere/, rows);
    await window.screenshots('transfer-problem');
    await quickInput.type('~/results');
    await waitUntil(/weights\.bin/, rows);
    await quickInput.pick('Download This Folder');
    await pickLocalFolder(join(scenario.workspace, 'from machine'));
    const done = await waitUntil(/results is in .*from machine, proved by hash/, notifications);
    assert.match(done, /Left out: 1/);
    await window.screenshots('transfer-downloaded');
    const wanted = await snapshot(join(bed.home, 'results'));
    assert.equal(wanted.delete('deep/outside'), true);
    assert.deepEqual(await snapshot(join(scenario.workspace, 'from machine/results')), wanted);
    assert.equal(existsSync(join(scenario.workspace, 'from machine/results/deep/empty')), true);
  });

  it('a file of the Explorer is uploaded, beside the one of its name', async () => {
    const { quickInput, panels } = window;
    await upload('notes.txt');
    await waitUntil(/Upload Here/, rows);
    await window.screenshots('transfer-upload');
    await quickInput.pick('Upload Here');
    await waitUntil(/notes\.txt is in .* already/, async () => (await panels.dialog()).message);
    await window.screenshots('transfer-conflict');
    await panels.answerDialog('Keep Both');
    await waitUntil(/notes \(2\)\.txt is in .*, proved by hash/, notifications);
    assert.equal(await readFile(join(bed.home, 'notes (2).txt'), 'utf8'), 'new');
    assert.equal(await readFile(join(bed.home, 'notes.txt'), 'utf8'), 'old');
  });

  it('several are selected with the keyboard; what is there is skipped, or replaced', async () => {
    const { quickInput, panels } = window;
    await window.openContainer('runctl');
    await window.tree('Resources').contextMenu('lab', 'Download from Machine…');
    await quickInput.waitFor(PICK);
    await quickInput.pick('notes.txt');
    await waitUntil(/Download What Is Selected/, rows);
    await quickInput.pick('results');
    await waitUntil(/weights\.bin/, rows);
    await quickInput.pick('Select This Folder, and Go On');
    await waitUntil(/Download the 2 Selected/, rows);
    await window.screenshots('transfer-selected');
    await quickInput.pick('Download the 2 Selected');
    await pickLocalFolder(join(scenario.workspace, 'from machine'), '2 selected');
    await waitUntil(/results is in .* already/, async () => (await panels.dialog()).message);
    await panels.answerDialog('Skip');
    await waitUntil(/notes\.txt is in .*from machine, proved by hash/, notifications);
    assert.equal(await readFile(join(scenario.workspace, 'from machine/notes.txt'), 'utf8'), 'old');
    await upload('a-link.txt');
    await waitUntil(/Upload Here/, rows);
    await quickInput.pick('Upload Here');
    const told = await waitUntil(/a-link\.txt is in .*, proved by hash/, notifications);
    assert.match(told, /a-link\.txt is a link here: what it leads to was copied/);
    await writeFile(join(scenario.workspace, 'notes.txt'), 'newest');
    await upload('a-link.txt');
    await waitUntil(/Upload Here/, rows);
    await quickInput.pick('Upload Here');
    await waitUntil(/a-link\.txt is in .* already/, async () => (await panels.dialog()).message);
    await panels.answerDialog('Replace');
    await waitUntil('newest', () => readFile(join(bed.home, 'a-link.txt'), 'utf8'));
  });

  it('a new folder takes what is tried again', async () => {
    const { quickInput, panels } = window;
    const source = join(scenario.workspace, 'late.txt');
    await upload('late.txt');
    await waitUntil(/New Folder/, rows);
    await quickInput.pick('New Folder…');
    await quickInput.waitFor('New Folder in');
    await quickInput.type('made/inner');
    await waitUntil(/Upload Here.*made\/inner/, rows);
    await rm(source);
    await quickInput.pick('Upload Here');
    await waitUntil(/There is nothing at .*late\.txt/, notifications);
    await window.screenshots('transfer-again');
    await writeFile(source, 'late');
    await panels.answerNotification(/There is nothing at/, 'Try Again');
    await waitUntil(/late\.txt is in .*made\/inner, proved by hash/, notifications);
    assert.equal(await readFile(join(bed.home, 'made/inner/late.txt'), 'utf8'), 'late');
  });

  it('what was cancelled goes on from there', async () => {
    const { quickInput, panels } = window;
    const folder = join(scenario.workspace, 'from machine');
    const weights = join(bed.home, 'results', 'weights.bin');
    const fetch = async (): Promise<void> => {
      await window.openContainer('runctl');
      await window.tree('Resources').contextMenu('lab', 'Download from Machine…');
      await quickInput.waitFor(PICK);
      await waitUntil(/results/, rows);
      await quickInput.type('~/results/weights.bin');
      await waitUntil(/Download What Is Selected/, rows);
      await quickInput.pick('Download What Is Selected');
      await pickLocalFolder(folder, 'weights.bin');
    };
    link.set({ bandwidthDown: 150_000 });
    await fetch();
    await waitUntil(/Downloading weights\.bin from lab.* of 3\.0 MB/, notifications);
    await window.screenshots('transfer-under-way');
    await panels.answerNotification('Downloading weights.bin', 'Cancel');
    await waitUntil(/Stopped\. What has arrived is kept/, notifications);
    assert.equal(existsSync(join(folder, 'weights.bin')), false);
    link.set({});
    await fetch();
    await waitUntil(/weights\.bin is in .*from machine, proved by hash/, notifications);
    assert.deepEqual(await readFile(join(folder, 'weights.bin')), await readFile(weights));
  });

  async function upload(name: string): Promise<void> {
    const { page } = window;
    await window.openContainer('Explorer');
    const row = page.locator('.explorer-folders-view .monaco-list-row', { hasText: name });
    await row.first().click({ button: 'right' });
    await page.locator('.context-view .action-label', { hasText: 'Upload to Machine…' }).hover();
    await page.keyboard.press('Enter');
    await window.quickInput.waitFor(PUT);
  }

  async function pickLocalFolder(folder: string, what = 'results'): Promise<void> {
    const { quickInput } = window;
    await quickInput.waitFor(`Where should ${what} go?`);
    // The dialog of VS Code looks into what is typed a while later, and shows no sign of it.
    const box = window.page.locator('.quick-input-widget .quick-input-box input');
    await waitUntil('closed', async () => {
      if (!(await box.isVisible())) return 'closed';
      await box.fill(`${folder}/`, { timeout: 1000 }).catch(() => undefined);
      await window.page.waitForTimeout(1000);
      await box.press('Enter', { timeout: 1000 }).catch(() => undefined);
      await window.page.waitForTimeout(500);
      return 'open';
    });
  }

  async function rows(): Promise<string> {
    return (await window.quickInput.rows()).join('\n');
  }

  async function notifications(): Promise<string> {
    return (await window.panels.notifications()).map(({ message }) => message).join('\n');
  }
});
