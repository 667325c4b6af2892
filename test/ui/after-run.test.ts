import assert from 'node:assert/strict';
import { globSync, readdirSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { S3Server } from '../emulators/s3-server.ts';
import { ACCOUNT, BUCKET, WebhookReceiver } from '../support/after-machine.ts';
import { endDigits, runIds, setPace, startDigits } from '../support/digits.ts';
import type { Scenario } from '../support/scenario.ts';
import { nameLab } from '../support/ssh/lab.ts';
import { SshBed } from '../support/ssh/ssh-bed.ts';
import { keepPicture, newRun, openFirstWindow, waitForRow, waitUntil } from '../support/story.ts';
import type { VsCodeWindow } from '../support/vscode-window.ts';

/** Tools that would save before our own helper; each takes seconds to begin. */
const SAVERS = new Set(['aws', 's5cmd', 'rclone']);

describe('The results of a training on a machine reached by SSH', () => {
  let bed: SshBed;
  let scenario: Scenario;
  let window: VsCodeWindow;
  let store: S3Server;
  let receiver: WebhookReceiver;
  let refused = false;

  before(async function () {
    this.timeout(180_000);
    [store, receiver] = await Promise.all([S3Server.start(BUCKET, ACCOUNT), WebhookReceiver.start()]);
    store.fault = (_request, response) => {
      if (refused) response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
      return refused;
    };
    const endpoints = { [BUCKET]: { endpoint: store.endpoint, region: 'us-east-1' } };
    scenario = await startDigits('after-run', { settings: { 'runctl.storage.endpoints': endpoints } });
    await setPace(scenario.workspace, 'fast');
    bed = await SshBed.create();
    await bed.setPath(await plainPath(join(bed.base, 'bin')));
    await nameLab(scenario, bed);
    await nameResults();
    window = await openFirstWindow(scenario);
  });

  afterEach(async function () {
    await keepPicture(this, 'after-run', window);
  });

  after(async () => {
    await endDigits(scenario);
    await Promise.all([bed.dispose(), store.stop(), receiver.stop()]);
  });

  it('go nowhere before the person has agreed to what a workspace names, and nothing is sent when not', async () => {
    const { panels } = window;
    await pickMachine();
    await panels.dialog();
    await panels.answerDialog('Use This Machine');
    await waitUntil(/Is this its key\?/, async () => (await panels.dialog()).message);
    await panels.answerDialog('Trust This Key');
    await pickProfile();
    const question = await waitUntil(/Send results/, async () => (await panels.dialog()).message);
    assert.match(question, /Send results to s3:\/\/trained\/runs, and tell http:\/\/127\.0\.0\.1:\d+ when runs end\?/);
    assert.match(question, /\.runctl\.toml/);
    assert.ok(!question.includes('token'), 'an address may hold a secret');
    assert.ok(question.includes(`The bucket is at ${store.endpoint}`), question);
    await window.screenshots('after-run-question');
    await panels.answerDialog('Cancel');
    await waitForRow(window.tree('Resources'), /^lab /);
    assert.deepEqual([runIds(bed), globSync('runctl/trees/*/*', { cwd: bed.home })], [[], []]);
  });

  it('are in the bucket when it has ended, and the webhook was called', async () => {
    const run = await newRun(bed, async () => {
      await pickMachine();
      await pickProfile();
      await waitUntil(/Send results/, async () => (await window.panels.dialog()).message);
      await window.panels.answerDialog('Use Both');
    });
    await waitForRow(window.tree('Runs'), /^far succeeded · saved · /, 60_000);
    await window.tree('Runs').expand('far');
    await waitForRow(window.tree('Runs'), /^final\.ckpt .* · saved$/);
    await window.screenshots('after-run-saved');
    assert.ok(store.objects.has(`runs/${run}/index.json`));
    assert.deepEqual(receiver.calls.map(({ body }) => (JSON.parse(body) as { run: string }).run), [run]);
  });

  it('are said not to be saved, and why, where the store refuses them; they are when it does no longer', async () => {
    refused = true;
    const run = await newRun(bed, async () => {
      await pickMachine();
      // What was agreed to is not asked again.
      await pickProfile();
    });
    await waitForRow(window.tree('Runs'), /^far succeeded · not saved: python3: HTTP 403 AccessDenied/, 60_000);
    await window.screenshots('after-run-refused');
    refused = false;
    // Told although the user is at this window: the results may be lost.
    await window.panels.answerNotification('are not saved', 'Save Again');
    await waitUntil('2', async () =>
      String((await window.tree('Runs').rows()).filter(({ description }) => description.startsWith('succeeded · saved · ')).length),
    );
    assert.ok(store.objects.has(`runs/${run}/index.json`));
    assert.equal(receiver.calls.length, 2);
    await window.screenshots('after-run-saved-again');
  });

  async function pickMachine(): Promise<void> {
    const { quickInput } = window;
    await quickInput.runCommand('runctl: Launch Training');
    await quickInput.waitFor('Where should it run?');
    await quickInput.pick('SSH');
    await quickInput.waitFor('On which machine?');
    await quickInput.pick('lab');
  }

  async function pickProfile(): Promise<void> {
    const { quickInput } = window;
    await quickInput.waitFor('What should run?');
    await quickInput.pick('far');
    await quickInput.waitFor('Launch this?');
    await quickInput.pick('Launch far on lab');
  }

  /** The profile of the workspace, and credentials that only the machine has. */
  async function nameResults(): Promise<void> {
    const file = join(scenario.workspace, '.runctl.toml');
    const text = await readFile(file, 'utf8');
    const lines = `machine = "lab"\ndurable = "s3://${BUCKET}/runs"\nwebhook = "${receiver.url}"\n`;
    assert.ok(text.includes('machine = "lab"\n'));
    await writeFile(file, text.replace('machine = "lab"\n', lines));
    await mkdir(join(bed.home, '.aws'));
    const keys = `aws_access_key_id = ${ACCOUNT.key}\naws_secret_access_key = ${ACCOUNT.secret}\n`;
    await writeFile(join(bed.home, '.aws/credentials'), `[default]\n${keys}`);
  }
});

/** A PATH with the tools of this computer, but for those that save. */
async function plainPath(folder: string): Promise<string> {
  await mkdir(folder);
  const tools = readdirSync('/usr/bin').filter((name) => !SAVERS.has(name));
  await Promise.all(tools.map((name) => symlink(join('/usr/bin', name), join(folder, name))));
  return folder;
}
