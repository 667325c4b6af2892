import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'mocha';
import { S3Server } from '../../emulators/s3-server.ts';
import {
  ACCOUNT,
  afterDone,
  BUCKET,
  checkpoint,
  durableLines,
  fakeTool,
  onlyTools,
  safetensors,
  secretLines,
  WebhookReceiver,
  zip,
} from '../../support/after-machine.ts';
import type { TestAgent } from '../../support/agent.ts';
import { encode, one, PYTHON, refusal, underEachShell } from '../../support/agent.ts';
import { readProc, signal, until } from '../../support/proc.ts';

const id = `saving-${String(process.pid)}`;
const place = `some/prefix/${id}`;
const STUBBORN = ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.2; done'];

/** Pid that a record of the run names. */
async function recorded(agent: TestAgent, name: string): Promise<number> {
  return until(`there is a ${name}`, async () => {
    const pid = Number((await readFile(agent.file(id, name), 'utf8')).split(' ')[0]);
    return pid > 0 ? pid : undefined;
  });
}

function stored(server: S3Server): string[] {
  return [...server.objects.keys()].map((key) => key.slice(place.length + 1));
}

/** Ends all there is, and has every record say that it is of an earlier boot. */
async function reboot(agent: TestAgent): Promise<void> {
  await until('nobody is left', () => {
    const left = agent.processes();
    for (const pid of left) signal(pid, 'SIGKILL');
    return Promise.resolve(left.length === 0 ? true : undefined);
  });
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const earlier = '00000000-0000-4000-8000-000000000000';
  for (const name of await readdir(agent.file(id, ''))) {
    if (name === 'once') continue;
    const text = await readFile(agent.file(id, name), 'latin1');
    if (text.includes(boot)) await writeFile(agent.file(id, name), text.replaceAll(boot, earlier), 'latin1');
  }
}

underEachShell(
  'what saves a run',
  (agent) => {
    let server: S3Server;
    beforeEach(async () => {
      server = await S3Server.start(BUCKET, ACCOUNT);
    });
    afterEach(() => server.stop());

    it('saves it also when its supervisor and what follows it were killed', async () => {
      const env = await onlyTools(agent(), 'python3');
      const lines = [...durableLines(server), 'grace 1', 'lease 6'];
      await agent().start(id, { argv: STUBBORN, lines }, { env });
      const follower = await recorded(agent(), 'after');
      await recorded(agent(), 'keeper');
      signal(await agent().supervisor(id), 'SIGKILL');
      signal(follower, 'SIGKILL');
      const { state, after } = await afterDone(agent(), id);
      assert.deepEqual([state, after?.by, after?.error], ['lost', 'python3', null]);
      assert.notEqual(await recorded(agent(), 'after'), follower);
      const exit = JSON.parse(server.text(`${place}/exit.json`)) as object;
      assert.deepEqual({ ...exit, oom: null, phase: null }, {
        code: null, signal: null, ended: null, uptime: null, phase: null, stop: 'lease', reason: 'lost', oom: null,
      });
      await until('nobody is left', () => Promise.resolve(agent().processes().length === 0 ? true : undefined));
    });

    it('is replaced when it is killed midway, and saves all', async () => {
      const env = await onlyTools(agent(), 'python3');
      await agent().start(id, { argv: ['true'], lines: durableLines(server) }, { env });
      let held = true;
      server.fault = (request) => held && request.method === 'PUT' && (request.url ?? '').endsWith('/log');
      const saver = await recorded(agent(), 'saver');
      await until('it is at work', () => Promise.resolve(stored(server).includes('exit.json') ? true : undefined));
      assert.equal((await agent().status(id)).after?.state, 'saving');
      assert.equal(refusal(await agent().call(['remove', id])).code, 'active');
      held = false;
      signal(saver, 'SIGKILL');
      const { after } = await afterDone(agent(), id);
      assert.deepEqual([after?.by, after?.error], ['python3', null]);
      assert.ok(stored(server).includes('index.json'));
      assert.equal((await agent().call(['remove', id])).code, 0);
    });

    it('says what there is not, and what failed, and saves by hand later', async () => {
      const env = await onlyTools(agent());
      const receiver = await WebhookReceiver.start();
      try {
        const lines = [...durableLines(server), `webhook ${encode(receiver.url)}`];
        await agent().start(id, { argv: ['false'], lines }, { env });
        const nothing = (await afterDone(agent(), id)).after;
        assert.deepEqual([nothing?.by, nothing?.saved, nothing?.webhook], [null, [], 'failed']);
        assert.match(nothing?.error ?? '', /needs one of aws, s5cmd, rclone and python3/);
        await fakeTool(agent(), 'python3', `exec ${PYTHON} "$@"`);
        const wrong = { key: ACCOUNT.key, secret: 'wrong/secret+of+nobody' };
        const save = async (secrets: string[]): Promise<void> => {
          const input = [...secrets, 'end', ''].join('\n');
          assert.equal(one(await agent().call(['save', id], { input, env })).state, 'ended');
        };
        await save(secretLines(server, wrong));
        const refused = (await afterDone(agent(), id)).after;
        assert.match(refused?.error ?? '', /^python3: HTTP 403 SignatureDoesNotMatch at PUT /);
        assert.doesNotMatch(JSON.stringify(refused), new RegExp(`wrong/secret|${ACCOUNT.key}`));
        await save(secretLines(server));
        const saved = (await afterDone(agent(), id)).after;
        assert.deepEqual([saved?.by, saved?.error], ['python3', null]);
        assert.ok(stored(server).includes('index.json'));
        assert.ok(!existsSync(agent().file(id, 'after-secrets')));
        const cut = await agent().call(['save', id], { input: 'after-secret AWS_REGION=x\n' });
        assert.equal(refusal(cut).code, 'incomplete');
      } finally {
        await receiver.stop();
      }
    });

    it('goes on to the next tool, and to the end when one hangs', async () => {
      const env = await onlyTools(agent(), 'python3');
      await fakeTool(agent(), 'aws', `echo "no luck with $AWS_SECRET_ACCESS_KEY" >&2; exit 9`);
      await fakeTool(agent(), 'rclone', 'sleep 300 & wait');
      await agent().start(id, { argv: ['true'], lines: [...durableLines(server), 'save-limit 3'] }, { env });
      const began = performance.now();
      const { after } = await afterDone(agent(), id);
      assert.ok(performance.now() - began < 15_000);
      assert.deepEqual(after?.saved, []);
      assert.match(after.error ?? '', /^aws: no luck with \*\*\*; rclone did not end in time/);
      assert.deepEqual(stored(server), []);
      await until('nobody is left', () => Promise.resolve(agent().processes().length === 0 ? true : undefined));
    });

    it('shows its secrets neither to the run nor in any list of processes', async () => {
      const env = await onlyTools(agent(), 'python3', 'ls');
      const spied: string[] = [];
      server.fault = () => {
        for (const pid of agent().processes()) spied.push(readProc(pid, 'cmdline'));
        return false;
      };
      const argv = ['sh', '-c', 'env; cat "$RUNCTL_RUN_DIR/spec" "$RUNCTL_RUN_DIR/run.json"'];
      await agent().start(id, { argv, lines: durableLines(server) }, { env });
      await afterDone(agent(), id);
      assert.ok(spied.some((line) => line.includes('after.py')), 'the helper was seen');
      assert.doesNotMatch(spied.join('\n'), /AKIDTEST|se\/cret/);
      assert.doesNotMatch(await agent().log(id), /AKIDTEST|se\/cret|AWS_SECRET/);
      for (const name of await readdir(agent().file(id, ''))) {
        if (name !== 'once') assert.doesNotMatch(readFileSync(agent().file(id, name), 'latin1'), /se\/cret/, name);
      }
    });

    it('takes directories as a whole, and two where it cannot be told which is', async () => {
      const env = await onlyTools(agent(), 'python3');
      await checkpoint(agent(), 'whole.safetensors', safetensors(), 7);
      await checkpoint(agent(), 'checkpoint-5/model.safetensors', safetensors(), 6);
      await checkpoint(agent(), 'checkpoint-5/trainer_state.json', '{}', 5);
      await checkpoint(agent(), 'checkpoint-6/model.safetensors', safetensors().subarray(0, -1), 4);
      await checkpoint(agent(), 'checkpoint-6/trainer_state.json', '{}', 3);
      await checkpoint(agent(), 'checkpoint-7/pytorch_model-00001-of-00002.bin', 'half', 2);
      await checkpoint(agent(), 'checkpoint-7/trainer_state.json', '{}', 1);
      await checkpoint(agent(), 'later.pkl', 'of no known form', 0);
      await checkpoint(agent(), 'later.json', '{"complete": false}', 0);
      await checkpoint(agent(), 'notes.txt', 'newer than all', 0);
      await agent().start(id, { argv: ['false'], lines: durableLines(server) }, { env });
      const { after } = await afterDone(agent(), id);
      assert.equal(after?.error, null);
      assert.deepEqual(after.saved.slice(3).map(({ name }) => name), ['checkpoints/checkpoint-5', 'checkpoints/whole.safetensors']);
      assert.equal(server.text(`${place}/checkpoints/checkpoint-5/model.safetensors`), safetensors().toString());
      const index = JSON.parse(server.text(`${place}/index.json`)) as { files: { name: string }[] };
      assert.deepEqual(index.files.map(({ name }) => name).sort(), stored(server).filter((name) => name !== 'index.json').sort());
    });

    it('takes step 10 for later than step 9 where both are of one moment', async () => {
      const env = await onlyTools(agent(), 'python3');
      for (const step of [10, 2, 9]) await checkpoint(agent(), `step_${String(step)}.pt`, zip(), 0);
      const time = Math.floor(Date.now() / 1000) - 20;
      for (const step of [10, 2, 9]) await utimes(join(agent().work, `checkpoints/step_${String(step)}.pt`), time, time);
      await agent().start(id, { argv: ['true'], lines: durableLines(server) }, { env });
      const { after } = await afterDone(agent(), id);
      assert.equal(after?.error, null);
      assert.deepEqual(after.saved.slice(3).map(({ name }) => name), ['checkpoints/step_10.pt']);
    });

    it('is lost with a reboot, and saves by hand what the reboot left', async () => {
      const env = await onlyTools(agent(), 'python3');
      await checkpoint(agent(), 'step-1.pt', zip(), 30);
      await agent().start(id, { argv: ['sleep', '90'], lines: durableLines(server) }, { env });
      await agent().until(id, 'running', ({ state }) => state === 'running');
      await reboot(agent());
      const { state, evidence, after } = await agent().status(id);
      assert.deepEqual([state, evidence?.boot, after?.state], ['lost', 'changed', 'lost']);
      const input = [...secretLines(server), 'end', ''].join('\n');
      assert.equal(one(await agent().call(['save', id], { input, env })).state, 'lost');
      const done = (await afterDone(agent(), id)).after;
      assert.deepEqual([done?.error, done?.saved.at(-1)?.name], [null, 'checkpoints/step-1.pt']);
      assert.equal((JSON.parse(server.text(`${place}/exit.json`)) as { reason: string }).reason, 'lost');
      assert.ok(stored(server).includes('index.json'));
    });

    it('says that no checkpoint is whole, and saves the rest', async () => {
      const env = await onlyTools(agent(), 'python3');
      await checkpoint(agent(), 'step-1.pt', zip().subarray(0, -1), 0);
      await agent().start(id, { argv: ['true'], lines: durableLines(server) }, { env });
      const { after } = await afterDone(agent(), id);
      assert.deepEqual([after?.by, after?.error], ['python3', 'no checkpoint is whole']);
      assert.deepEqual(after?.saved.map(({ name }) => name), ['run.json', 'exit.json', 'log']);
    });
  },
  { RUNCTL_BEAT_SECONDS: '1' },
);
