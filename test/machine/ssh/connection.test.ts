import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { MachineError } from '../../../src/core/errors.ts';
import type { SshConnectionState } from '../../../src/remote/ssh/ssh-connection.ts';
import type { SshShell } from '../../../src/remote/ssh/ssh-shell.ts';
import { until } from '../../support/proc.ts';
import { LinkProxy } from '../../support/ssh/link-proxy.ts';
import { freePort, SshBed } from '../../support/ssh/ssh-bed.ts';
import { SshClient } from '../../support/ssh/ssh-client.ts';

describe('The connection to a machine', function () {
  this.timeout(30_000);
  let bed: SshBed;
  let client: SshClient;
  const cleanUp: (() => Promise<void>)[] = [];
  beforeEach(async () => {
    bed = await SshBed.create();
    client = new SshClient(bed);
  });
  afterEach(async () => {
    await client.dispose();
    for (const dispose of cleanUp.splice(0)) await dispose();
    await bed.dispose();
  });

  async function link(): Promise<LinkProxy> {
    const proxy = await LinkProxy.start(bed.port);
    cleanUp.push(() => proxy.dispose());
    return proxy;
  }

  describe('is kept:', () => {
    it('one serves all who ask, also those who ask before it stands', async () => {
      const proxy = await link();
      const shell = client.shell({ port: proxy.port });
      const echo = async (at: number): Promise<string> =>
        (await shell.exec(['echo', String(at)])).stdout.toString().trim();
      const numbers = Array.from({ length: 25 }, (_, at) => at);
      assert.deepEqual(await Promise.all(numbers.map(echo)), numbers.map(String));
      await echo(1);
      // One that only learned the host key, one that is used.
      assert.equal(proxy.counts.connections, 2);
      assert.equal(client.asked.length, 1);
    });

    it('no more than nine sessions are open on it at once', async () => {
      const shell = client.shell();
      const script = 'ls -d /proc/[0-9]* >/dev/null; echo begun; read -r line';
      const all = await Promise.all(
        Array.from({ length: 14 }, async (_, at) => {
          const process = await shell.start(['sh', '-c', script]);
          assert.ok(shell.connection.sessions <= 9, `${shell.connection.sessions} sessions`);
          process.stdout.resume();
          process.stderr.resume();
          setTimeout(() => process.stdin.end('\n'), 40 * (at % 3));
          return process.done;
        }),
      );
      assert.deepEqual(all.map(({ code }) => code), Array(14).fill(0));
      await bed.untilIdle(shell);
    });

    it('fewer are opened where the server takes fewer', async () => {
      await bed.setConfig('MaxSessions 2');
      const shell = client.shell();
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, at) => shell.exec(['sh', '-c', `sleep 0.1; exit ${at}`])),
      );
      assert.deepEqual(results.map(({ code }) => code), results.map((_, at) => at));
    });

    it('it comes back by itself on the next use, and says how it stands', async () => {
      const proxy = await link();
      const shell = client.shell({ port: proxy.port });
      const states: SshConnectionState[] = [];
      shell.connection.onDidChangeState((state) => states.push(state));
      await shell.exec(['true']);
      const waiting = shell.exec(['sleep', '100']);
      await bed.untilRunning('sleep');
      proxy.cutAll();
      await assert.rejects(waiting, { code: 'connection-lost', kind: 'machine' });
      proxy.refuse(true);
      setTimeout(() => proxy.refuse(false), 300);
      assert.equal((await shell.exec(['echo', 'back'])).stdout.toString(), 'back\n');
      await shell.close();
      assert.deepEqual(states, [
        'connecting',
        'connected',
        'lost',
        'connecting',
        'connected',
        'lost',
        'closed',
      ]);
    });

    it('a silent line counts as lost', async () => {
      const proxy = await link();
      const shell = client.shell({ port: proxy.port, keepaliveMs: 100 });
      await shell.exec(['true']);
      await delay(500);
      assert.equal(shell.connection.state, 'connected');
      const waiting = shell.exec(['sleep', '100']);
      proxy.silence(true);
      await assert.rejects(waiting, { code: 'connection-lost' });
    });

    it('closing it ends what is open on it, and nothing begins any more', async () => {
      const shell = client.shell();
      const process = await shell.start(['cat']);
      const forwarded = await shell.forward('127.0.0.1', bed.port);
      const ended = new Promise((resolve) => forwarded.once('close', resolve));
      await shell.close();
      await assert.rejects(process.done, { code: 'connection-lost' });
      await ended;
      await assert.rejects(shell.exec(['true']), { code: 'connection-lost' });
      await until('the machine has let go', () =>
        Promise.resolve(bed.sessionProcesses().length === 0 ? true : undefined),
      );
    });

    it('what only reads is asked again when its answer was lost, nothing else is', async () => {
      const proxy = await link();
      const shell = client.shell({ port: proxy.port });
      await shell.exec(['true']);
      const path = `${bed.home}/count`;
      const count = `echo x >>${path}; [ "$(wc -l <${path})" -ge 3 ] || sleep 100; cat ${path}`;
      const begun = (times: number): Promise<true> =>
        until(`it has begun ${times} times`, async () =>
          (await readFile(path, 'utf8').catch(() => '')).length === 2 * times ? true : undefined,
        );
      const once = shell.exec(['sh', '-c', count]);
      await begun(1);
      proxy.cutAll();
      await assert.rejects(once, { code: 'connection-lost' });
      const again = shell.exec(['sh', '-c', count], { idempotent: true });
      await begun(2);
      proxy.cutAll();
      assert.equal((await again).stdout.toString(), 'x\n'.repeat(3));
    });
  });

  describe('says which step failed:', () => {
    const failure = (shell: SshShell): Promise<MachineError> =>
      shell.exec(['true']).then(
        () => assert.fail('it connected'),
        (error: unknown) => error as MachineError,
      );

    it('the name, the port, the way, the time', async () => {
      const proxy = await link();
      proxy.silence(true);
      const cases = [
        ['dns', client.shell({ host: 'no-such-host.invalid' })],
        ['refused', client.shell({ port: await freePort() })],
        ['timeout', client.shell({ port: proxy.port, connectTimeoutMs: 300 })],
        // Nobody can connect to everybody: the kernel itself says no.
        ['unreachable', client.shell({ host: '255.255.255.255' })],
      ] as const;
      for (const [code, shell] of cases) {
        const error = await failure(shell);
        assert.equal(error.code, code, error.stack);
        assert.ok(error.steps.length > 0);
        assert.equal(error.nextAction?.command, 'runctl.doctor');
      }
    });

    it('a server that drops new connections is tried a few times', async () => {
      const proxy = await link();
      proxy.refuse(true);
      const began = performance.now();
      assert.equal((await failure(client.shell({ port: proxy.port }))).code, 'connection-lost');
      assert.ok(performance.now() - began < 5000);
      const again = client.shell({ port: proxy.port });
      setTimeout(() => proxy.refuse(false), 50);
      await again.exec(['true']);
    });

    it('a server that speaks no SSH', async () => {
      const { createServer } = await import('node:net');
      const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      const error = await failure(client.shell({ port }));
      server.close();
      assert.ok(['protocol', 'connection-lost'].includes(error.code), error.code);
    });
  });

  describe('through another machine', () => {
    it('works, and each machine shows its own host key', async () => {
      const hop = await SshBed.create();
      cleanUp.push(() => hop.dispose());
      const { settings } = new SshClient(hop).shell({ alias: 'hop' }).connection;
      const proxy = await LinkProxy.start(hop.port);
      cleanUp.push(() => proxy.dispose());
      const shell = client.shell({ jump: { ...settings, port: proxy.port } });
      const { stdout } = await shell.exec(['sh', '-c', 'echo $HOME $SSH_CONNECTION']);
      assert.match(stdout.toString(), new RegExp(`^${bed.home} 127.0.0.1 .* ${bed.port}\n$`));
      assert.deepEqual(client.asked.map(({ alias }) => alias), ['hop', 'lab']);
      const content = Buffer.alloc(3_000_000, 'line\n');
      await shell.put(`${bed.home}/big`, content, 0o600);
      assert.ok(content.equals((await shell.get(`${bed.home}/big`)) ?? Buffer.alloc(0)));
      const waiting = shell.exec(['sleep', '100']);
      await bed.untilRunning('sleep');
      proxy.cutAll();
      await assert.rejects(waiting, { code: 'connection-lost' });
      assert.equal((await shell.exec(['echo', 'back'])).stdout.toString(), 'back\n');
    });

    it('says which of the two cannot be reached', async () => {
      const hop = await SshBed.create();
      cleanUp.push(() => hop.dispose());
      const { settings } = new SshClient(hop).shell({ alias: 'hop' }).connection;
      const beyond = client.shell({ jump: settings, port: await freePort() });
      await assert.rejects(beyond.exec(['true']), { code: 'refused', message: /^hop / });
      const first = client.shell({ jump: { ...settings, port: await freePort() } });
      await assert.rejects(first.exec(['true']), { code: 'refused' });
    });
  });
});
