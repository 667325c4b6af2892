import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'mocha';
import { encode, underEachShell } from '../../support/agent.ts';

underEachShell('the set-up step of a run', (agent) => {
  /** Of this process alone: other tests may look for theirs on this machine. */
  const own = (id: string): string => `${id}-setup-${process.pid}`;

  async function logOf(id: string, lines: readonly string[]): Promise<string> {
    await agent().start(own(id), { argv: ['echo', 'trained'], lines });
    await agent().ended(own(id));
    return agent().log(own(id));
  }

  it('skips a set-up step only while what it made is there, and says when it made nothing', async () => {
    const made = join(agent().work, 'made it');
    const step = (script: string): string[] => [
      ...['sh', '-c', script].map((word) => `setup ${encode(word)}`),
      'setupstep 57e9',
      'setupkey abc123',
      `setupoutput ${encode(made)}`,
      'setupoutput relative',
    ];
    const make = step('echo prepared; mkdir "made it"; : >relative');
    assert.equal(await logOf('s1', make), 'prepared\ntrained\n');
    assert.equal(await logOf('s2', make), 'trained\n');
    await rm(join(agent().work, 'relative'));
    await rm(made, { recursive: true });
    assert.equal(await logOf('s3', make), 'prepared\ntrained\n');
    await rm(made, { recursive: true });
    const idle = step('echo idle');
    const missing = `runctl: the set-up step made no ${made}, so it runs again next time`;
    assert.equal(await logOf('s4', idle), `idle\n${missing}\ntrained\n`);
  });

  it('notes one key of a step: what an earlier one made was changed since', async () => {
    const step = (key: string): string[] => ['setup echo', `setup ${key}`, 'setupstep 57e9', `setupkey ${key}`];
    const logs = [];
    for (const [id, key] of [['k1', 'a1'], ['k2', 'b2'], ['k3', 'a1'], ['k4', 'a1']] as const) {
      logs.push(await logOf(id, step(key)));
    }
    assert.deepEqual(logs, ['a1\ntrained\n', 'b2\ntrained\n', 'a1\ntrained\n', 'trained\n']);
  });

  it('forgets that a step succeeded before it runs again, so that one that breaks off has not', async () => {
    const wait = 'echo begun; until [ -e broken ]; do sleep 0.05; done; exit 3';
    const script = `[ -e again ] || exit 0; ${wait}`;
    const step = (...more: string[]): string[] => [
      ...['sh', '-c', script].map((word) => `setup ${encode(word)}`),
      'setupstep 57e9',
      ...more,
    ];
    const note = join(agent().home, 'setups', '57e9');
    await logOf('f1', step('setupkey abc123'));
    assert.equal(await readFile(note, 'utf8'), 'abc123\n');
    await writeFile(join(agent().work, 'again'), '');
    // Without a key, as when it is asked for once more.
    await agent().start(own('f2'), { argv: ['true'], lines: step() });
    await agent().line(own('f2'), 'begun');
    assert.equal(existsSync(note), false, 'while it runs, and if nobody ever notes its end');
    await writeFile(join(agent().work, 'broken'), '');
    assert.equal((await agent().ended(own('f2'))).exit?.reason, 'setup-failed');
    assert.equal(await logOf('f3', step('setupkey abc123')), 'begun\nrunctl: setup-failed\n');
  });
});
