import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'mocha';
import { z } from 'zod';
import { PYTHON, R1, refusal, underEachShell } from '../../support/agent.ts';
import { isRunning, signal, stat, until } from '../../support/proc.ts';
import { BASIC_TOOLS, toolbox } from '../../support/toolbox.ts';

const SLEEP = ['/bin/sleep', '60'];
const SIGNALS =
  'import signal as s; print("got", s.getsignal(s.SIGINT) == s.default_int_handler, ' +
  's.getsignal(s.SIGTERM) == s.SIG_DFL, flush=True); import time; time.sleep(60)';

const versionSchema = z.strictObject({
  agent: z.literal(4),
  home: z.string(),
  shell: z.string(),
  detach: z.enum(['setsid', 'perl', 'python3', 'none']),
  uptime: z.number().int(),
  epoch: z.number().int(),
  boot: z.string().min(1),
  host: z.string().min(1),
});

underEachShell('detaching', (agent) => {
  async function tools(...more: string[]): Promise<{ PATH: string }> {
    return { PATH: await toolbox(join(agent().work, 'bin'), [...BASIC_TOOLS, ...more]) };
  }

  for (const [tool, more] of [
    ['setsid', ['setsid', 'perl', 'python3']],
    ['perl', ['perl', 'python3']],
    ['python3', ['python3']],
  ] as const) {
    it(`uses ${tool} where it is the best there is`, async () => {
      const env = await tools(...more);
      const version = versionSchema.parse(
        JSON.parse((await agent().call(['version'], { env })).stdout.toString()),
      );
      assert.deepEqual([version.detach, version.home], [tool, agent().home]);
      const { pid } = await agent().start(R1, { argv: [PYTHON, '-c', SIGNALS] }, { env });
      assert.equal(await agent().line(R1, 'got '), 'True True');
      const supervisor = await agent().supervisor(R1);
      for (const leader of [pid ?? 0, supervisor]) {
        assert.deepEqual(stat(leader).slice(2, 4), [String(leader), String(leader)]);
      }
      await agent().call(['stop', R1, '5'], { env });
      const { exit } = await agent().ended(R1);
      assert.deepEqual([exit?.signal, exit?.stop], [15, 'user']);
    });
  }

  it('refuses where there is nothing to detach with, before anything is created', async () => {
    const env = await tools();
    const input = agent().spec({ argv: SLEEP });
    const answer = await agent().call(['start', R1], { env, input });
    assert.deepEqual(refusal(answer), { exit: 5, code: 'no-detach' });
    assert.equal(existsSync(agent().home), false);
  });

  it('resets signals by perl or python3 where env cannot', async () => {
    for (const [id, more] of [
      ['with-perl', ['perl']],
      ['with-python', ['python3']],
    ] as const) {
      const path = await toolbox(join(agent().work, id), [
        ...BASIC_TOOLS.filter((tool) => tool !== 'env'),
        ...['setsid', ...more],
      ]);
      await agent().start(
        id,
        { argv: [PYTHON, '-c', SIGNALS], lines: ['shared 1'] },
        { env: { PATH: path } },
      );
      assert.equal(await agent().line(id, 'got '), 'True True', id);
    }
  });
});

underEachShell(
  'a machine without /proc',
  (agent) => {
    const child = 'import os, time; print("other pid", os.getpid(), flush=True); time.sleep(60)';

    it('starts, stops with escapees, and records', async () => {
      const program =
        'import subprocess as s, sys, time; ' +
        's.Popen([sys.executable, "-c", sys.argv[1]], start_new_session=True); time.sleep(60)';
      const { pid } = await agent().start(R1, { argv: [PYTHON, '-c', program, child] });
      const other = Number(await agent().line(R1, 'other pid '));
      assert.ok(pid !== null && isRunning(pid) && isRunning(other));
      await agent().stop(R1, 5);
      const { exit } = await agent().ended(R1);
      assert.deepEqual([exit?.signal, exit?.stop, exit?.oom], [15, 'user', null]);
      assert.deepEqual([pid, other].filter(isRunning), []);
      assert.ok(Math.abs((exit?.ended ?? 0) - Date.now() / 1000) < 20);
    });

    it('tells a lost run from a live one', async () => {
      const { pid } = await agent().start(R1, { argv: SLEEP });
      assert.equal((await agent().status(R1)).state, 'running');
      signal(await agent().supervisor(R1), 'SIGKILL');
      const lost = await agent().until(R1, 'lost', ({ state }) => state === 'lost');
      assert.deepEqual([lost.evidence?.child, lost.orphans], ['alive', 1]);
      await agent().stop(R1, 0);
      await until('it is gone', () => Promise.resolve(isRunning(pid ?? 0) ? undefined : true));
    });

    it('still tells facts', async () => {
      const answer = await agent().call(['facts', '/']);
      const facts = z
        .object({
          cpuTicks: z.null(),
          disks: z.array(z.object({ total: z.number().positive() })).length(1),
          processes: z
            .array(
              z.object({
                pid: z.number(),
                elapsed: z.number(),
                command: z.string(),
                run: z.string().nullable(),
              }),
            )
            .min(2),
        })
        .parse(JSON.parse(answer.stdout.toString()));
      // Those of runs, whoever's, come on top.
      assert.ok(facts.processes.filter(({ run }) => run === null).length <= 20);
    });
  },
  { RUNCTL_PROC: '/nonexistent' },
);
