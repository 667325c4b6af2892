import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { MachineError } from '../../../src/core/errors.ts';
import { newRunId } from '../../../src/core/ids.ts';
import { AgentClient } from '../../../src/remote/agent/agent-client.ts';
import { LocalShell } from '../../../src/remote/local-shell.ts';
import type { ExecResult } from '../../../src/remote/remote-shell.ts';
import { AGENT_SCRIPT } from '../../support/agent.ts';

describe('the client of the agent', () => {
  const id = newRunId(1_700_000_000_000);
  let home: string;
  let client: AgentClient;

  beforeEach(async () => {
    home = join(await mkdtemp(join(tmpdir(), 'runctl-client-')), 'home');
    client = new AgentClient(new LocalShell(), await readFile(AGENT_SCRIPT), home);
  });

  afterEach(async () => {
    await rm(join(home, '..'), { recursive: true });
  });

  it('puts the script back when it was removed meanwhile', async () => {
    assert.deepEqual(await client.ids(), []);
    await rm(home, { recursive: true });
    assert.deepEqual(await client.ids(), []);
    await rm(join(home, 'agent'), { recursive: true });
    assert.deepEqual(await client.list(), []);
  });

  it('tries a program that cannot be run once more and no oftener', async () => {
    const shell = new CountingShell({ code: 127, stdout: '' });
    const broken = new AgentClient(shell, await readFile(AGENT_SCRIPT), home);
    await assert.rejects(broken.ids(), { code: 'agent-failed' });
    assert.equal(shell.calls, 2);
  });

  it('says a refusal that it does not know in words of its own', async () => {
    const stdout = '{"error":{"code":"strange","message":"as the agent says"}}\n';
    const shell = new CountingShell({ code: 5, stdout });
    const refused = new AgentClient(shell, await readFile(AGENT_SCRIPT), home);
    await assert.rejects(refused.ids(), (error) => {
      assert.ok(error instanceof MachineError);
      assert.equal(error.code, 'strange');
      assert.equal(error.message, 'The agent on the machine refused “ids” (strange)');
      assert.equal(error.details['message'], 'as the agent says');
      return true;
    });
    assert.equal(shell.calls, 1);
  });

  it('fails where there is no folder of runs, rather than call runs missing', async () => {
    await assert.rejects(client.status([id]), (error) => {
      assert.ok(error instanceof MachineError);
      assert.equal(error.code, 'no-home');
      assert.ok(error.message.includes(join(home, 'runs')), error.message);
      assert.match(error.steps.join(), /Mount it/);
      return true;
    });
    await mkdir(join(home, 'runs'), { recursive: true });
    assert.equal((await client.status([id]))[0]?.state, 'missing');
  });

  it('names runs and reads parts of their logs', async () => {
    await assert.rejects(client.read(id, 0, 9), { code: 'not-found' });
    await mkdir(join(home, 'runs', id), { recursive: true });
    await writeFile(join(home, 'runs', id, 'log'), Buffer.from([0, 1, 255, 10, 5]));
    assert.deepEqual(await client.ids(), [id]);
    assert.deepEqual([...(await client.read(id, 1, 3))], [1, 255, 10]);
    assert.equal((await client.read(id, 5, 3)).length, 0);
  });
});

/** Answers every command the same. */
class CountingShell extends LocalShell {
  calls = 0;
  private readonly answer: { readonly code: number; readonly stdout: string };

  constructor(answer: { readonly code: number; readonly stdout: string }) {
    super();
    this.answer = answer;
  }

  override exec(): Promise<ExecResult> {
    this.calls += 1;
    const { code, stdout } = this.answer;
    return Promise.resolve({ code, signal: null, stdout: Buffer.from(stdout), stderr: '' });
  }
}
