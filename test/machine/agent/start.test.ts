import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { it } from 'mocha';
import {
  AGENT_SCRIPT,
  PYTHON,
  R1,
  R2,
  callCommand,
  encode,
  one,
  refusal,
  underEachShell,
} from '../../support/agent.ts';
import { isRunning, stat, until } from '../../support/proc.ts';

const SLEEP = ['sleep', '60'];

underEachShell('agent start', (agent) => {
  it('runs a command to its end and keeps its log, code and record', async () => {
    const started = await agent().start(R1, {
      argv: ['sh', '-c', 'echo out; echo err >&2; exit 3'],
      lines: [`json ${encode('{"name":"naïve 💡"}')}`],
    });
    assert.equal(started.cwd, agent().work);
    const { exit, phase, log, started: at, logid } = await agent().ended(R1);
    assert.deepEqual(
      { code: exit?.code, signal: exit?.signal, stop: exit?.stop, reason: exit?.reason, phase },
      { code: 3, signal: null, stop: null, reason: null, phase: 'command' },
    );
    const text = await agent().log(R1);
    assert.deepEqual(text.split('\n').sort(), ['', 'err', 'out']);
    assert.equal(log, text.length);
    assert.match(logid ?? '', /^\d+:\d+$/);
    assert.ok(Math.abs((at ?? 0) - Date.now() / 1000) < 10);
    assert.ok((exit?.ended ?? 0) >= (at ?? 0) - 1);
    const [listed] = (await agent().call(['list'])).stdout.toString().split('\n');
    assert.ok(listed?.includes('"run":{"name":"na\\u00efve \\ud83d\\udca1"}'), listed);
    const kept = await readFile(agent().file(R1, 'run.json'), 'utf8');
    assert.equal(kept, '{"name":"naïve 💡"}\n');
  });

  it('gives the run a session of its own, apart from the supervisor, with no tty', async () => {
    const { pid } = await agent().start(R1, { argv: SLEEP });
    assert.ok(pid);
    await until('the run leads a session', () =>
      Promise.resolve(stat(pid)[3] === String(pid) || undefined),
    );
    const [, , group, session, tty] = stat(pid);
    const supervisor = await agent().supervisor(R1);
    assert.deepEqual([group, session, tty], [String(pid), String(pid), '0']);
    assert.deepEqual(stat(supervisor).slice(2, 5), [String(supervisor), String(supervisor), '0']);
    assert.notEqual(supervisor, pid);
  });

  it('gives the run default signals even when the caller ignores them', async () => {
    const program =
      'import signal as s; names = (s.SIGINT, s.SIGTERM, s.SIGHUP, s.SIGQUIT); ' +
      'print("got", [s.getsignal(x) for x in names] == ' +
      '[s.default_int_handler, s.SIG_DFL, s.SIG_DFL, s.SIG_DFL])';
    const command = ['sh', '-c', 'trap "" HUP INT QUIT TERM; exec "$@"', 'sh', ...agent().shell];
    one(
      await callCommand([...command, AGENT_SCRIPT, 'start', R1], {
        env: agent().env,
        input: agent().spec({ argv: [PYTHON, '-c', program] }),
      }),
    );
    assert.equal(await agent().line(R1, 'got '), 'True');
  });

  it('survives the SIGKILL of its starter, group and session', async () => {
    const spec = join(agent().work, 'spec');
    await writeFile(spec, agent().spec({ argv: SLEEP }));
    await mkdir(join(agent().home, 'runs'), { recursive: true });
    const line = `${agent().shell.join(' ')} ${AGENT_SCRIPT} start ${R1} <${spec}; sleep 60`;
    const caller = spawn('sh', ['-c', line], { detached: true, env: agent().env, stdio: 'ignore' });
    const { pid } = await agent().until(R1, 'running', ({ state }) => state === 'running');
    process.kill(-(caller.pid ?? 0), 'SIGKILL');
    await until('the caller is dead', () =>
      Promise.resolve(isRunning(caller.pid ?? 0) ? undefined : true),
    );
    const status = await agent().status(R1);
    assert.equal(status.state, 'running');
    assert.ok(isRunning(pid ?? 0));
    assert.ok(isRunning(await agent().supervisor(R1)));
  });

  it('records codes of 128 and more as code and possible signal', async () => {
    await agent().start('exits', { argv: ['sh', '-c', 'exit 137'] });
    await agent().start('dies', { argv: ['sh', '-c', 'kill -SEGV $$'], lines: ['shared 1'] });
    const exits = await agent().ended('exits');
    const dies = await agent().ended('dies');
    assert.deepEqual([exits.exit?.code, exits.exit?.signal], [137, 9]);
    assert.deepEqual([dies.exit?.code, dies.exit?.signal], [139, 11]);
    assert.notEqual(dies.exit?.oom, true);
  });

  it('records why a command could not be started', async () => {
    const script = join(agent().work, 'not-executable');
    await writeFile(script, 'x');
    const cases = [
      { id: 'gone', argv: ['no-such-command'], code: 127, reason: 'command-missing' },
      { id: 'builtin', argv: ['export'], code: 127, reason: 'command-missing' },
      { id: 'path', argv: ['./nope'], code: 127, reason: 'command-missing' },
      { id: 'denied', argv: [script], code: 126, reason: 'command-denied' },
      { id: 'folder', argv: SLEEP, cwd: `${agent().work}/none`, code: 127, reason: 'cwd-missing' },
      { id: 'file', argv: SLEEP, cwd: script, code: 126, reason: 'cwd-denied' },
    ];
    for (const { id, code, reason, ...spec } of cases) {
      await agent().start(id, spec);
      const { exit } = await agent().ended(id);
      assert.deepEqual([id, exit?.code, exit?.reason], [id, code, reason]);
      assert.match(await agent().log(id), new RegExp(`^runctl: ${reason}$`, 'm'));
    }
  });

  it('refuses an incomplete or malformed spec and leaves nothing behind', async () => {
    const whole = agent().spec({ argv: ['true'] });
    const bad = {
      'no end': whole.replace('end\n', ''),
      'cut in a line': whole.slice(0, -6),
      'no head': whole.replace('runctl-spec 1', 'runctl-spec 2'),
      'no command': whole.replace('arg true\n', ''),
      'no cwd': whole.replace(/cwd .*\n/, ''),
      'a relative cwd': whole.replace(/cwd .*\n/, 'cwd work\n'),
      'raw text': whole.replace('arg true', 'arg $(touch oops)'),
      'a NUL': whole.replace('arg true', 'arg a\\0000'),
      'half an escape': whole.replace('arg true', 'arg a\\01'),
      'an unknown line': whole.replace('end', 'surprise 1\nend'),
      'a bad variable': whole.replace('end', 'env A-B=1\nend'),
      'json on two lines': whole.replace('end', `json ${encode('{\n}')}\nend`),
    };
    for (const [what, input] of Object.entries(bad)) {
      const answer = await agent().call(['start', R1], { input });
      assert.ok([2, 3].includes(answer.code ?? 0), `${what}: ${answer.stdout.toString()}`);
      assert.ok(['usage', 'incomplete'].includes(refusal(answer).code), what);
      assert.equal(existsSync(agent().home), false, what);
    }
    for (const id of ['../x', 'A', '-a', '', 'a b', 'x'.repeat(65)]) {
      const answer = await agent().call(['start', id], { input: whole });
      assert.deepEqual(refusal(answer), { exit: 2, code: 'usage' }, id);
    }
  });

  it('starts an id once, however often and at the same time it is asked', async () => {
    const count = 'echo started >>"$PWD/count"; sleep 60';
    const input = agent().spec({ argv: ['sh', '-c', count], lines: ['shared 1'] });
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => agent().call(['start', R1], { input })),
    );
    const fresh = answers.map(one).filter(({ existing }) => existing !== true);
    assert.equal(fresh.length, 1);
    const again = one(await agent().call(['start', R1], { input }));
    assert.deepEqual([again.existing, again.state], [true, 'running']);
    const text = await until('it counted', async () =>
      existsSync(join(agent().work, 'count'))
        ? readFile(join(agent().work, 'count'), 'utf8')
        : undefined,
    );
    assert.equal(text, 'started\n');
    assert.deepEqual(await readdir(join(agent().home, 'new')), []);
  });

  it('lets one of many racing runs have a directory, by whatever name it is called', async () => {
    const link = `${agent().work}-link`;
    await symlink(agent().work, link);
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        agent().call(['start', `r${index}`], {
          input: agent().spec({ argv: SLEEP, cwd: index % 2 === 0 ? link : agent().work }),
        }),
      ),
    );
    const winners = answers.filter(({ code }) => code === 0).map(one);
    assert.equal(winners.length, 1);
    for (const answer of answers.filter(({ code }) => code !== 0)) {
      assert.deepEqual(refusal(answer), { exit: 3, code: 'busy', run: winners[0]?.id });
    }
    assert.deepEqual(await readdir(join(agent().home, 'runs')), [winners[0]?.id]);
    const shared = await agent().start('shared', { argv: SLEEP, lines: ['shared 1'] });
    assert.equal(shared.state, 'running');
  });

  it('breaks the lock of a dead starter and waits for that of a live one', async () => {
    const lock = join(agent().home, 'lock');
    for (const name of ['runs', 'new', 'setups'])
      await mkdir(join(agent().home, name), { recursive: true });
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    await writeFile(lock, `999999999 1 ${boot}\n`);
    await agent().start('after-dead', { argv: ['true'] });
    await agent().ended('after-dead');

    await writeFile(lock, `${process.pid} ${stat(process.pid)[19] ?? ''} ${boot}\n`);
    const waiting = agent().call(['start', 'after-live'], {
      input: agent().spec({ argv: ['true'] }),
    });
    await until(
      'the starter has prepared',
      async () => (await readdir(join(agent().home, 'new'))).length > 0 || undefined,
    );
    await delay(300);
    assert.equal(existsSync(agent().file('after-live', 'meta')), false);
    await rm(lock);
    one(await waiting);
    assert.deepEqual(await readdir(join(agent().home, 'new')), []);
  });

  it('breaks the lock of a dead starter also after the one who broke it was killed', async () => {
    for (const name of ['runs', 'new', 'setups'])
      await mkdir(join(agent().home, name), { recursive: true });
    // What killed breakers leave: the lock, the right to break it, and that to break this one.
    await mkdir(join(agent().home, 'lock.999999999.1'));
    await writeFile(join(agent().home, 'lock'), '999999999 1 boot\n');
    await writeFile(join(agent().home, 'lock-999999999-1'), '999999998 2 boot\n');
    await writeFile(join(agent().home, 'lock-999999999-1-999999998-2'), '999999997 3 boot\n');
    const { stdout, ms } = await agent().call(['start', R1], {
      input: agent().spec({ argv: ['true'] }),
    });
    assert.match(stdout.toString(), new RegExp(`^\\{"id":"${R1}"`));
    assert.ok(ms < 5000, `${ms} ms`);
    assert.deepEqual(
      (await readdir(agent().home)).filter((name) => name.startsWith('lock-')),
      [],
    );
  });

  it('runs the command although it cannot note that its set-up succeeded', async () => {
    await agent().start(R1, {
      argv: ['echo', 'ran'],
      // The step removes the folder of notes.
      lines: ['setup rm', 'setup -rf', `setup ${join(agent().home, 'setups')}`, 'setupkey abc'],
    });
    const { exit } = await agent().ended(R1);
    assert.deepEqual([exit?.code, exit?.phase], [0, 'command']);
    assert.equal(await agent().log(R1), 'ran\n');
    // And the next start makes it again.
    await agent().start(R2, { argv: ['true'], lines: ['setup true', 'setupkey abc'] });
    await agent().ended(R2);
    assert.ok(existsSync(join(agent().home, 'setups', 'abc')));
  });

  it('blames memory only by the counter of the group the run is in', async () => {
    const group = join(agent().work, 'cgroup');
    const env = { RUNCTL_CGROUP: group };
    // The machine has a count of its own, which says nothing of this run.
    await agent().start(R1, { argv: ['true'] }, { env });
    assert.equal((await agent().ended(R1)).exit?.oom, null);

    await mkdir(group);
    await writeFile(join(group, 'memory.events'), 'oom 3\noom_kill 3\n');
    const wait = 'until [ -e "$0" ]; do sleep 0.05; done';
    await agent().start(R2, { argv: ['sh', '-c', wait, join(group, 'go')] }, { env });
    await writeFile(join(group, 'memory.events'), 'oom 4\noom_kill 4\n');
    await writeFile(join(group, 'go'), '');
    assert.equal((await agent().ended(R2)).exit?.oom, true);
  });
});
