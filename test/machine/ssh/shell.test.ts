import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { after, afterEach, before, describe, it } from 'mocha';
import type { MachineError } from '../../../src/core/errors.ts';
import type { SshShell } from '../../../src/remote/ssh/ssh-shell.ts';
import { until } from '../../support/proc.ts';
import { SshBed } from '../../support/ssh/ssh-bed.ts';
import { SshClient } from '../../support/ssh/ssh-client.ts';
import { toolbox } from '../../support/toolbox.ts';

for (const root of [false, true]) {
  describe(`A machine reached by SSH as ${root ? 'root' : 'a common user'}`, function () {
    this.timeout(30_000);
    let bed: SshBed;
    let client: SshClient;
    let shell: SshShell;
    before(async () => {
      bed = await SshBed.create({ root });
      client = new SshClient(bed);
      shell = client.shell();
    });
    afterEach(() => bed.untilIdle(shell));
    after(async () => {
      await client.dispose();
      await bed.dispose();
    });

    it('runs programs in the home directory of its user', async () => {
      const { stdout } = await shell.exec(['sh', '-c', 'pwd; echo "$HOME"']);
      assert.equal(stdout.toString(), `${bed.home}\n${bed.home}\n`);
    });

    it('says that a program is not there', async () => {
      await assert.rejects(shell.exec(['no-such-program']), { code: 'exec-failed' });
      await assert.rejects(shell.start(['/no/such/program']), { code: 'exec-failed' });
      await assert.rejects(shell.exec([]), RangeError);
      await assert.rejects(shell.exec(['-c', 'x']), RangeError);
    });

    it('ends what runs out of time, with all it started', async () => {
      const began = performance.now();
      const running = shell.exec(['sh', '-c', 'sleep 100 & sleep 101'], { timeoutMs: 300 });
      await assert.rejects(running, { code: 'timeout', kind: 'machine' });
      assert.ok(performance.now() - began < 3000);
    });

    it('ends what is cancelled, also before it began', async () => {
      const controller = new AbortController();
      const running = shell.exec(['sleep', '100'], { signal: controller.signal });
      await bed.untilRunning('sleep');
      controller.abort();
      await assert.rejects(running, { kind: 'cancelled' });
      await assert.rejects(shell.exec(['true'], { signal: controller.signal }), {
        kind: 'cancelled',
      });
      const late = new AbortController();
      const started = shell.start(['sleep', '100'], late.signal);
      late.abort();
      await assert.rejects(started, { kind: 'cancelled' });
    });

    it('starts a program that is talked to, and tells its end', async () => {
      const script = 'while read -r l; do echo "<$l>"; done; exit 7';
      const process = await shell.start(['sh', '-c', script]);
      process.stdout.setEncoding('utf8');
      for (const word of ['one', 'two']) {
        const answer = new Promise((resolve) => process.stdout.once('data', resolve));
        process.stdin.write(`${word}\n`);
        assert.equal(await answer, `<${word}>\n`);
      }
      process.stderr.resume();
      process.stdout.resume();
      process.stdin.end();
      assert.deepEqual(await process.done, { code: 7, signal: null });
    });

    it('ends a started program by kill and by the signal', async () => {
      const one = await shell.start(['sh', '-c', 'trap "" TERM HUP; sleep 100; sleep 100']);
      one.kill();
      assert.deepEqual(await one.done, { code: null, signal: 'SIGKILL' });
      const controller = new AbortController();
      const two = await shell.start(['sleep', '100'], controller.signal);
      controller.abort();
      await assert.rejects(two.done, { kind: 'cancelled' });
    });

    it('takes and gives no more than the other side wants', async () => {
      const quiet = await shell.start(['sleep', '100']);
      let taken = 0;
      while (quiet.stdin.write(Buffer.alloc(65_536)) && taken < 64) taken += 1;
      quiet.stdin.on('drain', () => (taken += 1));
      const memory = process.memoryUsage().rss;
      const loud = await shell.start(['sh', '-c', 'head -c 60000000 /dev/zero; echo end >&2']);
      await delay(400);
      assert.ok(taken < 64, `${taken} blocks taken`);
      assert.ok(loud.stdout.readableLength < 1_000_000);
      assert.ok(process.memoryUsage().rss - memory < 40_000_000);
      loud.stderr.resume();
      let bytes = 0;
      for await (const chunk of loud.stdout) bytes += (chunk as Buffer).length;
      assert.equal(bytes, 60_000_000);
      assert.equal((await loud.done).code, 0);
      quiet.kill();
      await quiet.done;
    });

    it('carries large content both ways unharmed', async () => {
      const block = createHash('sha512').update('x').digest();
      const parts = Array.from({ length: 100_000 }, (_, at) => block.subarray(at % 60));
      const content = Buffer.concat(parts);
      const process = await shell.start(['cat']);
      process.stderr.resume();
      const [back] = await Promise.all([
        buffer(process.stdout),
        pipeline(Readable.from(slices(content)), process.stdin),
      ]);
      assert.ok(back.equals(content));
      assert.equal((await process.done).code, 0);
    });

    it('does not wait for a program to read what it never will', async () => {
      const result = await shell.exec(['sh', '-c', 'exit 3'], { stdin: Buffer.alloc(20_000_000) });
      assert.equal(result.code, 3);
      const process = await shell.start(['true']);
      process.stdout.resume();
      process.stderr.resume();
      const writing = pipeline(Readable.from(slices(Buffer.alloc(20_000_000))), process.stdin);
      await assert.rejects(writing);
      await process.done;
    });

    it('puts files whole, with their mode, in directories of their own', async () => {
      const path = join(bed.home, 'a b', "it's", 'file');
      const content = Buffer.from(Array.from({ length: 70_000 }, (_, at) => at % 256));
      await shell.put(path, content, 0o640);
      assert.ok((await readFile(path)).equals(content));
      assert.equal((await stat(path)).mode & 0o777, 0o640);
      assert.equal((await stat(join(bed.home, 'a b'))).mode & 0o777, 0o700);
      await shell.put(path, Buffer.from('second'), 0o755);
      assert.equal(await readFile(path, 'utf8'), 'second');
      assert.equal((await stat(path)).mode & 0o777, 0o755);
      await shell.put(path, Buffer.alloc(0), 0o600);
      assert.equal((await shell.get(path))?.length, 0);
      assert.deepEqual(await readdir(join(bed.home, 'a b', "it's")), ['file']);
      await assert.rejects(shell.put('relative', content, 0o600), RangeError);
    });

    it('leaves the old file when the new one cannot be written', async () => {
      const folder = join(bed.home, 'dir');
      await mkdir(folder);
      await assert.rejects(shell.put(folder, Buffer.from('x'), 0o600), { code: 'put-failed' });
      await assert.rejects(shell.put('/proc/none/x', Buffer.from('x'), 0o600), (error: Error) => {
        assert.match(JSON.stringify(error), /proc/);
        return true;
      });
      assert.deepEqual((await readdir(bed.home)).filter((name) => name.endsWith('.tmp')), []);
    });

    it('gets files, and tells a missing one from one it may not see', async () => {
      const path = join(bed.home, 'some file');
      await writeFile(path, Buffer.from([0, 255, 10, 13, 0]));
      assert.deepEqual([...((await shell.get(path)) ?? [])], [0, 255, 10, 13, 0]);
      assert.equal(await shell.get(join(bed.home, 'missing')), undefined);
      assert.equal(await shell.get(join(bed.home, 'missing', 'too')), undefined);
      await symlink('nowhere', join(bed.home, 'dangling'));
      assert.equal(await shell.get(join(bed.home, 'dangling')), undefined);
      await assert.rejects(shell.get(bed.home), { code: 'get-failed' });
      if (!root) {
        await mkdir(join(bed.home, 'closed'));
        await chmod(join(bed.home, 'closed'), 0o700);
        await assert.rejects(shell.get(join(bed.home, 'closed', 'x')), { code: 'get-failed' });
      }
    });

    it('forwards to a port of the machine', async () => {
      const server = createServer((socket) => socket.pipe(socket));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const stream = await shell.forward('127.0.0.1', port);
      const back = buffer(stream);
      const content = Buffer.alloc(5_000_000, 'forward ');
      stream.end(content);
      assert.ok((await back).equals(content));
      server.close();
      await assert.rejects(shell.forward('127.0.0.1', port), { code: 'refused' });
    });

    it('opens a terminal that knows its size', async () => {
      const terminal = await shell.interactive({ columns: 77, rows: 33 });
      let shown = '';
      terminal.output.on('data', (chunk: Buffer) => (shown += chunk.toString()));
      terminal.input.write('stty size; echo "$TERM"\n');
      await until('the size is shown', () =>
        Promise.resolve(shown.includes('33 77\r\nxterm-256color') ? true : undefined),
      );
      terminal.resize({ columns: 100, rows: 40 });
      terminal.input.write('stty size; exit 9\n');
      assert.deepEqual(await terminal.done, { code: 9, signal: null });
      assert.match(shown, /40 100\r\n/);
      const other = await shell.interactive({ columns: 80, rows: 24 });
      other.input.write('sleep 100\n');
      other.output.resume();
      await bed.untilRunning('sleep');
      other.close();
      await other.done;
    });
  });
}

describe('A bare machine reached by SSH', function () {
  this.timeout(30_000);
  let bed: SshBed;
  let client: SshClient;
  before(async () => {
    bed = await SshBed.create();
    client = new SshClient(bed);
  });
  after(async () => {
    await client.dispose();
    await bed.dispose();
  });

  it('needs nothing but busybox', async () => {
    await bed.setPath(await busyboxOnly(join(bed.base, 'bin')));
    const shell = client.shell();
    const path = join(bed.home, 'x', 'y');
    await shell.put(path, Buffer.from('content'), 0o600);
    assert.equal((await shell.get(path))?.toString(), 'content');
    const script = ['sh', '-c', 'cat; readlink /proc/$$/exe'];
    const { stdout } = await shell.exec(script, { stdin: 'in\n' });
    assert.match(stdout.toString(), /^in\n.*busybox\n$/);
    await assert.rejects(shell.exec(['python3', '-V']), { code: 'exec-failed' });
    await bed.setPath(undefined);
  });

  it('with a home that cannot be written says so', async () => {
    await bed.readOnlyHome(true);
    const putting = client.shell().put(join(bed.home, 'n', 'x'), Buffer.from('x'), 0o600);
    await assert.rejects(putting, (error: MachineError) => {
      assert.equal(error.code, 'put-failed');
      assert.match(error.steps.join(), /mkdir/);
      return true;
    });
    await bed.readOnlyHome(false);
  });
});

async function busyboxOnly(directory: string): Promise<string> {
  await toolbox(directory, ['busybox']);
  for (const name of ['sh', 'cat', 'mkdir', 'mv', 'rm', 'wc', 'chmod', 'readlink']) {
    await symlink('busybox', join(directory, name));
  }
  return directory;
}

function* slices(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += 60_000) yield content.subarray(at, at + 60_000);
}
