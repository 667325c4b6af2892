import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { SshShell } from '../../../src/remote/ssh/ssh-shell.ts';
import { signal, until } from '../../support/proc.ts';
import { LinkProxy } from '../../support/ssh/link-proxy.ts';
import { SshBed } from '../../support/ssh/ssh-bed.ts';
import { SshClient } from '../../support/ssh/ssh-client.ts';

describe('Sessions held ready', function () {
  this.timeout(30_000);
  let bed: SshBed;
  let client: SshClient;
  beforeEach(async () => {
    bed = await SshBed.create();
    client = new SshClient(bed);
  });
  afterEach(async () => {
    await client.dispose();
    await bed.dispose();
  });

  const untilReady = async (shell: SshShell, count = 2): Promise<void> => {
    await until(`${count} sessions are ready`, () =>
      Promise.resolve(shell.connection.idleSessions === count ? true : undefined),
    );
  };

  it('let a command begin after one round trip instead of two', async () => {
    const delayMs = 60;
    const proxy = await LinkProxy.start(bed.port, { latencyUpMs: delayMs, latencyDownMs: delayMs });
    const shell = client.shell({ port: proxy.port });
    await shell.exec(['true']);
    const times: number[] = [];
    for (let at = 0; at < 5; at++) {
      await untilReady(shell);
      const began = performance.now();
      await shell.exec(['true']);
      times.push(performance.now() - began);
    }
    await shell.close();
    await proxy.dispose();
    const best = Math.min(...times);
    assert.ok(best >= 2 * delayMs - 5, `${best} ms`);
    assert.ok(best < 3.5 * delayMs, `${best} ms`);
  });

  it('do not change what a command gives', async () => {
    const shell = client.shell();
    await shell.exec(['true']);
    for (const program of ['exit 3', 'kill -TERM $$', 'exit 143']) {
      await untilReady(shell);
      const warm = await shell.exec(['sh', '-c', `cat; echo err >&2; ${program}`], { stdin: 'in' });
      const cold = new SshClient(bed, { readySessions: 0 });
      const same = await cold.shell().exec(['sh', '-c', `cat; echo err >&2; ${program}`], {
        stdin: 'in',
      });
      await cold.dispose();
      assert.deepEqual(warm, same);
    }
    await untilReady(shell);
    await assert.rejects(shell.exec(['no-such-program']), { code: 'exec-failed' });
  });

  it('that have ended meanwhile are not missed', async () => {
    const shell = client.shell();
    for (let at = 0; at < 3; at++) {
      await shell.exec(['true']);
      await untilReady(shell);
      for (const pid of bed.sessionProcesses()) signal(pid, 'SIGKILL');
      assert.equal((await shell.exec(['echo', 'x'])).stdout.toString(), 'x\n');
    }
  });

  it('make way where the server takes few', async () => {
    for (const sessions of [1, 3, 6]) {
      await bed.setConfig(`MaxSessions ${sessions}`);
      const shell = client.shell();
      for (let at = 0; at < 3; at++) await shell.exec(['true']);
      const terminals = await Promise.all(
        Array.from({ length: sessions }, () => shell.interactive({ columns: 80, rows: 24 })),
      );
      for (const terminal of terminals) {
        terminal.output.resume();
        terminal.input.end('exit\n');
      }
      await Promise.all(terminals.map(({ done }) => done));
      await shell.exec(['true']);
      await shell.close();
    }
  });

  it('are given back with the connection', async () => {
    const shell = client.shell();
    await shell.exec(['true']);
    await untilReady(shell);
    await shell.close();
    await until('nothing waits on the machine', () =>
      Promise.resolve(bed.sessionProcesses().length === 0 ? true : undefined),
    );
  });
});
