import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { S3Server } from '../../emulators/s3-server.ts';
import { ACCOUNT, afterDone, BUCKET, durableLines, fakeTool, onlyTools } from '../../support/after-machine.ts';
import { encode, PYTHON, R0, R1, SHELLS, TestAgent, refusal } from '../../support/agent.ts';

/** Fills the disk by its log, and leaves a child that takes every byte that gets free. */
const FILL = `
import os, sys
try:
    while True: os.write(1, b"x" * 4096)
except OSError as error:
    full = error.errno == 28
if os.fork() == 0:
    while True:
        try: os.write(1, b"x" * 4096)
        except OSError: pass
sys.exit(7 if full else 1)
`;

for (const shell of SHELLS) {
  describe(`a full disk (${shell.join(' ')})`, function () {
    this.timeout(60_000);
    let agent: TestAgent;
    let mounted = false;

    beforeEach(async function () {
      if (process.getuid?.() !== 0) this.skip(); // Only root can mount a small file system.
      agent = await TestAgent.create(shell);
      await mkdir(agent.home);
      const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', agent.home]);
      mounted = status === 0;
      if (!mounted) this.skip(); // A container may forbid it even to root.
    });

    afterEach(async () => {
      if (mounted) {
        // Lazily, since a dying process may hold it.
        spawnSync('umount', ['-l', agent.home]);
        mounted = false;
        await agent.dispose();
      }
    });

    it('does not lose the record of a run that filled it', async () => {
      await agent.start(R1, { argv: [PYTHON, '-c', FILL] });
      const { exit, phase, log } = await agent.ended(R1);
      assert.deepEqual([exit?.code, exit?.stop, phase], [7, null, 'command']);
      assert.equal((await agent.status(R1)).orphans, 1);
      assert.ok(log > 500_000);
      await assert.rejects(writeFile(join(agent.home, 'more'), 'x'.repeat(100_000)));
    });

    it('does not keep a run from being stopped, looked at and removed', async () => {
      await agent.start(R1, { argv: ['sh', '-c', 'trap "" TERM; while :; do sleep 0.2; done'] });
      await assert.rejects(writeFile(join(agent.home, 'filler'), Buffer.alloc(2_000_000)));
      assert.equal((await agent.stop(R1, 1)).state, 'stopping');
      const { exit } = await agent.ended(R1);
      assert.deepEqual([exit?.signal, exit?.stop], [9, 'user']);
      assert.equal((await agent.call(['facts', agent.home])).code, 0);
      assert.equal((await agent.call(['remove', R1])).code, 0);
    });

    it('does not put off the end of a lease, nor an extension', async () => {
      const lines = ['grace 1', 'lease 60'];
      const argv = ['sh', '-c', 'trap "" TERM; while :; do sleep 0.2; done'];
      await agent.start(R1, { argv, lines });
      await assert.rejects(writeFile(join(agent.home, 'filler'), Buffer.alloc(2_000_000)));
      assert.equal((await agent.call(['extend', R1, '2'])).code, 0);
      const { exit } = await agent.ended(R1);
      assert.deepEqual([exit?.signal, exit?.stop], [9, 'lease']);
    });

    for (const hasMemory of [true, false]) {
      it(`does not block the end of what follows a run ${hasMemory ? 'and its saving, by way of memory' : 'where memory is full, too; that is said'}`, async () => {
        const server = await S3Server.start(BUCKET, ACCOUNT);
        try {
          const env = { ...(await onlyTools(agent, 'python3')), TMPDIR: agent.home };
          // As on a machine whose memory disk others have filled.
          if (!hasMemory) await fakeTool(agent, 'mkdir', 'case $* in */dev/shm/*) exit 1 ;; esac; exec /bin/mkdir "$@"');
          const mark = join(agent.work, 'mark');
          const action = ['sh', '-c', `: >${mark}`].map((word) => `action ${encode(word)}`);
          await agent.start(R1, { argv: ['sh', '-c', 'until [ -e go ]; do sleep 0.2; done'], lines: [...durableLines(server), ...action] }, { env });
          await assert.rejects(writeFile(join(agent.home, 'filler'), Buffer.alloc(2_000_000)));
          await writeFile(join(agent.work, 'go'), '');
          const { after } = await afterDone(agent, R1);
          const expected = hasMemory ? ['python3', null] : [null, 'no space left for temporary files'];
          assert.deepEqual([after?.by, after?.error], expected);
          assert.equal(server.objects.has(`some/prefix/${R1}/index.json`), hasMemory);
          assert.ok(existsSync(mark), 'the machine is ended');
        } finally {
          await server.stop();
        }
      });
    }

    it('refuses a start it has no room for and leaves nothing behind', async () => {
      await agent.start(R0, { argv: ['true'] });
      await agent.ended(R0);
      await assert.rejects(writeFile(join(agent.home, 'filler'), Buffer.alloc(2_000_000)));
      const input = agent.spec({ argv: ['true'], secrets: { TOKEN: 'x' } });
      const answer = await agent.call(['start', R1], { input });
      assert.deepEqual(refusal(answer), { exit: 5, code: 'disk-full' });
      assert.deepEqual(readdirSync(join(agent.home, 'runs')), [R0]);
      assert.deepEqual(readdirSync(join(agent.home, 'new')), []);
      await truncate(join(agent.home, 'filler'), 0);
      assert.equal((await agent.start(R1, { argv: ['true'] })).id, R1);
    });
  });
}
