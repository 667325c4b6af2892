import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before, describe, it } from 'mocha';
import { MachineError } from '../../../src/core/errors.ts';
import type { SshShell } from '../../../src/remote/ssh/ssh-shell.ts';
import { until } from '../../support/proc.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { LinkProxy } from '../../support/ssh/link-proxy.ts';
import { SshBed } from '../../support/ssh/ssh-bed.ts';
import { SshClient } from '../../support/ssh/ssh-client.ts';

const CUTS = 50;

describe('A connection that is cut again and again', function () {
  this.timeout(120_000);
  let bed: SshBed;
  let client: SshClient;
  let proxy: LinkProxy;
  before(async () => {
    bed = await SshBed.create();
    client = new SshClient(bed);
    proxy = await LinkProxy.start(bed.port, { latencyUpMs: 1, latencyDownMs: 1 });
  });
  after(async () => {
    await client.dispose();
    await proxy.dispose();
    await bed.dispose();
  });

  it('gives every call its true answer or the loss, and leaves nothing behind', async () => {
    const random = seededRandom(20_260_115);
    const shell = client.shell({ port: proxy.port });
    await shell.exec(['true']);
    const sockets = activeSockets();
    const content = Buffer.alloc(400_000);
    for (let at = 0; at < content.length; at += 32) {
      createHash('sha256').update(String(at)).digest().copy(content, at);
    }
    await writeFile(join(bed.home, 'get'), content);
    const load = new Load(shell, bed.home, content);
    const workers = [
      load.repeat((at) => load.exec(at)),
      load.repeat((at) => load.exec(at)),
      load.repeat((at) => load.put(at)),
      load.repeat(() => load.get()),
      load.repeat(() => load.start()),
      load.repeat(() => load.start()),
    ];
    for (let cut = 0; cut < CUTS; cut++) {
      // Now and then in the middle of the greeting, mostly under load.
      const wait = random() < 0.25 ? random() * 30 : random() * 250;
      await until('a connection is there to cut', () =>
        Promise.resolve(proxy.open > 0 ? true : undefined),
      );
      await until('it is in use', () =>
        Promise.resolve(wait < 30 || shell.connection.state === 'connected' ? true : undefined),
      );
      await delay(wait);
      proxy.cutAll();
    }
    load.stop();
    await Promise.all(workers);
    for (const call of [load.exec(0), load.put(0), load.get(), load.start()]) await call;
    assert.ok(load.lost > CUTS / 2, `${load.lost} calls lost`);
    assert.equal((await shell.exec(['echo', 'still here'])).stdout.toString(), 'still here\n');
    await bed.untilIdle(shell);
    assert.equal(proxy.open, 1);
    assert.ok(activeSockets() <= sockets + 1, `${activeSockets()} sockets, ${sockets} at first`);
    assert.deepEqual((await readdir(bed.home)).filter((name) => name.endsWith('.tmp')), []);
  });
});

/** Calls that check their own answers. */
class Load {
  lost = 0;
  readonly succeeded = { exec: 0, put: 0, get: 0, start: 0 };
  private readonly shell: SshShell;
  private readonly home: string;
  private readonly content: Buffer;
  private stopped = false;

  constructor(shell: SshShell, home: string, content: Buffer) {
    this.shell = shell;
    this.home = home;
    this.content = content;
  }

  stop(): void {
    this.stopped = true;
  }

  async repeat(call: (at: number) => Promise<void>): Promise<void> {
    for (let at = 0; !this.stopped; at++) {
      try {
        await settles(call(at));
      } catch (error) {
        if (!(error instanceof MachineError) || error.code !== 'connection-lost') throw error;
        this.lost += 1;
      }
    }
  }

  async exec(at: number): Promise<void> {
    const stdin = Buffer.alloc(at % 5000, `${at} `);
    const argv = ['sh', '-c', 'cat; printf "%s" "$1" >&2; exit 5', 'sh', `'${at}'`];
    const { code, stdout, stderr } = await this.shell.exec(argv, { stdin });
    assert.deepEqual([code, stderr], [5, `'${at}'`]);
    assert.ok(stdout.equals(stdin));
    this.succeeded.exec += 1;
  }

  async put(at: number): Promise<void> {
    const path = join(this.home, 'put');
    const content = this.content.subarray(at % 1000);
    try {
      await this.shell.put(path, content, 0o600);
      this.succeeded.put += 1;
    } finally {
      // Whole, be it this one or one before.
      const there = await this.shell.get(path);
      if (there !== undefined) {
        const skipped = this.content.length - there.length;
        assert.ok(skipped < 1000, `a part of ${there.length} bytes`);
        assert.ok(there.equals(this.content.subarray(skipped)));
      }
    }
  }

  async get(): Promise<void> {
    const got = await this.shell.get(join(this.home, 'get'));
    assert.ok(got?.equals(this.content), `${got?.length} bytes`);
    this.succeeded.get += 1;
  }

  async start(): Promise<void> {
    const process = await this.shell.start(['cat']);
    process.stderr.resume();
    const [back, , end] = await Promise.all([
      buffer(process.stdout),
      pipeline(Readable.from([this.content, this.content]), process.stdin),
      process.done,
    ]).catch(async (error: unknown) => {
      // Whichever part hears of it first: the end of the process names the reason.
      await process.done;
      throw error;
    });
    assert.equal(end.code, 0);
    assert.ok(back.equals(Buffer.concat([this.content, this.content])));
    this.succeeded.start += 1;
  }
}

async function settles(call: Promise<void>): Promise<void> {
  const timer = new AbortController();
  const hung = delay(30_000, undefined, { signal: timer.signal }).then(
    () => assert.fail('a call never settled'),
    () => undefined,
  );
  try {
    await Promise.race([call, hung]);
  } finally {
    timer.abort();
  }
}

function activeSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}
