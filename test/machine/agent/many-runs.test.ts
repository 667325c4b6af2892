import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'mocha';
import { PYTHON, callCommand, statuses, underEachShell } from '../../support/agent.ts';
import type { TestAgent } from '../../support/agent.ts';

const COUNT = 5000;

underEachShell('a machine with many ended runs', (agent) => {
  // Far above what it takes; with a look at each run it was ten times the limit.
  it('starts, names and reads a few runs in little time', async () => {
    await agent().start('first', { argv: ['true'] });
    await agent().ended('first');
    await copyRun(agent(), 'first', COUNT);
    const times: Record<string, number> = {};
    const started = await agent().call(['start', 'last'], {
      input: agent().spec({ argv: ['sleep', '60'] }),
    });
    times['start'] = started.ms;
    assert.deepEqual(statuses(started).map(({ id }) => id), ['last']);
    const busy = await agent().call(['start', 'more'], {
      input: agent().spec({ argv: ['sleep', '60'] }),
    });
    assert.match(busy.stdout.toString(), /"code":"busy".*"run":"last"/);
    const ids = await agent().call(['ids']);
    assert.match(ids.stdout.toString(), /"copy-4999"/);
    const facts = await agent().call(['facts', '/']);
    times['facts'] = facts.ms;
    assert.match(facts.stdout.toString(), /"run":"last"/);
    const asked = ['first', 'none', ...Array.from({ length: 20 }, (_, n) => `copy-${n}`)];
    const listed = await agent().call(['list', ...asked]);
    times['list'] = listed.ms;
    assert.deepEqual(statuses(listed).map(({ id }) => id), asked);
    for (const [what, ms] of Object.entries(times)) assert.ok(ms < 3000, `${what}: ${ms} ms`);
  });

  it('finds the busy one among runs that were lost, elsewhere or damaged', async () => {
    await agent().start('first', { argv: ['true'] });
    await agent().ended('first');
    await copyRun(agent(), 'first', 3);
    for (const [id, name] of [
      ['copy-0', 'exit'],
      ['copy-1', 'meta'],
      ['copy-2', 'exit'],
    ] as const) {
      await rm(agent().file(id, name));
    }
    await writeFile(agent().file('copy-0', 'exit'), ''.padEnd(255) + '\n');
    await writeFile(agent().file('copy-1', 'meta'), 'x');
    await mkdir(agent().file('copy-1', 'more'));
    await writeFile(agent().file('copy-2', 'exit'), '{garbage}\n');
    const { state } = await agent().start('second', { argv: ['sleep', '60'] });
    assert.equal(state, 'running');
  });
});

/** Links to the files that a look at an ended run reads: writing them all takes minutes. */
async function copyRun(agent: TestAgent, id: string, count: number): Promise<void> {
  const runs = join(agent.home, 'runs');
  const program =
    'import os, sys\nfor n in range(int(sys.argv[2])):\n  os.mkdir(f"copy-{n}")\n' +
    '  for f in ("exit", "meta", "run.json"): os.link(f"{sys.argv[1]}/{f}", f"copy-{n}/{f}")';
  const { code, stderr } = await callCommand(
    ['env', '-C', runs, PYTHON, '-c', program, id, String(count)],
    {},
  );
  assert.equal(code, 0, stderr);
}
