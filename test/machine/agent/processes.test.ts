import assert from 'node:assert/strict';
import { it } from 'mocha';
import { z } from 'zod';
import type { TestAgent } from '../../support/agent.ts';
import { PYTHON, R1, R2, underEachShell } from '../../support/agent.ts';

const schema = z.object({
  processes: z.array(
    z.object({ pid: z.number(), cpu: z.number(), command: z.string(), run: z.string().nullable() }),
  ),
});

const IDLE = 25;
const FORKS = `
import os, time
for _ in range(${IDLE - 1}):
    if os.fork() == 0: break
else:
    print("forked", flush=True)
time.sleep(60)
`;
const ESCAPED = `
import os, subprocess, time
subprocess.Popen(["sleep", "60"], start_new_session=True)
print("escaped", flush=True)
time.sleep(60)
`;

for (const [title, env] of [
  ['processes of a machine', {}],
  ['processes of a machine without /proc', { RUNCTL_PROC: '/nonexistent' }],
] as const) {
  underEachShell(
    title,
    (agent) => {
      it('hold all those of runs, however idle, and of the others the 20 busiest at most', async () => {
        await agent().start(R1, { argv: [PYTHON, '-c', FORKS] });
        await agent().line(R1, 'forked');
        const all = await processes(agent());
        assert.equal(all.filter(({ run }) => run === R1).length, IDLE);
        assert.ok(all.filter(({ run }) => run === null).length <= 20);
        const shares = all.map(({ cpu }) => cpu);
        assert.deepEqual(shares, shares.toSorted((a, b) => b - a), 'the busiest first');
      });

      it('name the run of one that lost its environment, and of one that left its group', async () => {
        const bare = await agent().start(R1, { argv: ['env', '-i', 'sleep', '60'] });
        const cwd = '/';
        await agent().start(R2, { argv: [PYTHON, '-c', ESCAPED], cwd });
        await agent().line(R2, 'escaped');
        const all = await processes(agent());
        assert.deepEqual(
          all.filter(({ run }) => run === R1).map(({ pid, command }) => [pid, command]),
          [[bare.pid, 'sleep 60']],
        );
        const second = all.filter(({ run }) => run === R2).map(({ command }) => command);
        assert.equal(second.length, 2);
        assert.ok(second.includes('sleep 60'), second.join('\n'));
      });
    },
    env,
  );
}

async function processes(agent: TestAgent) {
  const answer = await agent.call(['facts', '/']);
  assert.deepEqual([answer.code, answer.stderr], [0, '']);
  return schema.parse(JSON.parse(answer.stdout.toString())).processes;
}
