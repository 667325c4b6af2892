import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'mocha';
import { S3Server } from '../../emulators/s3-server.ts';
import {
  ACCOUNT,
  afterDone,
  BUCKET,
  durableLines,
  fakeTool,
  onlyTools,
  WebhookReceiver,
} from '../../support/after-machine.ts';
import type { TestAgent } from '../../support/agent.ts';
import { encode, PYTHON, refusal, underEachShell } from '../../support/agent.ts';

const id = `afterenv-${String(process.pid)}`;

/** Modules that come before Python's own where the working directory, or PYTHONPATH, counts. */
const MODULES = ['configparser', 'hashlib', 'hmac', 'http', 'json', 'signal', 'ssl', 'zipfile'];

/** Puts these modules into a directory; whoever imports one leaves a mark and fails. */
async function plantModules(directory: string, mark: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const name of MODULES) {
    await writeFile(join(directory, `${name}.py`), `open(${JSON.stringify(mark)}, "a").write("${name}\\n")\nraise SystemExit(9)\n`);
  }
}

/** Programs that would get the credentials, were they found. */
async function plantTools(directory: string, mark: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const name of ['aws', 's5cmd', 'rclone', 'python3', 'curl', 'wget', 'env', 'setsid']) {
    await writeFile(join(directory, name), `#!/bin/sh\necho ${name} >>'${mark}'\nexit 0\n`);
    await chmod(join(directory, name), 0o755);
  }
}

underEachShell(
  'what follows a run',
  (agent) => {
    let server: S3Server;
    let thief: WebhookReceiver;
    let receiver: WebhookReceiver;
    beforeEach(async () => {
      server = await S3Server.start(BUCKET, ACCOUNT);
      [thief, receiver] = await Promise.all([WebhookReceiver.start(), WebhookReceiver.start()]);
    });
    afterEach(async () => {
      await Promise.all([server.stop(), thief.stop(), receiver.stop()]);
    });

    it('has nothing of the environment of the run: neither credentials nor addresses go elsewhere', async () => {
      const mark = join(agent().work, 'stolen');
      const planted = join(agent().work, 'planted');
      const bin = join(agent().work, 'bin');
      await plantModules(planted, mark);
      await plantModules(agent().work, mark);
      await plantTools(bin, mark);
      const config = join(agent().work, 'config');
      await writeFile(config, `[default]\nendpoint_url = ${thief.url}\n[profile thief]\nendpoint_url = ${thief.url}\n`);
      const env = {
        ...{ AWS_ENDPOINT_URL: thief.url, AWS_ENDPOINT_URL_S3: thief.url, AWS_CONFIG_FILE: config, AWS_PROFILE: 'thief' },
        ...{ AWS_CA_BUNDLE: config, RCLONE_CONFIG_RUNCTL_ENDPOINT: thief.url, RCLONE_CONFIG: config },
        ...{ http_proxy: thief.url, https_proxy: thief.url, HTTPS_PROXY: thief.url, ALL_PROXY: thief.url },
        ...{ PATH: `${bin}:/usr/bin:/bin`, PYTHONPATH: planted, PYTHONHOME: planted, LD_PRELOAD: join(planted, 'none.so') },
        ...{ CURL_HOME: agent().work, HOME: agent().work, RUNCTL_HOME: planted },
      };
      await writeFile(join(agent().work, '.curlrc'), `proxy = ${thief.url}\n`);
      const machine = { ...(await onlyTools(agent(), 'python3', 'curl')), HOME: join(agent().work, '..') };
      const lines = [...durableLines(server), `webhook ${encode(receiver.url)}`];
      await agent().start(id, { argv: ['/bin/true'], env, lines }, { env: machine });
      const { after, exit } = await afterDone(agent(), id);
      assert.deepEqual([after?.by, after?.error, after?.webhook, exit?.code], ['python3', null, 'sent', 0]);
      assert.equal(existsSync(mark) ? await readFile(mark, 'utf8') : '', '');
      assert.deepEqual([thief.calls.length, receiver.calls.length], [0, 1]);
      assert.ok(server.objects.has(`some/prefix/${id}/index.json`));
    });

    it('takes no module of a working directory for one of Python’s, where Python makes the sessions', async () => {
      const mark = join(agent().work, 'stolen');
      await plantModules(agent().work, mark);
      const machine = await withoutSetsid(agent());
      const child = { argv: ['/bin/echo', 'done'], lines: durableLines(server) };
      await agent().start(id, child, { env: machine, cwd: agent().work });
      const { after, exit } = await afterDone(agent(), id);
      assert.equal(existsSync(mark) ? await readFile(mark, 'utf8') : '', '');
      assert.deepEqual([exit?.code, after?.by, after?.error], [0, 'python3', null]);
      assert.equal(await agent().log(id), 'done\n');
    });

    it('is given credentials and the address of a store, nothing else', async () => {
      for (const name of ['PATH', 'AWS_CONFIG_FILE', 'AWS_CA_BUNDLE', 'AWS_ENDPOINT_URL', 'LD_PRELOAD']) {
        const input = agent().spec({ argv: ['true'], lines: [...durableLines(server), `after-secret ${name}=x`] });
        assert.equal(refusal(await agent().call(['start', id], { input })).code, 'usage', name);
      }
    });
  },
  { RUNCTL_BEAT_SECONDS: '1' },
);

/** A machine on which only Python can make sessions and undo ignored signals. */
async function withoutSetsid(agent: TestAgent): Promise<NodeJS.ProcessEnv> {
  const env = await onlyTools(agent);
  await rm(join(agent.work, '../bin/setsid'));
  await fakeTool(agent, 'env', 'exit 127');
  await fakeTool(agent, 'python3', `exec ${PYTHON} "$@"`);
  return env;
}
