import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { it } from 'mocha';
import { AGENT_SCRIPT, PYTHON, R1, R2, one, refusal, underEachShell } from '../../support/agent.ts';
import { isRunning, pids, readProc, signal, stat, until } from '../../support/proc.ts';

/** Tells of each TERM it gets and ignores it. */
const STUBBORN = `
import os, signal, sys, time
name = sys.argv[1] if len(sys.argv) > 1 else "main"
def heard(*_):
    os.write(1, f"{name} heard TERM\\n".encode())
signal.signal(signal.SIGTERM, heard)
# One write each: three processes share the log, and print() makes two of a line.
os.write(1, f"{name} pid {os.getpid()}\\n".encode())
while True: time.sleep(1)
`;

/** Starts a child in its group and one in a session of its own; then joins them or leaves. */
const FAMILY = `
import subprocess, sys
code, then = sys.argv[1:]
subprocess.Popen([sys.executable, "-c", code, "same"])
subprocess.Popen([sys.executable, "-c", code, "other"], start_new_session=True)
sys.argv = ["-c"]
if then == "stay": exec(code)
`;

const SLEEP = ['sleep', '60'];

function family(then: 'stay' | 'leave'): string[] {
  return [PYTHON, '-c', FAMILY, STUBBORN, then];
}

underEachShell('agent stop', (agent) => {
  async function member(id: string, name: string): Promise<number> {
    return Number(await agent().line(id, `${name} pid `));
  }

  async function gone(pid: number): Promise<void> {
    await until(`process ${pid} is gone`, () => Promise.resolve(isRunning(pid) ? undefined : true));
  }

  it('sends TERM and records who asked', async () => {
    await agent().start(R1, {
      argv: ['sh', '-c', 'trap "echo saved; exit 5" TERM; echo ready; while :; do sleep 0.1; done'],
    });
    await agent().line(R1, 'ready');
    assert.equal((await agent().stop(R1)).state, 'stopping');
    const { exit } = await agent().ended(R1);
    assert.deepEqual([exit?.code, exit?.signal, exit?.stop], [5, null, 'user']);
    assert.match(await agent().log(R1), /saved\n$/);
  });

  it('sends TERM once to each of group and escapees, then KILL after the grace', async () => {
    const { pid } = await agent().start(R1, { argv: family('stay') });
    const members = [
      await member(R1, 'same'),
      await member(R1, 'other'),
      await member(R1, 'main'),
    ];
    assert.equal(members[2], pid);
    assert.notEqual(stat(members[1] ?? 0)[2], String(pid), 'the escapee left the group');
    const began = performance.now();
    const answers = await Promise.all([
      agent().call(['stop', R1, '2']),
      agent().call(['stop', R1, '2']),
    ]);
    assert.deepEqual(
      answers.map((answer) => one(answer).state),
      ['stopping', 'stopping'],
    );
    const { exit, orphans } = await agent().ended(R1);
    assert.ok(performance.now() - began > 2000, 'not before the grace');
    assert.deepEqual([exit?.code, exit?.signal, exit?.stop, orphans], [137, 9, 'user', 0]);
    assert.deepEqual(members.filter(isRunning), []);
    const heard = (await agent().log(R1)).split('\n').filter((line) => line.endsWith('TERM'));
    assert.deepEqual(heard.sort(), ['main heard TERM', 'other heard TERM', 'same heard TERM']);
  });

  it('kills without a grace, and lets a later wish only shorten an earlier one', async () => {
    await agent().start(R1, { argv: [PYTHON, '-c', STUBBORN] });
    await agent().line(R1, 'main pid ');
    await agent().stop(R1, 500);
    await agent().line(R1, 'main heard TERM');
    await agent().stop(R1, 900);
    assert.equal((await agent().status(R1)).state, 'stopping');
    one(await agent().call(['kill', R1]));
    assert.equal((await agent().ended(R1)).exit?.signal, 9);
  });

  it('takes the grace of the spec when none is given', async () => {
    await agent().start(R1, { argv: [PYTHON, '-c', STUBBORN], lines: ['grace 1'] });
    await agent().line(R1, 'main pid ');
    await agent().stop(R1);
    assert.equal((await agent().ended(R1)).exit?.signal, 9);
  });

  it('ends what a run left behind, and keeps its record', async () => {
    await agent().start(R1, { argv: family('leave') });
    const [same, other] = [await member(R1, 'same'), await member(R1, 'other')];
    const before = await agent().ended(R1);
    assert.deepEqual([before.exit?.code, before.orphans], [0, 2]);
    assert.deepEqual(refusal(await agent().call(['remove', R1])), {
      exit: 3,
      code: 'active',
      run: R1,
    });
    await agent().stop(R1, 0);
    await gone(same);
    await gone(other);
    const after = await agent().status(R1);
    assert.deepEqual([after.exit, after.orphans], [before.exit, 0]);
    one(await agent().call(['status', R1]));
    assert.equal((await agent().call(['remove', R1])).code, 0);
    assert.equal((await agent().status(R1)).state, 'missing');
  });

  it('says lost with evidence when the supervisor was killed, and can still stop', async () => {
    const { pid } = await agent().start(R1, { argv: family('stay') });
    const members = [await member(R1, 'same'), await member(R1, 'other'), pid ?? 0];
    const supervisor = await agent().supervisor(R1);
    signal(supervisor, 'SIGKILL');
    const lost = await agent().until(R1, 'lost', ({ state }) => state === 'lost');
    const { lastbeat, oom, ...evidence } = lost.evidence ?? {};
    assert.notEqual(oom, true);
    assert.deepEqual(evidence, {
      boot: 'same',
      child: 'alive',
      supervisor_pid: supervisor,
      complaint: null,
    });
    assert.ok(Math.abs((lastbeat ?? 0) - Date.now() / 1000) < 10);
    assert.equal(lost.orphans, 3);
    const input = agent().spec({ argv: SLEEP });
    assert.equal(refusal(await agent().call(['start', R2], { input })).code, 'busy');
    assert.equal(refusal(await agent().call(['remove', R1])).code, 'active');
    await agent().stop(R1, 1);
    for (const one of members) await gone(one);
    const after = await agent().status(R1);
    assert.deepEqual(
      [after.state, after.exit, after.evidence?.child, after.orphans],
      ['lost', null, 'dead', 0],
    );
    const heard = (await agent().log(R1)).split('\n').filter((line) => line.endsWith('TERM'));
    assert.equal(heard.length, 3);
    assert.equal((await agent().call(['remove', R1])).code, 0);
  });

  it('changes nothing about a run that has ended, and knows no other', async () => {
    await agent().start(R1, { argv: ['true'] });
    const before = await agent().ended(R1);
    assert.deepEqual(await agent().stop(R1), before);
    assert.equal((await readFile(agent().file(R1, 'stop'), 'utf8')).trim(), '');
    assert.deepEqual(refusal(await agent().call(['stop', 'none'])), { exit: 4, code: 'not-found' });
    assert.deepEqual(refusal(await agent().call(['stop', R1, 'soon'])), {
      exit: 2,
      code: 'usage',
    });
  });

  it('touches no run whose id begins the same, nor one that the run started', async () => {
    await agent().start(`${R1}-more`, { argv: [PYTHON, '-c', STUBBORN, 'more'] });
    const inner = agent().spec({ argv: [PYTHON, '-c', STUBBORN, 'inner'], lines: ['shared 1'] });
    const call = `${agent().shell.join(' ')} "$SCRIPT" start inner`;
    const line = `printf '%s' "$SPEC" | ${call}; exec sleep 60`;
    const { pid } = await agent().start(R1, {
      argv: ['sh', '-c', line],
      env: { SPEC: inner, SCRIPT: AGENT_SCRIPT, RUNCTL_SHELL: agent().shell.join(' ') },
      lines: ['shared 1'],
    });
    await agent().until('inner', 'running', ({ state }) => state === 'running');
    const others = [await member(`${R1}-more`, 'more'), await member('inner', 'inner')];
    await agent().stop(R1, 0);
    await agent().ended(R1);
    assert.equal(isRunning(pid ?? 0), false);
    assert.ok(others.every(isRunning));
    for (const id of [`${R1}-more`, 'inner'])
      assert.equal((await agent().status(id)).state, 'running', id);
    assert.doesNotMatch(await agent().log('inner'), /heard/);
  });

  it('stops a run in its set-up phase', async () => {
    await agent().start(R1, { argv: ['echo', 'trained'], lines: ['setup sleep', 'setup 61.5'] });
    await until('the step runs', () =>
      Promise.resolve(
        pids().some((pid) => readProc(pid, 'cmdline') === 'sleep\x0061.5\0') || undefined,
      ),
    );
    await agent().stop(R1, 5);
    const { exit } = await agent().ended(R1);
    assert.deepEqual([exit?.signal, exit?.phase, exit?.stop], [15, 'setup', 'user']);
    assert.doesNotMatch(await agent().log(R1), /trained/);
  });

  it('does not die of the signals that a closing session sends', async () => {
    const { pid } = await agent().start(R1, { argv: ['sh', '-c', 'sleep 0.5; exit 4'] });
    const supervisor = await agent().supervisor(R1);
    assert.notEqual(supervisor, pid);
    for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGUSR1'] as const)
      signal(supervisor, name);
    assert.equal((await agent().ended(R1)).exit?.code, 4);
  });
});
