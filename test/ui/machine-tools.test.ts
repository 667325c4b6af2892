import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, describe, it } from 'mocha';
import { endDigits, startDigits } from '../support/digits.ts';
import type { Scenario } from '../support/scenario.ts';
import { nameLab } from '../support/ssh/lab.ts';
import { SshBed } from '../support/ssh/ssh-bed.ts';
import { keepPicture, openFirstWindow, waitForRow, waitUntil } from '../support/story.ts';
import type { VsCodeWindow } from '../support/vscode-window.ts';

const SETTINGS = { 'terminal.integrated.gpuAcceleration': 'off' };

describe('What a person does on a machine by hand', () => {
  let bed: SshBed;
  let scenario: Scenario;
  let window: VsCodeWindow;
  let server: Server;

  before(async function () {
    this.timeout(180_000);
    bed = await SshBed.create({ shell: '/bin/sh' });
    server = createServer((_request, response) => response.end('a page of the machine'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    scenario = await startDigits('machine-tools', { settings: SETTINGS });
    await nameLab(scenario, bed);
    window = await openFirstWindow(scenario);
    await waitForRow(window.tree('Resources'), /^lab not connected yet/);
  });

  afterEach(async function () {
    await keepPicture(this, 'machine-tools', window);
  });

  after(async () => {
    await endDigits(scenario);
    server.close();
    await bed.dispose();
  });

  it('a machine that cannot be reached ends no launch: another can be chosen, or it again', async () => {
    const { quickInput, panels } = window;
    await quickInput.runCommand('runctl: Launch Training');
    await quickInput.waitFor('Where should it run?');
    await quickInput.pick('SSH');
    await quickInput.waitFor('On which machine?');
    await quickInput.pick('lab');
    await declineKey();
    await window.screenshots('machine-not-reached');
    await panels.answerDialog('Try Again');
    await declineKey();
    await panels.answerDialog('Choose Another');
    // The provider stands; only the machine is asked for again.
    await quickInput.waitFor('On which machine?');
    assert.match((await quickInput.rows()).join('\n'), /lab/);
    await quickInput.cancel();
    await waitForRow(window.tree('Resources'), /^lab host key not accepted/);
    await window.screenshots('machine-trouble');
  });

  it('a check asks what must be asked and fills its document step by step', async () => {
    const { panels } = window;
    await window.tree('Resources').contextMenu('lab', 'Check Machine');
    await waitUntil(/Train on lab/, async () => (await panels.dialog()).message);
    await panels.answerDialog('Use This Machine');
    await waitUntil(/Is this its key/, async () => (await panels.dialog()).message);
    await waitUntil(/The check goes on: 6 of 14/, editorText);
    await panels.answerDialog('Trust This Key');
    const text = await waitUntil(/The machine can be used/, editorText);
    assert.match(text, /✓ \*\*Agent\*\*/);
    assert.match(text, /✓ \*\*Login\*\*: logged in as trainer/);
    await window.screenshots('machine-check');
    await window.quickInput.runCommand('View: Close All Editors');
  });

  it('a terminal runs what is typed there', async () => {
    await window.tree('Resources').contextMenu('lab', 'Open Terminal');
    const screen = window.page.locator('.terminal-wrapper.active .xterm-rows');
    await screen.getByText('$').first().waitFor();
    await window.page.keyboard.type('echo "$HOME" is home$((40+2))\n');
    await screen.getByText(`${bed.home} is home42`).first().waitFor();
    await window.screenshots('machine-terminal');
    await window.page.keyboard.type('exit\n');
    await screen.waitFor({ state: 'detached' });
  });

  it('a port is found, forwarded and stopped again', async () => {
    const { quickInput } = window;
    const { port } = server.address() as AddressInfo;
    await window.tree('Resources').contextMenu('lab', 'Forward a Port');
    await quickInput.waitFor('A port number, or what was found there');
    await waitUntil(new RegExp(String(port)), async () => (await quickInput.rows()).join('\n'));
    await window.screenshots('machine-ports');
    const opening = window.page.context().waitForEvent('page');
    await quickInput.pickAfterTyping(String(port), String(port));
    const opened = await opening;
    // As VS Code names a port of its computer to the browser; this server lets none through.
    await opened.waitForURL(/\/proxy\/\d+\/$/);
    const shown = new URL(opened.url()).pathname;
    await opened.close();
    await window.page.bringToFront();
    await quickInput.runCommand('runctl: Show Forwarded Ports');
    const rows = await waitUntil(/leads to port/, async () => (await quickInput.rows()).join('\n'));
    await window.screenshots('machine-forwards');
    const [, local = ''] = /127\.0\.0\.1:(\d+)\s*leads/.exec(rows) ?? [];
    assert.notEqual(local, String(port));
    assert.equal(shown, `/proxy/${local}/`);
    const answer = await fetch(`http://127.0.0.1:${local}/`);
    assert.equal(await answer.text(), 'a page of the machine');
    await window.page.locator('.quick-input-list .codicon-debug-stop').first().click();
    await quickInput.waitFor('No port is forwarded');
    await quickInput.cancel();
    await assert.rejects(fetch(`http://127.0.0.1:${local}/`));
  });

  it('is not offered to Remote-SSH in a window that is remote itself', async () => {
    const offered = await window.quickInput.offeredCommands('runctl: Open in Remote-SSH');
    assert.deepEqual(offered.filter((title) => title.includes('Remote-SSH')), []);
  });

  async function declineKey(): Promise<void> {
    const { panels } = window;
    await waitUntil(/Train on lab/, async () => (await panels.dialog()).message);
    await panels.answerDialog('Use This Machine');
    await waitUntil(/Is this its key/, async () => (await panels.dialog()).message);
    await panels.answerDialog('Cancel');
    await waitUntil(/host key of lab was not accepted/, async () => (await panels.dialog()).message);
  }

  async function editorText(): Promise<string> {
    const lines = window.page.locator('.editor-instance .view-lines');
    return (await lines.allInnerTexts()).join('\n').replaceAll('\u00A0', ' ');
  }
});
