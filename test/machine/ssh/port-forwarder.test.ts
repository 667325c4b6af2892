import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { PortForwarder } from '../../../src/remote/ssh/port-forwarder.ts';
import type { ForwardRequest, PortForward } from '../../../src/remote/ssh/port-forwarder.ts';
import type { SshShell } from '../../../src/remote/ssh/ssh-shell.ts';
import { until } from '../../support/proc.ts';
import { LinkProxy } from '../../support/ssh/link-proxy.ts';
import { freePort, SshBed } from '../../support/ssh/ssh-bed.ts';
import { SshClient } from '../../support/ssh/ssh-client.ts';

describe('A port of a machine as a port of this computer', function () {
  this.timeout(30_000);
  let bed: SshBed;
  let client: SshClient;
  let proxy: LinkProxy;
  let shell: SshShell;
  let forwarder: PortForwarder;
  const servers: Server[] = [];

  beforeEach(async () => {
    bed = await SshBed.create();
    client = new SshClient(bed);
    proxy = await LinkProxy.start(bed.port);
    shell = client.shell({ port: proxy.port });
    forwarder = new PortForwarder();
  });
  afterEach(async () => {
    await forwarder.close();
    await client.dispose();
    for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
    await proxy.dispose();
    await bed.dispose();
  });

  // The machine shares the network of this host: on 127.0.0.2 a port is free here.
  const serve = async (onSocket: (socket: Socket) => void, host = '127.0.0.2'): Promise<number> => {
    const server = createServer({ allowHalfOpen: true }, onSocket);
    servers.push(server);
    await new Promise<void>((done) => server.listen(0, host, done));
    return (server.address() as AddressInfo).port;
  };
  const request = (port: number, changes: Partial<ForwardRequest> = {}): ForwardRequest => ({
    machine: 'lab',
    host: '127.0.0.2',
    port,
    label: null,
    way: () => Promise.resolve(shell),
    ...changes,
  });
  const talk = async ({ localPort }: PortForward, said: Buffer): Promise<Buffer> => {
    const socket = connect(localPort, '127.0.0.1');
    const [heard] = await Promise.all([buffer(socket), pipeline([said], socket)]);
    return heard;
  };
  const echo = (socket: Socket): void => void socket.pipe(socket);

  it('is the same port when that is free, and carries megabytes both ways unharmed', async () => {
    const port = await serve(echo);
    const forward = await forwarder.start(request(port));
    assert.equal(forward.localPort, port);
    const said = randomBytes(6_000_000);
    const hash = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
    const all = await Promise.all([said, said.subarray(7), said.subarray(99)].map(async (part) =>
      hash(await talk(forward, part)) === hash(part),
    ));
    assert.deepEqual(all, [true, true, true]);
  });

  it('is another port when that is taken', async () => {
    const port = await serve(echo, '127.0.0.1');
    const forward = await forwarder.start(request(port, { host: 'localhost' }));
    assert.notEqual(forward.localPort, port);
    assert.equal((await talk(forward, Buffer.from('hello'))).toString(), 'hello');
  });

  it('gives the answer that comes after the client has said all', async () => {
    const port = await serve((socket) => {
      void buffer(socket).then((all) => socket.end(`heard ${all.length}`));
    });
    const forward = await forwarder.start(request(port));
    assert.equal((await talk(forward, Buffer.alloc(70_000))).toString(), 'heard 70000');
  });

  it('is forwarded once, however often it is asked for', async () => {
    const port = await serve(echo);
    const [first, second] = await Promise.all([request(port), request(port)].map((one) => forwarder.start(one)));
    assert.equal(first?.localPort, second?.localPort);
    assert.equal(forwarder.list().length, 1);
  });

  it('says that nothing listens there, and forgets it once something does', async () => {
    const port = await freePort();
    const forward = await forwarder.start(request(port));
    const said = Buffer.from('hello');
    const heard = await talk(forward, said).catch(() => undefined);
    assert.notEqual(heard?.toString(), 'hello');
    await until('the problem is told', () => Promise.resolve(forwarder.list()[0]?.problem ?? undefined));
    assert.match(forwarder.list()[0]?.problem ?? '', /cannot reach/);
    const server = createServer(echo);
    servers.push(server);
    await new Promise<void>((done) => server.listen(port, '127.0.0.2', done));
    assert.equal((await talk(forward, said)).toString(), 'hello');
    assert.equal(forwarder.list()[0]?.problem, null);
  });

  it('goes on over a new connection after the old one was lost', async () => {
    const port = await serve(echo);
    const forward = await forwarder.start(request(port));
    const open = connect(forward.localPort, '127.0.0.1');
    open.write('x');
    await once(open, 'data');
    assert.equal(forwarder.list()[0]?.connections, 1);
    const closed = once(open, 'close');
    open.on('error', () => undefined);
    proxy.cutAll();
    await closed;
    await until('the loss is told', () => Promise.resolve(forwarder.list()[0]?.problem ?? undefined));
    assert.equal((await talk(forward, Buffer.from('again'))).toString(), 'again');
    assert.equal(forwarder.list()[0]?.problem, null);
  });

  it('ends with all its connections when it is stopped, on the machine too', async () => {
    const heard: Socket[] = [];
    const port = await serve((socket) => {
      heard.push(socket);
      echo(socket);
    });
    const forward = await forwarder.start(request(port));
    const open = connect(forward.localPort, '127.0.0.1');
    open.on('error', () => undefined);
    open.write('x');
    await once(open, 'data');
    const ended = [once(open, 'close'), ...heard.map((socket) => once(socket, 'close'))];
    await forwarder.stop(forward.id);
    await Promise.all(ended);
    assert.deepEqual(forwarder.list(), []);
    const refused = connect(forward.localPort, '127.0.0.1');
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
  });

  it('lets go of the machine when the client leaves without a word', async () => {
    let gone: Promise<unknown> | undefined;
    const port = await serve((socket) => {
      gone = once(socket, 'close');
      socket.on('error', () => undefined);
      socket.on('end', () => socket.end());
      socket.resume();
      socket.write('hello');
    });
    const forward = await forwarder.start(request(port));
    const open = connect(forward.localPort, '127.0.0.1');
    await once(open, 'data');
    open.resetAndDestroy();
    await gone;
    await until('no connection is counted', () =>
      Promise.resolve(forwarder.list()[0]?.connections === 0 ? true : undefined),
    );
    assert.equal(forwarder.list()[0]?.problem, null);
  });

  it('holds a client back while the machine does not read', async () => {
    const readers: Socket[] = [];
    const port = await serve((socket) => {
      socket.pause();
      readers.push(socket);
    });
    const forward = await forwarder.start(request(port));
    const open = connect(forward.localPort, '127.0.0.1');
    await once(open, 'connect');
    const total = 64_000_000;
    const sending = pipeline([Buffer.alloc(total)], open);
    // What the kernels and windows on the way take; then it stands.
    let taken = -1;
    await until('nothing more is taken', async () => {
      const before = taken;
      await new Promise((resolve) => setTimeout(resolve, 300));
      taken = open.bytesWritten - open.writableLength;
      return readers.length > 0 && taken === before ? true : undefined;
    });
    assert.ok(taken < total, `all of it was taken at once`);
    const [reader] = readers;
    assert.ok(reader);
    const heard = buffer(reader);
    reader.on('end', () => reader.end());
    await sending;
    assert.equal((await heard).length, total);
  });
});
