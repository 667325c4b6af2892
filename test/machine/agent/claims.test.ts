import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'mocha';
import type { TestAgent } from '../../support/agent.ts';
import {
  AGENT_SCRIPT,
  R0,
  R1,
  R2,
  callCommand,
  one,
  refusal,
  underEachShell,
} from '../../support/agent.ts';

/** The functions of the agent without their last line, which runs them. */
const FUNCTIONS = readFileSync(AGENT_SCRIPT, 'utf8').replace(/^main "\$@"; exit$/m, '');

underEachShell('what only one may do', (agent) => {
  // Both have looked before either says anything: a stall that no timing can bring about.
  const stalled = `
    put() {
      : >"$_home/at-$$"
      set +f
      for _n in 1 2 3 4 5 6 7 8 9; do
        set -- "$1" "$2" "$_home"/at-*
        if [ "$#" -ge 4 ]; then break; fi
        sleep 0.1
      done
      if [ "\${FIRST:-}" ]; then sleep 0.4; fi
      printf '%-255s\\n' "$2" 1<>"$1"
    }
    init; check_id ${R1}; claim_end; echo claimed; sleep 2`;

  it('(ending a run) is claimed by one ender, however it stalls', async () => {
    await makeRun(agent());
    const answers = await Promise.all([
      run(agent(), 'one', stalled, { FIRST: '1' }),
      run(agent(), 'two', stalled),
    ]);
    assert.deepEqual(answers.sort(), ['', 'claimed\n']);
    assert.deepEqual(await enders(agent()), ['ender', 'ender-1']);
    // Dead by now: the next number is free.
    const again = `init; check_id ${R1}; claim_end; echo claimed`;
    assert.equal(await run(agent(), 'three', again), 'claimed\n');
    assert.deepEqual(await enders(agent()), ['ender', 'ender-1', 'ender-2']);
  });

  it('(ending a run) can be claimed where there are no hard links', async () => {
    await makeRun(agent());
    const bin = join(agent().work, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'ln'), '#!/bin/sh\nexit 1\n');
    await chmod(join(bin, 'ln'), 0o755);
    const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
    const script = `init; check_id ${R1}; claim_end; echo claimed`;
    assert.equal(await run(agent(), 'one', script, env), 'claimed\n');
    assert.deepEqual(await enders(agent()), ['ender']);
  });

  it('(an id) that was forbidden never starts, one that started is told', async () => {
    const input = agent().spec({ argv: ['sleep', '60'] });
    const forbidden = one(await agent().call(['forbid', R1]));
    assert.deepEqual([forbidden.state, forbidden.forbidden], ['missing', true]);
    assert.deepEqual(one(await agent().call(['forbid', R1])), forbidden);
    const late = await agent().call(['start', R1], { input });
    assert.deepEqual(refusal(late), { exit: 3, code: 'forbidden', run: R1 });
    assert.equal((await agent().status(R1)).state, 'missing');
    assert.equal((await agent().call(['ids'])).stdout.toString(), '{"ids":[]}\n');
    await agent().start(R2, { argv: ['sleep', '60'] });
    const started = one(await agent().call(['forbid', R2]));
    assert.deepEqual([started.state, started.forbidden], ['running', undefined]);
  });

  it('(an id) stays forbidden for a week, and is then forgotten', async () => {
    for (const id of [R0, R1]) await agent().call(['forbid', id]);
    await callCommand(['touch', '-d', '9 days ago', join(agent().home, 'runs', R0)], {});
    await callCommand(['touch', '-d', '6 days ago', join(agent().home, 'runs', R1)], {});
    await agent().start(R2, { argv: ['true'] });
    await agent().ended(R2);
    assert.deepEqual((await readdir(join(agent().home, 'runs'))).sort(), [R1, R2].sort());
  });

  it('(an id) is either forbidden or started, when both are asked at once', async () => {
    const input = agent().spec({ argv: ['true'], lines: ['shared 1'] });
    for (let round = 0; round < 6; round++) {
      const id = `r${round}`;
      const start = agent().call(['start', id], { input });
      // Later each round, so that it comes before, within and after the start.
      await new Promise((resolve) => setTimeout(resolve, round * 12));
      const [started, forbidden] = await Promise.all([start, agent().call(['forbid', id])]);
      const isForbidden = one(forbidden).forbidden === true;
      assert.equal(started.code, isForbidden ? 3 : 0, started.stdout.toString());
      const { state } = await agent().status(id);
      assert.equal(state === 'missing', isForbidden, `${id} is ${state}`);
      if (!isForbidden) await agent().ended(id);
    }
    assert.deepEqual(await readdir(join(agent().home, 'new')), []);
  });

  it('(a start) refuses an id that is forbidden at the very last moment', async () => {
    const script = `
      lock() { ln "$_new/starter" "$_home/lock" && : >"$_runs/${R1}"; }
      main start ${R1} <"${agent().work}/spec"`;
    await writeFile(join(agent().work, 'spec'), agent().spec({ argv: ['true'] }));
    const answer = await run(agent(), 'one', script);
    assert.match(answer, /"code":"forbidden"/);
    assert.deepEqual(await readdir(join(agent().home, 'new')), []);
    assert.equal((await readdir(agent().home)).includes('lock'), false);
  });
});

underEachShell('a home that machines share', (agent, shell) => {
  const elsewhere = { env: { RUNCTL_HOST: 'other/1' } };

  it('tells runs of another machine from lost ones, and leaves them alone', async () => {
    await agent().start(R1, { argv: ['sleep', '60'] }, elsewhere);
    // Its own view, though its processes are not the other's to see.
    await blind(agent(), R1);
    const status = await agent().status(R1);
    assert.deepEqual([status.state, status.host, status.evidence], ['elsewhere', 'other', null]);
    const [mine] = (await agent().call(['status', R1], elsewhere)).stdout.toString().split('\n');
    assert.match(mine ?? '', /"state":"lost"/);
    assert.deepEqual(refusal(await agent().call(['stop', R1])), {
      exit: 3,
      code: 'elsewhere',
      run: R1,
    });
    assert.equal(refusal(await agent().call(['remove', R1])).code, 'active');
    const busy = await agent().call(['start', R2], {
      input: agent().spec({ argv: ['true'] }),
    });
    assert.deepEqual(refusal(busy), { exit: 3, code: 'busy', run: R1 });
  });

  it('calls them lost when they gave no sign of life for long', async () => {
    await agent().start(R1, { argv: ['sleep', '60'] }, elsewhere);
    await blind(agent(), R1);
    await callCommand(['touch', '-d', '10 minutes ago', agent().file(R1, 'beat')], {});
    assert.equal((await agent().status(R1)).state, 'lost');
  });

  // It waits for long.
  const inDash = shell[0] === 'dash' ? it : undefined;
  inDash?.('leaves what another machine prepares, and its lock for a while', async () => {
    await agent().start(R0, { argv: ['true'] });
    await agent().ended(R0);
    const now = Math.trunc(Date.now() / 1000);
    const record = `999999 1 some-boot ${String(now)} other/1\n`;
    await mkdir(join(agent().home, 'new', `${R1}.999999`));
    await writeFile(join(agent().home, 'new', `${R1}.999999`, 'starter'), record);
    await writeFile(join(agent().home, 'lock'), record);
    const { code, ms } = await agent().call(['start', R2], {
      input: agent().spec({ argv: ['true'] }),
    });
    assert.equal(code, 0);
    assert.ok(ms > 9000, `${ms} ms`);
    assert.deepEqual(await readdir(join(agent().home, 'new')), [`${R1}.999999`]);
  });
});

/** As if the processes of a run were another machine's. */
async function blind(agent: TestAgent, id: string): Promise<void> {
  for (const name of ['supervisor', 'main']) {
    await writeFile(agent.file(id, name), '999999 1 other-boot\n');
  }
}

async function makeRun(agent: TestAgent): Promise<void> {
  await mkdir(join(agent.home, 'runs', R1), { recursive: true });
  await writeFile(agent.file(R1, 'ender'), ''.padEnd(255) + '\n');
}

async function enders(agent: TestAgent): Promise<string[]> {
  return (await readdir(join(agent.home, 'runs', R1))).sort();
}

async function run(
  agent: TestAgent,
  name: string,
  script: string,
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  const path = join(agent.work, `${name}.sh`);
  await writeFile(path, `${FUNCTIONS}\n${script}\n`);
  const { stdout, stderr } = await callCommand([...agent.shell, path], {
    env: { ...agent.env, ...env },
  });
  assert.equal(stderr, '');
  return stdout.toString();
}
