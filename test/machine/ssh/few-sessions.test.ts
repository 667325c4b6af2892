import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { RemoteProcess } from '../../../src/remote/remote-shell.ts';
import type { SshShell } from '../../../src/remote/ssh/ssh-shell.ts';
import { until } from '../../support/proc.ts';
import { LinkProxy } from '../../support/ssh/link-proxy.ts';
import { SshBed } from '../../support/ssh/ssh-bed.ts';
import { SshClient } from '../../support/ssh/ssh-client.ts';

describe('A machine that allows one session on a connection', function () {
  this.timeout(60_000);
  let bed: SshBed;
  let client: SshClient;
  let proxy: LinkProxy;
  let shell: SshShell;
  beforeEach(async () => {
    bed = await SshBed.create({ config: ['MaxSessions 1'] });
    client = new SshClient(bed);
    proxy = await LinkProxy.start(bed.port);
    shell = client.shell({ port: proxy.port });
  });
  afterEach(async () => {
    await client.dispose();
    await proxy.dispose();
    await bed.dispose();
  });

  async function follow(): Promise<RemoteProcess> {
    const process = await shell.start(['cat']);
    process.stdout.resume();
    process.stderr.resume();
    return process;
  }

  it('runs commands on a second connection while something keeps the session', async () => {
    const long = await follow();
    const before = proxy.counts.connections;
    for (let at = 0; at < 3; at++) {
      const { stdout } = await shell.exec(['echo', `${at}`], { timeoutMs: 15_000 });
      assert.equal(stdout.toString(), `${at}\n`);
    }
    const both = await Promise.all([
      shell.exec(['sh', '-c', 'sleep 0.2; echo a']),
      shell.exec(['sh', '-c', 'sleep 0.2; echo b']),
    ]);
    assert.deepEqual(both.map(({ stdout }) => stdout.toString()), ['a\n', 'b\n']);
    // One after the other where they were quick enough for that.
    assert.equal(proxy.counts.connections - before, 1);
    assert.equal(client.asked.length, 1);
    assert.equal(bed.running('cat').length, 1, 'what kept the session went on');
    long.kill();
    await long.done;
    await bed.untilIdle(shell);
  });

  it('has its second connection made again when all were cut', async () => {
    const first = await follow();
    await shell.exec(['true'], { timeoutMs: 15_000 });
    assert.equal(proxy.open, 2);
    proxy.cutAll();
    await assert.rejects(first.done, { code: 'connection-lost' });
    const second = await follow();
    await shell.exec(['true'], { timeoutMs: 15_000 });
    assert.equal(proxy.open, 2);
    second.kill();
    await second.done;
  });

  it('waits for the session where no second connection can be made, and gives up when told', async () => {
    const long = await follow();
    proxy.refuse(true);
    const stopping = new AbortController();
    const cancelled = shell.exec(['true'], { signal: stopping.signal });
    const waiting = shell.exec(['echo', 'at last']);
    await until('a second connection was refused', () =>
      Promise.resolve(proxy.refusals > 0 ? true : undefined),
    );
    stopping.abort();
    await assert.rejects(cancelled, { kind: 'cancelled' });
    // It ends by itself: with no way beside it, nothing could kill it.
    long.stdin.end();
    assert.equal((await waiting).stdout.toString(), 'at last\n');
  });

  it('closes all its connections in the end', async () => {
    const long = await follow();
    await shell.exec(['true']);
    await shell.close();
    await assert.rejects(long.done, { code: 'connection-lost' });
    await until('no connection is open', () =>
      Promise.resolve(proxy.open === 0 ? true : undefined),
    );
  });
});
