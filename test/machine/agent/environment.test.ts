import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'mocha';
import { z } from 'zod';
import { PYTHON, R1, R2, R3, encode, one, refusal, underEachShell } from '../../support/agent.ts';
import { environment, pids, readProc, until } from '../../support/proc.ts';

const SHOW_ARGUMENTS =
  'import os, sys, json; print("argv", json.dumps([os.fsencode(a).hex() for a in sys.argv[1:]]))';
const SHOW_VARIABLES = 'import os, json; print("env", json.dumps(dict(os.environ)))';

const variablesSchema = z.record(z.string(), z.string());

underEachShell('environment of a run', (agent) => {
  async function variables(env: Record<string, string>, inherited: NodeJS.ProcessEnv = {}) {
    await agent().start(R1, { argv: [PYTHON, '-c', SHOW_VARIABLES], env }, { env: inherited });
    return variablesSchema.parse(JSON.parse(await agent().line(R1, 'env ')));
  }

  it('passes every argument on byte for byte', async () => {
    // Each followed by a digit, which an escape could swallow.
    const bytes = Buffer.from(Array.from({ length: 255 }, (_, index) => [index + 1, 0x37]).flat());
    const args = [
      '',
      ' ',
      '-n',
      '--',
      '-e\\n',
      '*',
      '~',
      'a\nb\n\n',
      '"$(touch oops)" `touch oops` ${HOME} \'; touch oops; #',
      '\\0101\\x41\\\\',
      'naïve 日本語 💡 \u0081\u0088',
      'x y '.repeat(1024),
      '$()'.repeat(1400),
      bytes,
    ];
    await agent().start(R1, { argv: [PYTHON, '-c', SHOW_ARGUMENTS, ...args] });
    const got = z.array(z.string()).parse(JSON.parse(await agent().line(R1, 'argv ')));
    assert.deepEqual(
      got,
      args.map((arg) => Buffer.from(arg).toString('hex')),
    );
    assert.deepEqual(await readdir(agent().work), []);
  });

  it('sets the given variables and the four of its own', async () => {
    const env = { PLAIN: 'x', TRICKY: 'a "b"\n$(c) é\n', EMPTY: '', PATH: '/nowhere' };
    const got = await variables(env);
    for (const [name, value] of Object.entries(env)) assert.equal(got[name], value, name);
    assert.equal(got['PYTHONUNBUFFERED'], '1');
    assert.equal(got['RUNCTL_RUN_ID'], R1);
    assert.equal(got['RUNCTL_RUN_DIR'], join(agent().home, 'runs', R1));
  });

  it('leaves a given PYTHONUNBUFFERED and locale alone', async () => {
    const env = {
      PYTHONUNBUFFERED: '',
      LC_ALL: 'POSIX',
      IFS: ':',
      UID: '5',
      _dir: 'mine',
      RANDOM: 'r',
    };
    const got = await variables(env, { LC_ALL: 'C.UTF-8' });
    for (const [name, value] of Object.entries(env)) assert.equal(got[name], value, name);
  });

  it('hands on what the caller had, unchanged by its own variables', async () => {
    const inherited = {
      id: 'a',
      home: 'b',
      pid: 'c',
      state: 'd',
      line: 'e',
      code: 'f',
      LC_ALL: 'C.UTF-8',
    };
    const got = await variables({}, { ...inherited, RUNCTL_RUN_ID: 'other' });
    for (const [name, value] of Object.entries(inherited)) assert.equal(got[name], value, name);
    assert.equal(got['RUNCTL_RUN_ID'], R1);
    assert.equal(got['RUNCTL_LC_ALL'], undefined);
    assert.equal(got['RUNCTL_SHELL'], undefined);
  });

  it('adds no locale where the caller had none', async () => {
    const got = await variables({}, { LC_ALL: undefined });
    assert.equal(got['LC_ALL'], undefined);
  });

  it('gives no input and starts in the asked directory', async () => {
    await agent().start(R1, { argv: ['sh', '-c', 'read x; echo "input $?"; echo "in $(pwd)"'] });
    assert.equal(await agent().line(R1, 'input '), '1');
    assert.equal(await agent().line(R1, 'in '), agent().work);
  });

  it('shows a secret to the run alone: in no argument list, and gone from the disk', async () => {
    const value = 's3cret value "x" é';
    const seen = new Set<string>();
    const watch = setInterval(() => {
      for (const pid of pids()) {
        const line = readProc(pid, 'cmdline');
        if (line.includes('s3cret')) seen.add(line);
      }
    }, 2);
    const argv = [
      PYTHON,
      '-c',
      'import os, time; print("got", os.environ["TOKEN"].encode().hex()); time.sleep(60)',
    ];
    const { pid } = await agent().start(R1, { argv, secrets: { TOKEN: value } });
    const hex = Buffer.from(value).toString('hex');
    assert.equal(await agent().line(R1, 'got '), hex);
    clearInterval(watch);
    assert.deepEqual([...seen], []);
    for (const other of agent()
      .processes()
      .filter((one) => one !== pid)) {
      assert.ok(!environment(other).join().includes('s3cret'), `process ${other}`);
    }
    for (const file of await readdir(agent().home, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const path = join(file.parentPath, file.name);
      assert.notEqual(file.name, 'secrets');
      assert.ok(!readFileSync(path, 'latin1').includes('s3cret'), path);
    }
  });

  it('removes the secrets of a run that could not start, refuses reserved names', async () => {
    await agent().start(R1, { argv: ['no-such-command'], secrets: { TOKEN: 'x' } });
    await agent().ended(R1);
    assert.equal(existsSync(agent().file(R1, 'secrets')), false);
    const input = agent().spec({ argv: ['true'], secrets: { IFS: 'x' } });
    assert.deepEqual(refusal(await agent().call(['start', R2], { input })), {
      exit: 2,
      code: 'usage',
    });
  });

  it('runs the set-up step first, in the same directory, environment and log', async () => {
    const setup = ['sh', '-c', 'echo "prepared $A $TOKEN $(pwd)"'];
    await agent().start(R1, {
      argv: ['echo', 'trained'],
      env: { A: 'b c' },
      secrets: { TOKEN: 't' },
      lines: setup.map((word) => `setup ${encode(word)}`),
    });
    const { exit } = await agent().ended(R1);
    assert.deepEqual([exit?.code, exit?.phase], [0, 'command']);
    assert.equal(await agent().log(R1), `prepared b c t ${agent().work}\ntrained\n`);
  });

  it('fails in the set-up phase with the code of the step, and runs no command', async () => {
    await agent().start(R1, {
      argv: ['echo', 'trained'],
      lines: ['setup sh', 'setup -c', `setup ${encode('exit 9')}`],
    });
    const { exit } = await agent().ended(R1);
    assert.deepEqual([exit?.code, exit?.phase, exit?.reason], [9, 'setup', 'setup-failed']);
    assert.equal(await agent().log(R1), 'runctl: setup-failed\n');
    // Not a function of the agent that happens to be called so.
    await agent().start(R2, { argv: ['true'], lines: ['setup load_words'] });
    const missing = await agent().ended(R2);
    assert.deepEqual([missing.exit?.code, missing.exit?.phase], [127, 'setup']);
  });

  it('skips a set-up step with a known key, and forgets one that failed', async () => {
    const step = (code: number) => [
      'setup sh',
      'setup -c',
      `setup ${encode(`echo prepared; exit ${code}`)}`,
      'setupkey abc123',
    ];
    const logs: string[] = [];
    for (const [id, code] of [
      [R1, 1],
      [R2, 0],
      [R3, 0],
    ] as const) {
      await agent().start(id, { argv: ['echo', 'trained'], lines: step(code) });
      await agent().ended(id);
      logs.push(await agent().log(id));
    }
    assert.deepEqual(logs, [
      'prepared\nrunctl: setup-failed\n',
      'prepared\ntrained\n',
      'trained\n',
    ]);
  });

  it('expands ~ to the home of the machine', async () => {
    const status = one(
      await agent().call(['start', R1], {
        input: agent().spec({ argv: ['true'], cwd: '~' }),
        env: { HOME: agent().work },
      }),
    );
    assert.equal(status.cwd, agent().work);
    await until('it ended', async () =>
      (await agent().status(R1)).state === 'ended' ? true : undefined,
    );
  });
});
