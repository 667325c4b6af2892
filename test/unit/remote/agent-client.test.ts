import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { MachineError } from '../../../src/core/errors.ts';
import { newRunId } from '../../../src/core/ids.ts';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import { AgentClient } from '../../../src/remote/agent/agent-client.ts';
import type { AgentSource } from '../../../src/remote/agent/agent-script.ts';
import { LocalShell } from '../../../src/remote/local-shell.ts';
import type { ExecOptions, ExecResult } from '../../../src/remote/remote-shell.ts';
import { readAgent } from '../../support/agent-source.ts';

describe('the client of the agent', () => {
  const id = newRunId(1_700_000_000_000);
  let home: string;
  let client: AgentClient;

  beforeEach(async () => {
    home = join(await mkdtemp(join(tmpdir(), 'runctl-client-')), 'home');
    client = new AgentClient(new LocalShell(), await readAgent(), home);
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
    const broken = new AgentClient(shell, await readAgent(), home);
    await assert.rejects(broken.ids(), { code: 'agent-failed' });
    assert.equal(shell.calls, 2);
  });

  it('says a refusal that it does not know in words of its own', async () => {
    const stdout = '{"error":{"code":"strange","message":"as the agent says"}}\n';
    const shell = new CountingShell({ code: 5, stdout });
    const refused = new AgentClient(shell, await readAgent(), home);
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
    await writeFile(join(home, 'runs', id, 'run.json'), '{}');
    assert.deepEqual(await client.ids(), [id]);
    assert.deepEqual([...(await client.read(id, 1, 3))], [1, 255, 10]);
    assert.equal((await client.read(id, 5, 3)).length, 0);
  });
});

describe('the script of the agent', () => {
  let home: string;
  let source: AgentSource;

  beforeEach(async () => {
    home = join(await mkdtemp(join(tmpdir(), 'runctl-client-')), 'home');
    source = await readAgent();
  });

  afterEach(async () => {
    await rm(join(home, '..'), { recursive: true });
  });

  it('is never read back, and asked for once per verb where it is', async () => {
    await new AgentClient(new LocalShell(), source, home).version();
    const shell = new WatchedShell();
    const client = new AgentClient(shell, source, home);
    const { detach, boot, epoch } = await client.version();
    assert.ok(detach !== '' && boot !== '' && Math.abs(epoch - Date.now() / 1000) < 60);
    await client.ids();
    assert.deepEqual(shell.seen, ['exec version', 'exec ids']);
  });

  it('is brought again when only a piece of it is there', async () => {
    const client = new AgentClient(new LocalShell(), source, home);
    await client.version();
    const [hash = ''] = await readdir(join(home, 'agent'));
    await writeFile(join(home, 'agent', hash, 'agent.sh'), source.script.subarray(0, 300));
    const fresh = new AgentClient(new LocalShell(), source, home);
    const follow = await fresh.follow([]);
    follow.stdout.resume();
    assert.deepEqual(await follow.done, { code: 2, signal: null });
  });

  it('drops the line of a status that cannot be read, says so, and keeps the others', async () => {
    const good = (id: string): string => `{"id":"${id}","state":"ended"}`;
    const stdout = `${good('a')}\n{"id":"b","state":"ended","run":garbage}\n${good('c')}\n`;
    const warned: string[] = [];
    const logger = { ...NULL_LOGGER, warn: (line: string) => void warned.push(line) };
    const client = new AgentClient(new CountingShell({ code: 0, stdout }), source, home, logger);
    const ids = (await client.list()).map((status) => status.id);
    assert.deepEqual([ids, warned.length], [['a', 'c'], 1]);
  });

  it('can be given up on', async () => {
    const client = new AgentClient(new LocalShell(), source, home);
    const signal = AbortSignal.abort();
    await assert.rejects(client.ids({ signal }), { code: 'cancelled' });
    await assert.rejects(client.facts(['/'], { timeoutMs: 1 }), { code: 'timeout' });
  });
});

/** Notes what is asked of it. */
class WatchedShell extends LocalShell {
  readonly seen: string[] = [];

  override exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult> {
    this.seen.push(`exec ${argv.at(-1) ?? ''}`);
    return super.exec(argv, options);
  }

  override get(path: string): Promise<Buffer | undefined> {
    this.seen.push('get');
    return super.get(path);
  }

  override put(path: string, content: Buffer, mode: number): Promise<void> {
    this.seen.push('put');
    return super.put(path, content, mode);
  }
}

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
