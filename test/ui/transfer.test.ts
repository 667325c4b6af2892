import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { endDigits, startDigits } from '../support/digits.ts';
import type { Scenario } from '../support/scenario.ts';
import { nameLab } from '../support/ssh/lab.ts';
import { SshBed } from '../support/ssh/ssh-bed.ts';
import { keepPicture, openFirstWindow, waitForRow, waitUntil } from '../support/story.ts';
import { snapshot } from '../support/sync-bed.ts';
import type { VsCodeWindow } from '../support/vscode-window.ts';

describe('Copies from and to a machine by hand', () => {
  let bed: SshBed;
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
    await nameLab(scenario, bed);
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
    await bed.dispose();
  });

  it('a folder is looked for in the browser, and downloaded', async () => {
    const { quickInput, panels } = window;
    await window.tree('Resources').contextMenu('lab', 'Download from Machine…');
    await waitUntil(/Train on lab/, async () => (await panels.dialog()).message);
    await panels.answerDialog('Use This Machine');
    await waitUntil(/Is this its key/, async () => (await panels.dialog()).message);
    await panels.answerDialog('Trust This Key');
    await quickInput.waitFor('Open folders, select files and folders, or type a path');
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
    const { quickInput, panels, page } = window;
    await window.openContainer('Explorer');
    const row = page.locator('.explorer-folders-view .monaco-list-row', { hasText: 'notes.txt' });
    await row.first().click({ button: 'right' });
    await page.locator('.context-view .action-label', { hasText: 'Upload to Machine…' }).hover();
    await page.keyboard.press('Enter');
    await quickInput.waitFor('Open the folder that should hold it');
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

  async function pickLocalFolder(folder: string): Promise<void> {
    const { quickInput } = window;
    await quickInput.waitFor('Where should results go?');
    await quickInput.type(`${folder}/`);
  }

  async function rows(): Promise<string> {
    return (await window.quickInput.rows()).join('\n');
  }

  async function notifications(): Promise<string> {
    return (await window.panels.notifications()).map(({ message }) => message).join('\n');
  }
});
