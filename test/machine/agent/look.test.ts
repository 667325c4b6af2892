import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'mocha';
import { z } from 'zod';
import { factsSchema } from '../../../src/remote/agent/agent-answers.ts';
import type { Answer } from '../../support/agent.ts';
import { PYTHON, R1, R2, refusal, statuses, underEachShell } from '../../support/agent.ts';
import { isRunning, until } from '../../support/proc.ts';
import { BASIC_TOOLS, toolbox } from '../../support/toolbox.ts';

const MIB = 1024 * 1024;
const GPUS = [
  '0, NVIDIA H100 80GB HBM3, GPU-aaaa, 97, 4096, 81559, 41, 350.25',
  '1, NVIDIA A100, GPU-bbbb, [N/A], [Not Supported], 81559, 30, [N/A]',
];

underEachShell('looking at runs', (agent) => {
  it('answers one line a run, in the order asked, also for runs it does not know', async () => {
    await agent().start('b', { argv: ['true'] });
    await agent().ended('b');
    await agent().start('a', { argv: ['true'] });
    await agent().ended('a');
    const answer = await agent().call(['status', 'b', 'none', 'a']);
    assert.deepEqual(
      statuses(answer).map(({ id, state }) => `${id} ${state}`),
      ['b ended', 'none missing', 'a ended'],
    );
    await mkdir(join(agent().home, 'runs', 'Not A Run'));
    assert.deepEqual(
      statuses(await agent().call(['list'])).map(({ id }) => id),
      ['a', 'b'],
    );
  });

  it('lists nothing where nothing was ever run, and creates nothing to say so', async () => {
    assert.deepEqual(statuses(await agent().call(['list'])), []);
    assert.equal((await agent().call(['ids'])).stdout.toString(), '{"ids":[]}\n');
    assert.deepEqual(refusal(await agent().call(['remove', R1])), { exit: 4, code: 'not-found' });
    assert.deepEqual(refusal(await agent().call(['read', R1, '0', '1'])), {
      exit: 4,
      code: 'not-found',
    });
    for (const args of [
      [],
      ['dance'],
      ['status'],
      ['read', R1, '-1', '5'],
      ['read', R1, '0'],
    ]) {
      assert.deepEqual(
        refusal(await agent().call(args)),
        { exit: 2, code: 'usage' },
        args.join(' '),
      );
    }
    assert.deepEqual(readdirSync(join(agent().work, '..')), ['work']);
  });

  it('answers no status where the folder of all runs is gone', async () => {
    const refused = { exit: 5, code: 'no-home' };
    assert.deepEqual(refusal(await agent().call(['status', R1])), refused);
    await agent().start(R1, { argv: ['true'] });
    await agent().ended(R1);
    assert.equal((await agent().status(R2)).state, 'missing');
    await rename(join(agent().home, 'runs'), join(agent().home, 'away'));
    assert.deepEqual(refusal(await agent().call(['status', R1])), refused);
  });

  it('names a thousand runs at once in well under a second', async () => {
    const ids = Array.from({ length: 1000 }, (_, index) => `run-${1000 + index}`);
    for (const id of ids) {
      await mkdir(join(agent().home, 'runs', id), { recursive: true });
      await writeFile(join(agent().home, 'runs', id, 'run.json'), '{}\n');
    }
    await mkdir(join(agent().home, 'runs', 'Not A Run'));
    await mkdir(join(agent().home, 'runs', 'foreign'));
    await writeFile(join(agent().home, 'runs', 'file'), '');
    const { stdout, ms, code } = await agent().call(['ids']);
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout.toString()), { ids });
    assert.ok(ms < 1000, `${ms} ms`);
  });

  it('tells a directory of any name in plain ASCII', async () => {
    const names = ['naïve 💡', 'a "b" \\c', 'new\nline\t', "it's $(x)"];
    for (const [index, name] of names.entries()) {
      const cwd = join(agent().work, name);
      await mkdir(cwd);
      assert.equal((await agent().start(`r${index}`, { argv: ['true'], cwd })).cwd, cwd);
    }
  });

  it('refuses to remove a live run', async () => {
    await agent().start(R1, { argv: ['sleep', '60'] });
    assert.deepEqual(refusal(await agent().call(['remove', R1])), {
      exit: 3,
      code: 'active',
      run: R1,
    });
    assert.equal((await agent().status(R1)).state, 'running');
  });

  it('reads any part of a 50 MB log, quickly', async () => {
    await agent().start(R1, { argv: ['true'] });
    await agent().ended(R1);
    const log = randomBytes(50_000_000);
    await writeFile(agent().file(R1, 'log'), log);
    for (const [offset, max] of [
      [0, 1],
      [12_345_677, 100_003],
      [49_999_990, 500],
      [50_000_000, 9],
      [60_000_000, 9],
    ] as const) {
      const { code, stdout, ms } = await agent().call(['read', R1, String(offset), String(max)]);
      assert.equal(code, 0);
      assert.ok(stdout.equals(log.subarray(offset, offset + max)), `${offset} ${max}`);
      assert.ok(ms < 1000, `${ms} ms at ${offset}`);
    }
    const whole = await agent().call(['read', R1, '1', '99999999']);
    assert.equal(sha(whole.stdout), sha(log.subarray(1)));
    assert.ok(whole.ms < 3000, `${whole.ms} ms for all`);
  });

  it('answers the status of a run within 30 ms', async () => {
    await agent().start(R1, { argv: ['sleep', '60'] });
    const times: number[] = [];
    for (let count = 0; count < 15; count++) times.push((await agent().call(['status', R1])).ms);
    // The best one: others share this machine.
    const best = Math.min(...times);
    assert.ok(best < 30, `${best} ms`);
  });
});

underEachShell('facts', (agent) => {
  async function fakeGpu(script: string): Promise<{ PATH: string }> {
    const bin = join(agent().work, 'gpu');
    await mkdir(bin);
    await writeFile(join(bin, 'nvidia-smi'), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, 'nvidia-smi'), 0o755);
    return { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  }

  function parse(answer: Answer) {
    assert.equal(answer.stderr, '');
    assert.match(answer.stdout.toString('latin1'), /^[\x20-\x7e]+\n$/);
    return factsSchema.parse(JSON.parse(answer.stdout.toString()));
  }

  it('tells of processors, memory and the asked disks', async () => {
    const folder = join(agent().work, 'é "x"');
    await mkdir(folder);
    const facts = parse(await agent().call(['facts', folder, '/nonexistent']));
    assert.deepEqual(
      facts.disks.map(({ path }) => path),
      [folder],
    );
    assert.ok((facts.disks[0]?.total ?? 0) > (facts.disks[0]?.available ?? Infinity));
    assert.ok(
      facts.memory && facts.memory.total > facts.memory.available && facts.memory.available > MIB,
    );
    assert.ok(facts.cpuTicks && facts.cpuTicks.total > facts.cpuTicks.busy);
    assert.ok((facts.cpus ?? 0) >= 1 && facts.load.length === 3);
    assert.equal(facts.os, 'Linux');
  });

  it('names the run of a process, in any script and without ps', async () => {
    const argv = [PYTHON, '-c', 'while True: pass # "naïve" \\ \n'];
    await agent().start(R1, { argv });
    const PATH = await toolbox(join(agent().work, 'bin'), BASIC_TOOLS);
    const found = await until('the busy run is among the top', async () =>
      parse(await agent().call(['facts'], { env: { PATH } })).processes.find(
        ({ run, cpu }) => run === R1 && (cpu ?? 0) > 10,
      ),
    );
    assert.ok(found.command.endsWith('while True: pass # "naïve" \\'), found.command);
    assert.ok((found.cpu ?? 0) <= 101 && (found.rss ?? 0) > MIB, JSON.stringify(found));
    assert.equal(found.user, process.getuid?.() === 0 ? 'root' : found.user);
  });

  it('says nothing of GPUs where there is no nvidia-smi', async () => {
    const PATH = await toolbox(join(agent().work, 'bin'), BASIC_TOOLS);
    const facts = parse(await agent().call(['facts', '/'], { env: { PATH } }));
    assert.deepEqual([facts.gpus, facts.gpuError, facts.gpuProcesses], [null, null, []]);
  });

  it('reads the CSV of nvidia-smi, unknown values as null, sizes in bytes', async () => {
    const env = await fakeGpu(
      `case $1 in --query-gpu=*) printf '%s\\n' '${GPUS.join("' '")}' ;;\n` +
        `*) echo 'GPU-aaaa, 4711, 2048' ;; esac`,
    );
    const facts = parse(await agent().call(['facts', '/'], { env }));
    assert.deepEqual(facts.gpus, [
      {
        index: 0,
        name: 'NVIDIA H100 80GB HBM3',
        uuid: 'GPU-aaaa',
        utilization: 97,
        memoryUsed: 4096 * MIB,
        memoryTotal: 81559 * MIB,
        temperature: 41,
        power: 350.25,
      },
      {
        index: 1,
        name: 'NVIDIA A100',
        uuid: 'GPU-bbbb',
        utilization: null,
        memoryUsed: null,
        memoryTotal: 81559 * MIB,
        temperature: 30,
        power: null,
      },
    ]);
    assert.deepEqual(facts.gpuProcesses, [{ gpu: 'GPU-aaaa', pid: 4711, memory: 2048 * MIB }]);
    assert.equal(facts.gpuError, null);
  });

  it('passes the complaint of a failing nvidia-smi on', async () => {
    const env = await fakeGpu('echo "NVIDIA-SMI has failed: \\"driver\\""; exit 9');
    const facts = parse(await agent().call(['facts', '/'], { env }));
    assert.deepEqual([facts.gpus, facts.gpuError], [null, 'NVIDIA-SMI has failed: "driver"']);
  });

  it('does not wait for a hung nvidia-smi longer than its cap, nor leave it behind', async () => {
    const pidFile = join(agent().work, 'pid');
    const env = await fakeGpu(`trap '' TERM; echo $$ >${pidFile}; exec sleep 300`);
    const answer = await agent().call(['facts', '/'], { env });
    const facts = parse(answer);
    assert.deepEqual([facts.gpus, facts.gpuError], [null, 'timeout']);
    assert.ok(facts.processes.length > 0);
    assert.ok(answer.ms > 4000 && answer.ms < 8000, `${answer.ms} ms`);
    const pid = z.coerce.number().parse(readFileSync(pidFile, 'utf8').trim());
    await until('it was ended', () => Promise.resolve(isRunning(pid) ? undefined : true));
    // Those of the living belong to looks of other tests.
    const [prefix, shm] = ['runctl-facts.', readdirSync('/dev/shm')];
    const left = shm.filter((name) => name.startsWith(prefix));
    assert.deepEqual(left.filter((name) => !isRunning(Number(name.slice(prefix.length)))), []);
  });
});

function sha(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
