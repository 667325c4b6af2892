import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { it } from 'mocha';
import type { Status, TestAgent } from '../../support/agent.ts';
import { PYTHON, R1, underEachShell } from '../../support/agent.ts';
import { isRunning, signal, stat, until } from '../../support/proc.ts';

const SLEEP = ['sleep', '60'];
const START_FIELD = 19;

underEachShell('which process is which', (agent) => {
  it('believes neither a reused pid of the supervisor nor of the run', async () => {
    await lose(agent(), R1);
    const stranger = spawn('sleep', ['60'], { detached: true });
    const pid = stranger.pid ?? 0;
    // Both pids belong to somebody else now.
    await rewrite(agent(), R1, 'main', { pid: String(pid) });
    await rewrite(agent(), R1, 'supervisor', { pid: String(pid) });
    const status = await agent().status(R1);
    assert.deepEqual(facts(status), ['lost', 'same', 'dead', 0]);
    await agent().stop(R1, 0);
    assert.equal((await agent().call(['remove', R1])).code, 0);
    assert.ok(isRunning(pid), 'the stranger was left alone');
    stranger.kill('SIGKILL');
  });

  it('believes a pid with the recorded start, as a check of the test above', async () => {
    await lose(agent(), R1);
    const stranger = spawn('sleep', ['60'], { detached: true });
    const pid = stranger.pid ?? 0;
    await rewrite(agent(), R1, 'main', { pid: String(pid), start: stat(pid)[START_FIELD] ?? '' });
    assert.deepEqual(facts(await agent().status(R1)), ['lost', 'same', 'alive', 1]);
    stranger.kill('SIGKILL');
  });

  it('calls a run of an earlier boot lost, whatever its pids are now', async () => {
    const { pid } = await agent().start(R1, { argv: SLEEP });
    const boot = '00000000-0000-4000-8000-000000000000';
    await rewrite(agent(), R1, 'main', { boot });
    await rewrite(agent(), R1, 'supervisor', { boot });
    const status = await agent().status(R1);
    assert.deepEqual(
      [status.state, status.evidence?.boot, status.evidence?.child],
      ['lost', 'changed', 'dead'],
    );
    assert.equal(status.evidence?.oom, null);
    assert.ok(isRunning(pid ?? 0));
  });

  it('takes a zombie for dead', async () => {
    await lose(agent(), R1);
    const program =
      'import os, time\npid = os.fork()\nif pid == 0: os._exit(0)\n' +
      'print(pid, flush=True)\ntime.sleep(60)';
    const parent = spawn(PYTHON, ['-c', program], { stdio: ['ignore', 'pipe', 'ignore'] });
    const line = (await once(parent.stdout, 'data')).join('');
    const pid = Number(line);
    await until('it is a zombie', () => Promise.resolve(stat(pid)[0] === 'Z' || undefined));
    await rewrite(agent(), R1, 'main', { pid: String(pid), start: stat(pid)[START_FIELD] ?? '' });
    assert.deepEqual(facts(await agent().status(R1)), ['lost', 'same', 'dead', 0]);
    parent.kill('SIGKILL');
  });

  it('reads past a process name with spaces, parentheses and fields of its own', async () => {
    const program = [
      'import time',
      'open("/proc/self/comm", "w").write("a) Z 1 1 (b) X")',
      'print("named", flush=True)',
      'time.sleep(60)',
    ].join('\n');
    const { pid } = await agent().start(R1, { argv: [PYTHON, '-c', program] });
    await agent().line(R1, 'named');
    signal(await agent().supervisor(R1), 'SIGKILL');
    const lost = await agent().until(R1, 'lost', ({ state }) => state === 'lost');
    assert.deepEqual(facts(lost), ['lost', 'same', 'alive', 1]);
    await agent().stop(R1, 0);
    await until('it is gone', () => Promise.resolve(isRunning(pid ?? 0) ? undefined : true));
  });

  it('does not take an empty or half-written exit record for an end', async () => {
    const { pid } = await agent().start(R1, { argv: SLEEP });
    assert.equal((await readFile(agent().file(R1, 'exit'))).length, 256);
    await writeFile(
      agent().file(R1, 'exit'),
      '{"code":0,"signal":null,"ended":17'.padEnd(255) + '\n',
    );
    assert.equal((await agent().status(R1)).state, 'running');
    signal(await agent().supervisor(R1), 'SIGKILL');
    assert.equal((await agent().until(R1, 'lost', ({ state }) => state === 'lost')).exit, null);
    signal(pid ?? 0, 'SIGKILL');
  });

  it('shows by the beat that the supervisor lives, and stops when it does not', async () => {
    await agent().start(R1, { argv: SLEEP }, { env: { RUNCTL_BEAT_SECONDS: '1' } });
    const first = (await agent().status(R1)).beat ?? 0;
    assert.ok(Math.abs(first - Date.now() / 1000) < 5);
    await agent().until(R1, 'beating', ({ beat }) => (beat ?? 0) > first);
    signal(await agent().supervisor(R1), 'SIGKILL');
    // The run and nothing else: the heart ends at its next look.
    await until('the heart has ended', () =>
      Promise.resolve(agent().processes().length === 1 ? true : undefined),
    );
  });
});

/** A run whose supervisor and command were both killed. */
async function lose(agent: TestAgent, id: string): Promise<void> {
  const { pid } = await agent.start(id, { argv: SLEEP });
  signal(await agent.supervisor(id), 'SIGKILL');
  signal(pid ?? 0, 'SIGKILL');
  await agent.until(id, 'lost', (status) => status.evidence?.child === 'dead');
}

/** Changes parts of a record "PID START BOOT …". */
async function rewrite(
  agent: TestAgent,
  id: string,
  name: string,
  change: { pid?: string; start?: string; boot?: string },
): Promise<void> {
  const path = agent.file(id, name);
  const [pid = '', start = '', boot = '', ...rest] = (await readFile(path, 'utf8'))
    .trim()
    .split(' ');
  const fields = [change.pid ?? pid, change.start ?? start, change.boot ?? boot, ...rest];
  await writeFile(path, `${fields.join(' ').padEnd(255)}\n`);
}

function facts({ state, evidence, orphans }: Status): unknown[] {
  return [state, evidence?.boot, evidence?.child, orphans];
}
