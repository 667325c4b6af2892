import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'mocha';
import type { Status, TestAgent } from '../../support/agent.ts';
import { PYTHON, R0, R1, R2, R3, one, refusal, underEachShell } from '../../support/agent.ts';
import { isRunning, signal, until } from '../../support/proc.ts';

const STUBBORN = ['sh', '-c', 'trap "echo heard" TERM; echo ready; while :; do sleep 0.2; done'];
const SLEEP = ['sleep', '90'];
const BUSY = [PYTHON, '-c', 'while True: pass'];

/** Pid of the process that a record of a run names, once it is written. */
function watcher(agent: TestAgent, id: string, name: 'timer' | 'idler'): Promise<number> {
  return until(`the ${name} has recorded itself`, async () => {
    const pid = Number((await readFile(agent.file(id, name), 'utf8')).split(' ')[0]);
    return pid > 0 ? pid : undefined;
  });
}

async function gone(pid: number): Promise<void> {
  await until(`process ${pid} is gone`, () => Promise.resolve(isRunning(pid) ? undefined : true));
}

async function extend(agent: TestAgent, id: string, seconds: number): Promise<Status> {
  return one(await agent.call(['extend', id, String(seconds)]));
}

/** An nvidia-smi that answers by the files `gpus` and `apps` beside it, or hangs. */
async function fakeGpu(agent: TestAgent, script: string): Promise<{ env: NodeJS.ProcessEnv }> {
  const bin = join(agent.work, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'nvidia-smi'), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, 'nvidia-smi'), 0o755);
  return { env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` } };
}

const gpuAnswer = (utilization: number, apps: string): string =>
  `case $1 in --query-gpu*) echo "0, A100, GPU-1, ${utilization}, 1, 2, 30, 50" ;; ` +
  `*) printf '%s' "${apps}" ;; esac`;

underEachShell(
  'the lease of a run',
  (agent) => {
    it('ends a run that ignores TERM, and says so', async () => {
      const began = performance.now();
      const { lease } = await agent().start(R1, {
        argv: STUBBORN,
        lines: ['grace 1', 'lease 4'],
      });
      assert.equal(lease?.total, 4);
      assert.ok(lease.left <= 4 && lease.left >= 0, String(lease.left));
      const { exit, ...status } = await agent().ended(R1);
      assert.ok(performance.now() - began > 3000, 'not before its time');
      assert.deepEqual([exit?.signal, exit?.stop], [9, 'lease']);
      assert.deepEqual(status.lease, { left: 0, total: 4 });
      assert.match(await agent().log(R1), /heard/);
    });

    it('ends it also when the supervisor hangs or was killed', async () => {
      const pids = await Promise.all(
        [R1, R2].map(async (id) => {
          const lines = ['grace 1', 'lease 6', 'shared 1'];
          const { pid } = await agent().start(id, { argv: STUBBORN, lines });
          await watcher(agent(), id, 'timer');
          return pid ?? 0;
        }),
      );
      signal(await agent().supervisor(R1), 'SIGKILL');
      const hung = await agent().supervisor(R2);
      signal(hung, 'SIGSTOP');
      assert.ok(pids.every(isRunning));
      for (const pid of pids) await gone(pid);
      assert.equal((await agent().status(R1)).state, 'lost');
      signal(hung, 'SIGCONT');
      assert.equal((await agent().ended(R2)).exit?.stop, 'lease');
      await gone(await watcher(agent(), R1, 'timer'));
    });

    it('is moved by extend, both ways, and can be taken away and given', async () => {
      await agent().start(R1, { argv: SLEEP, lines: ['lease 5'] });
      await agent().start(R2, { argv: SLEEP, lines: ['shared 1'] });
      assert.equal((await agent().status(R2)).lease, null);
      const later = (await extend(agent(), R1, 1000)).lease;
      assert.ok(later && later.left > 990 && later.total >= 1000, JSON.stringify(later));
      const timer = await watcher(agent(), R1, 'timer');
      await until('the first end has passed', async () =>
        ((await agent().status(R1)).lease?.left ?? 1000) <= 993 ? true : undefined,
      );
      assert.equal((await extend(agent(), R1, 0)).lease, null);
      assert.equal((await agent().status(R1)).state, 'running');
      assert.ok(isRunning(timer));
      await extend(agent(), R1, 1);
      await extend(agent(), R2, 1);
      assert.equal((await agent().ended(R1)).exit?.stop, 'lease');
      assert.equal((await agent().ended(R2)).exit?.stop, 'lease');
      for (const [seconds, code] of [['5', 'ending'], ['x', 'usage'], ['', 'usage']] as const) {
        assert.equal(refusal(await agent().call(['extend', R1, seconds])).code, code);
      }
      assert.equal(refusal(await agent().call(['extend', R3, '5'])).code, 'not-found');
    });

    it('leaves no process when the run ends before it', async () => {
      await agent().start(R1, { argv: ['sleep', '2'], lines: ['lease 500', 'idle 500'] });
      const watchers = [
        await watcher(agent(), R1, 'timer'),
        await watcher(agent(), R1, 'idler'),
      ];
      assert.deepEqual((await agent().ended(R1)).exit?.stop, null);
      await until('nothing is left', () =>
        Promise.resolve(agent().processes().length === 0 ? true : undefined),
      );
      assert.deepEqual(watchers.filter(isRunning), []);
    });

    it('gets another timer when its own was killed', async () => {
      await agent().start(R1, { argv: SLEEP, lines: ['lease 7'] });
      const first = await watcher(agent(), R1, 'timer');
      signal(first, 'SIGKILL');
      assert.equal((await agent().ended(R1)).exit?.stop, 'lease');
      assert.notEqual(await watcher(agent(), R1, 'timer'), first);
    });

    it('is the user’s stop when the user was first', async () => {
      await agent().start(R1, { argv: STUBBORN, lines: ['grace 1', 'lease 5'] });
      await agent().line(R1, 'ready');
      await agent().stop(R1, 500);
      const { exit } = await agent().ended(R1);
      assert.deepEqual([exit?.signal, exit?.stop], [9, 'user']);
    });

    it('refuses a spec whose times are none', async () => {
      const first = ['runctl-spec 1', 'lease 500', agent().spec({ argv: ['true'] }).slice(14)].join('\n');
      const { lease } = one(await agent().call(['start', R0], { input: first }));
      assert.equal(lease?.total, 500, 'in any place of the spec');
      for (const line of ['lease 0', 'lease 1h', 'idle -1', 'lease 1234567890']) {
        const input = agent().spec({ argv: SLEEP, lines: [line] });
        assert.equal(refusal(await agent().call(['start', R1], { input })).code, 'usage', line);
      }
    });

    it('ends a run that sleeps and none that is busy', async () => {
      const lines = ['idle 3', 'shared 1'];
      await agent().start('busy', { argv: BUSY, lines });
      await agent().start('idle', { argv: SLEEP, lines });
      assert.equal((await agent().ended('idle')).exit?.stop, 'idle');
      const { state, log } = await agent().status('busy');
      assert.deepEqual([state, log], ['running', 0]);
      await agent().stop('busy', 0);
    });

    it('takes a GPU at work for activity, but not one that others use', async () => {
      const lines = ['idle 3', 'shared 1'];
      const options = await fakeGpu(agent(), gpuAnswer(90, '$(cat "$HERE/apps")'));
      const env = { ...options.env, HERE: agent().work };
      const apps = join(agent().work, 'apps');
      // A number that no process has: it is one of another container.
      await writeFile(apps, 'GPU-1, 4194999, 100\n');
      await agent().start(R1, { argv: SLEEP, lines }, { env });
      const idler = await watcher(agent(), R1, 'idler');
      const since = performance.now();
      await until('it was idle for long', () =>
        Promise.resolve(performance.now() - since > 6000 ? true : undefined),
      );
      assert.equal((await agent().status(R1)).state, 'running');
      assert.ok(isRunning(idler));
      await writeFile(apps, `GPU-1, ${process.pid}, 100\n`);
      assert.equal((await agent().ended(R1)).exit?.stop, 'idle');
    });

    it('is not put off by an nvidia-smi that hangs, which counts as activity', async () => {
      const options = await fakeGpu(agent(), 'exec sleep 300');
      const lines = ['grace 1', 'lease 9', 'idle 2'];
      await agent().start(R1, { argv: SLEEP, lines }, options);
      const idler = await watcher(agent(), R1, 'idler');
      assert.equal((await agent().ended(R1)).exit?.stop, 'lease');
      await until('nothing is left', () =>
        Promise.resolve(agent().processes().length === 0 ? true : undefined),
      );
      const scratch = ['/dev/shm', agent().home].map((base) => `${base}/runctl-facts.${idler}`);
      assert.deepEqual(scratch.filter((path) => existsSync(path)), []);
    });
  },
  { RUNCTL_BEAT_SECONDS: '1' },
);

underEachShell(
  'the lease of a run without /proc',
  (agent) => {
    it('ends it in time, or when it is idle and no other that is busy', async () => {
      // Times of processes are in whole seconds there.
      const began = performance.now();
      const lines = ['grace 1', 'shared 1'];
      await agent().start('leased', { argv: STUBBORN, lines: [...lines, 'lease 4'] });
      await agent().start('idle', { argv: SLEEP, lines: [...lines, 'idle 10'] });
      await agent().start('busy', { argv: BUSY, lines: [...lines, 'idle 10'] });
      assert.equal((await agent().ended('leased')).exit?.stop, 'lease');
      assert.ok(performance.now() - began > 3000, 'not before its time');
      assert.equal((await agent().ended('idle')).exit?.stop, 'idle');
      assert.equal((await agent().status('busy')).state, 'running');
      await agent().stop('busy', 0);
    });
  },
  { RUNCTL_BEAT_SECONDS: '1', RUNCTL_PROC: '/nonexistent' },
);
