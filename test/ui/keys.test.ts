import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { endDigits, startDigits } from '../support/digits.ts';
import type { Scenario } from '../support/scenario.ts';
import { nameLab } from '../support/ssh/lab.ts';
import { SshBed } from '../support/ssh/ssh-bed.ts';
import { keepPicture, openFirstWindow, waitForMessage, waitForRow, waitUntil } from '../support/story.ts';
import type { VsCodeWindow } from '../support/vscode-window.ts';

const PASSPHRASE = 'correct horse battery staple';

describe('Keys of machines', () => {
  let bed: SshBed;
  let scenario: Scenario;
  let window: VsCodeWindow;
  let publicLine: string;

  before(async function () {
    this.timeout(180_000);
    bed = await SshBed.create();
    const args = ['-q', '-p', '-a', '1', '-P', '', '-N', PASSPHRASE, '-f', bed.keyFile];
    assert.equal(spawnSync('ssh-keygen', args).status, 0);
    await bed.setConfig(
      `AuthorizedKeysFile ${bed.base}/authorized_keys ${bed.home}/.ssh/authorized_keys`,
    );
    scenario = await startDigits('keys');
    await nameLab(scenario, bed);
    window = await openFirstWindow(scenario);
    await waitForRow(window.tree('Resources'), /^lab not connected yet/);
  });

  afterEach(async function () {
    await keepPicture(this, 'keys', window);
  });

  after(async () => {
    await endDigits(scenario);
    await bed.dispose();
  });

  it('a passphrase is asked for, and once it worked it may be kept', async () => {
    const { panels, quickInput } = window;
    await window.tree('Resources').contextMenu('lab', 'Connect');
    await waitUntil(/Train on lab/, async () => (await panels.dialog()).message);
    await panels.answerDialog('Use This Machine');
    await waitUntil(/Is this its key/, async () => (await panels.dialog()).message);
    await panels.answerDialog('Trust This Key');
    await quickInput.waitFor('Passphrase of');
    await quickInput.type('something else');
    await quickInput.waitFor('That did not open the key');
    await quickInput.type(PASSPHRASE);
    await waitForMessage(window, /Keep the passphrase of/);
    await window.screenshots('passphrase-keep');
    await panels.answerNotification(/Keep the passphrase of/, 'Keep in Secret Storage');
    await window.page.locator('.statusbar-item', { hasText: 'Passphrase kept' }).waitFor();
    await waitForRow(window.tree('Resources'), /^lab (?!not connected)/);
  });

  it('is there after a reload: the machine is listed, and nobody is asked', async () => {
    await window.reload();
    await window.waitForActivation(2);
    await waitForRow(window.tree('Resources'), /^lab .*CPU/);
    assert.equal(await window.page.getByText('Passphrase of').count(), 0);
  });

  it('the public key goes into the clipboard, as a line for authorized_keys', async () => {
    await window.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await window.quickInput.runCommand('runctl: Copy Public Key');
    await waitForMessage(window, /public key of runctl is in the clipboard/);
    publicLine = await window.page.evaluate('navigator.clipboard.readText()');
    assert.match(publicLine, /^ssh-ed25519 [A-Za-z0-9+/=]+ runctl$/);
  });

  it('the key is let in on the machine, proved by a login, and taken out again', async () => {
    const { panels } = window;
    await window.tree('Resources').contextMenu('lab', 'Install Key on Machine');
    await waitUntil(/Let the key of runctl in on lab/, async () => (await panels.dialog()).message);
    await window.screenshots('key-install');
    await panels.answerDialog('Install Key');
    await waitForMessage(window, /a login with that key alone has worked/);
    assert.equal(authorized(), `${publicLine}\n`);
    await window.tree('Resources').contextMenu('lab', 'Remove Key from Machine');
    await waitUntil(/Take the key of runctl out/, async () => (await panels.dialog()).message);
    await panels.answerDialog('Remove Key');
    await waitForMessage(window, /key of runctl is removed from lab/);
    assert.equal(authorized(), '');
  });

  it('a passphrase that is kept can be forgotten', async () => {
    const { quickInput } = window;
    await quickInput.runCommand('runctl: Forget Passphrases');
    await quickInput.waitFor('Forget which passphrases?');
    const rows = (await quickInput.rows()).join('\n');
    assert.ok(rows.includes(bed.keyFile) && rows.includes('SHA256:'), rows);
    assert.ok(!rows.includes(PASSPHRASE));
    await window.screenshots('passphrases');
    await quickInput.pick('client-key');
    await window.page.keyboard.press('Enter');
    await waitForMessage(window, /Passphrases forgotten: 1/);
    await quickInput.runCommand('runctl: Forget Passphrases');
    await waitForMessage(window, /No passphrase is kept/);
  });

  function authorized(): string {
    const file = join(bed.home, '.ssh', 'authorized_keys');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }
});
