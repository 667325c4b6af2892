import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import {
  PYTHON,
  R1,
  R2,
  R3,
  TestAgent,
  encode,
  refusal,
  statuses,
  underEachShell,
} from '../../support/agent.ts';
import { signal } from '../../support/proc.ts';

const SLEEP = ['sleep', '60'];

underEachShell('damaged, foreign and odd things', (agent) => {
  it('(a damaged run) spoils neither its own line nor those of others', async () => {
    for (const id of ['a', 'b', 'c', 'd']) {
      await agent().start(id, { argv: ['true'] });
      await agent().ended(id);
    }
    await writeFile(agent().file('b', 'run.json'), 'garbage {\n');
    await writeFile(agent().file('b', 'meta'), 'gar"bage\n"a"b"\n"{\n');
    await writeFile(agent().file('c', 'exit'), '{"code":0,garbage\n');
    await writeFile(agent().file('c', 'main'), 'x" 1 2\n');
    await writeFile(agent().file('c', 'supervisor'), '{ 007 boot\n');
    await writeFile(agent().file('d', 'phase'), 'a"b\n');
    await writeFile(agent().file('d', 'exit'), '{"code":0} \u0001\n');
    for (const verb of [['list'], ['status', 'a', 'b', 'c', 'd']]) {
      const lines = statuses(await agent().call(verb));
      assert.deepEqual(
        lines.map(({ id, state }) => [id, state]),
        [
          ['a', 'ended'],
          ['b', 'ended'],
          ['c', 'lost'],
          ['d', 'lost'],
        ],
      );
      assert.deepEqual([lines[1]?.started, lines[1]?.cwd], [null, null]);
      assert.deepEqual([lines[2]?.pid, lines[2]?.exit], [null, null]);
      assert.equal(lines[3]?.phase, null);
    }
  });

  it('(a working directory of any name) is still told', async () => {
    const cwd = join(agent().work, 'q"uo\\te é');
    await mkdir(cwd);
    await agent().start(R1, { argv: ['true'], cwd });
    assert.equal((await agent().ended(R1)).cwd, cwd);
  });

  it('(a program with "=" in its path) starts, its set-up too', async () => {
    for (const [name, env] of [
      ['a=b', {}],
      ['./x=y z', { LC_ALL: 'C.UTF-8', UID: '5' }],
    ] as const) {
      const program = join(agent().work, name);
      await writeFile(program, '#!/bin/sh\necho "$1|$LC_ALL"; env | grep ^UID=\nexit 3\n');
      await chmod(program, 0o755);
      const id = name === 'a=b' ? R1 : R2;
      await agent().start(id, { argv: [program, 'x = y'], env });
      assert.equal((await agent().ended(id)).exit?.code, 3);
      const log = await agent().log(id);
      assert.match(log, id === R1 ? /^x = y\|/ : /^x = y\|C\.UTF-8\nUID=5\n/);
      await agent().start(`${id}s`, {
        argv: ['true'],
        lines: [`setup ${encode(program)}`, 'setup 1'],
      });
      assert.equal((await agent().ended(`${id}s`)).exit?.reason, 'setup-failed');
      assert.match(await agent().log(`${id}s`), /^1\|/);
    }
  });

  it("(a caller's umask) is that of its runs, while our own files stay private", async () => {
    const program = 'import os; m = os.umask(0); print("umask", oct(m))';
    for (const [id, mask] of [
      [R1, 0o022],
      [R2, 0o007],
    ] as const) {
      const before = process.umask(mask);
      try {
        await agent().start(id, {
          argv: [PYTHON, '-c', program],
          lines: ['setup sh', 'setup -c', 'setup umask'],
        });
      } finally {
        process.umask(before);
      }
      await agent().ended(id);
      const octal = mask.toString(8).padStart(4, '0');
      assert.equal(await agent().log(id), `${octal}\numask 0o${mask.toString(8)}\n`);
    }
    const find = ['find', agent().home, '-perm', '/077'];
    await agent().start(R3, { argv: find });
    await agent().ended(R3);
    assert.equal(await agent().log(R3), '');
  });

  it('(why a start failed) is said as it is', async () => {
    const input = agent().spec({ argv: ['true'] });
    const homeless = { RUNCTL_HOME: '', HOME: '' };
    const nowhere = await agent().call(['start', R1], { input, env: homeless });
    assert.deepEqual(refusal(nowhere), { exit: 5, code: 'homeless' });
    const file = join(agent().work, 'file');
    await writeFile(file, '');
    const within = await agent().call(['start', R1], { input, env: { RUNCTL_HOME: `${file}/x` } });
    assert.deepEqual(refusal(within), { exit: 5, code: 'environment' });
    assert.match(within.stdout.toString(), /[Nn]ot a directory/);
    const bin = join(agent().work, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'ln'), '#!/bin/sh\necho "ln: x: Operation not permitted" >&2\nexit 1\n');
    await chmod(join(bin, 'ln'), 0o755);
    const PATH = `${bin}:${process.env['PATH'] ?? ''}`;
    const linkless = await agent().call(['start', R1], { input, env: { PATH } });
    assert.deepEqual(refusal(linkless), { exit: 5, code: 'no-links' });
    assert.ok(linkless.ms < 8000, `${linkless.ms} ms`);
    assert.deepEqual(await readdir(join(agent().home, 'new')), []);
  });

  it("(what the agent's shells complained of) is told of a lost run, cut and escaped", async () => {
    const { pid } = await agent().start(R1, { argv: SLEEP });
    await writeFile(agent().file(R1, 'agent.err'), `${'x'.repeat(600)}\nsh: "é"\tfailed\n`);
    signal(await agent().supervisor(R1), 'SIGKILL');
    const lost = await agent().until(R1, 'lost', ({ state }) => state === 'lost');
    signal(pid ?? 0, 'SIGKILL');
    const complaint = lost.evidence?.complaint ?? '';
    assert.ok(complaint.endsWith('x\nsh: "é"\tfailed'), complaint);
    assert.ok(complaint.length <= 500 && complaint.length > 400);
  });
});

describe('a supervisor that cannot start', () => {
  it('is told with the complaint of its shell', async function () {
    this.timeout(60_000);
    const agent = await TestAgent.create(['sh'], { RUNCTL_SHELL: 'sh -c "no' });
    try {
      const input = agent.spec({ argv: ['true'] });
      const answer = await agent.call(['start', R1], {
        input,
        env: { RUNCTL_SHELL: 'sh -c "no' },
      });
      assert.deepEqual(refusal(answer), { exit: 5, code: 'supervisor', run: R1 });
      assert.match(answer.stdout.toString(), /did not start: .*[Uu]nterminated/);
    } finally {
      await agent.dispose();
    }
  });
});
