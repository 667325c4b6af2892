import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { findExecutable } from '../../../scripts/lib/process.ts';
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
} from '../../support/after-machine.ts';
import { TestAgent } from '../../support/agent.ts';
import { readProc, until } from '../../support/proc.ts';

const id = `tools-${String(process.pid)}`;
const place = `some/prefix/${id}`;

describe('the tools that save runs', function () {
  this.timeout(60_000);
  let agent: TestAgent;
  let server: S3Server;
  beforeEach(async () => {
    agent = await TestAgent.create(['dash']);
    server = await S3Server.start(BUCKET, ACCOUNT);
  });
  afterEach(async () => {
    await agent.dispose();
    await server.stop();
  });

  for (const tool of ['aws', 'rclone']) {
    it(`(${tool}) save files and directories, and are told no secret by argument`, async () => {
      const path = findExecutable(tool);
      assert.ok(path, `${tool} is not installed`);
      const env = await onlyTools(agent);
      // With what it needs itself, and nothing else that could save.
      await fakeTool(agent, tool, `PATH='${process.env['PATH'] ?? ''}' exec '${path}' "$@"`);
      const seen: string[] = [];
      server.fault = () => {
        for (const pid of agent.processes()) seen.push(readProc(pid, 'cmdline'));
        return false;
      };
      await checkpoint(agent, 'checkpoint-1/model.safetensors', safetensors(), 30);
      await checkpoint(agent, 'checkpoint-1/trainer_state.json', '{}', 30);
      await checkpoint(agent, 'checkpoint-1/a [b] *.txt', 'of a strange name', 30);
      await agent.start(id, { argv: ['echo', 'done'], lines: durableLines(server) }, { env });
      // Each of them takes seconds to begin.
      for (const name of ['exit.json', 'log', 'checkpoints/checkpoint-1/model.safetensors']) {
        await until(`${name} is there`, async () => {
          const { after } = await agent.status(id);
          return after?.state === 'done' || server.objects.has(`${place}/${name}`) ? true : undefined;
        });
      }
      const { after } = await afterDone(agent, id);
      assert.deepEqual([after?.by, after?.error], [tool, null]);
      const names = [
        ...['run.json', 'exit.json', 'log'],
        ...['a [b] *.txt', 'model.safetensors', 'trainer_state.json'].map((name) => `checkpoints/checkpoint-1/${name}`),
      ];
      assert.deepEqual([...server.objects.keys()].sort(), [...names, 'index.json'].map((name) => `${place}/${name}`).sort());
      assert.equal(server.order.at(-1), `${place}/index.json`);
      assert.equal(server.text(`${place}/log`), 'done\n');
      assert.equal(server.text(`${place}/checkpoints/checkpoint-1/model.safetensors`), safetensors().toString());
      const index = JSON.parse(server.text(`${place}/index.json`)) as { files: { name: string }[] };
      assert.deepEqual(index.files.map(({ name }) => name).sort(), [...names].sort());
      assert.ok(seen.some((line) => line.includes(tool)), 'it was seen');
      assert.doesNotMatch(seen.join('\n'), /AKIDTEST|se\/cret/);
    });
  }

  it('(s5cmd) are asked file by file, with the endpoint', async () => {
    const env = await onlyTools(agent);
    await fakeTool(agent, 's5cmd', `echo "$@" >>'${agent.work}/asked'; echo "metadata off: $AWS_EC2_METADATA_DISABLED" >>'${agent.work}/told'`);
    await checkpoint(agent, 'checkpoint-1/model.safetensors', safetensors(), 30);
    await checkpoint(agent, 'checkpoint-1/trainer_state.json', '{}', 30);
    // Who was given credentials must not wait for a metadata service that never answers.
    const machine = { ...env, AWS_EC2_METADATA_DISABLED: '' };
    await agent.start(id, { argv: ['true'], lines: durableLines(server) }, { env: machine });
    assert.equal((await afterDone(agent, id)).after?.by, 's5cmd');
    assert.match(await readFile(`${agent.work}/told`, 'utf8'), /^(metadata off: true\n)+$/);
    const asked = await readFile(`${agent.work}/asked`, 'utf8');
    const lines = asked.trim().split('\n');
    assert.equal(lines.length, 6);
    for (const line of lines) {
      assert.match(line, new RegExp(`^--endpoint-url ${server.endpoint} cp --raw /\\S+ s3://${BUCKET}/${place}/`));
    }
    assert.match(lines.at(-1) ?? '', /index\.json$/);
  });

  it('(rclone) are quoted by the line that says what failed, not by the hints below it', async () => {
    const env = await onlyTools(agent);
    const lines = [
      'Failed to copyto: NoCredentialProviders: no valid providers in chain. Deprecated.',
      '\tFor verbose messaging see aws.Config.CredentialsChainVerboseErrors',
    ];
    await fakeTool(agent, 'rclone', `printf '%s\\n' '${lines.join("' '")}' >&2; exit 1`);
    await agent.start(id, { argv: ['true'], lines: durableLines(server) }, { env });
    const { after } = await afterDone(agent, id);
    assert.equal(after?.error, `rclone: ${lines[0] ?? ''}`);
  });
});
