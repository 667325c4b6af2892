import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { LocalShell } from '../../../../src/remote/local-shell.ts';
import { listeningPorts, parseListening } from '../../../../src/remote/ssh/listening-ports.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const tcp = (local: string, state: string, inode: number): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 100 0 0 10 0`;
const ANSWER = [
  '#tcp',
  HEAD,
  tcp('00000000:0016', '0A', 11),
  tcp('0100007F:1F90', '0A', 12),
  tcp('0100007F:1F91', '01', 13),
  tcp('0500000A:22B8', '0A', 14),
  HEAD,
  tcp('00000000000000000000000000000000:1776', '0A', 15),
  tcp('0000000000000000FFFF00000100007F:0400', '0A', 16),
  tcp('00000000000000000000000001000000:22B9', '0A', 17),
  '#fd',
  '/proc/70/fd:',
  'lrwx------ 1 me me 64 Jan  1 00:00 3 -> socket:[12]',
  'lrwx------ 1 me me 64 Jan  1 00:00 4 -> socket:[99]',
  '/proc/71/fd:',
  'lrwx------ 1 me me 64 Jan  1 00:00 5 -> socket:[17]',
  '#ps',
  '   70 /usr/bin/python3 -m tensorboard.main --logdir x',
  '   71 python jupyter-lab --no-browser',
  '#jupyter',
  '{"port": 8889, "pid": 71, "base_url": "/lab/", "token": "a b"}',
  '{"port": 8080, "pid": 1, "base_url": "/", "token": "old"}',
  'broken {',
].join('\n');

describe('Ports that a machine listens on', () => {
  it('are named by who listens and by their number, the likely ones first', () => {
    assert.deepEqual(parseListening(ANSWER).map(({ port, name }) => [port, name]), [
      [6006, 'TensorBoard'],
      [8080, 'TensorBoard'],
      [8888, 'Jupyter'],
      [8889, 'Jupyter'],
      [1024, null],
      [22, null],
    ]);
  });

  it('are reached by localhost, or by the one address they listen on', () => {
    const hosts = new Map(parseListening(ANSWER).map(({ port, host }) => [port, host]));
    assert.deepEqual([8080, 8888, 6006, 1024, 8889].map((port) => hosts.get(port)), [
      'localhost', '10.0.0.5', 'localhost', 'localhost', 'localhost',
    ]);
  });

  it('open with the token of the server that listens now, not of a dead one', () => {
    const paths = new Map(parseListening(ANSWER).map(({ port, path }) => [port, path]));
    assert.deepEqual([paths.get(8889), paths.get(8080)], ['/lab/?token=a%20b', '/']);
  });

  it('are read from netstat where there is no /proc', () => {
    const answer = [
      '#tcp',
      'tcp4       0      0  127.0.0.1.8888         *.*                    LISTEN',
      'tcp46      0      0  *.6006                 *.*                    LISTEN',
      'tcp        0      0 0.0.0.0:5000            0.0.0.0:*               LISTEN',
      'unix  2      [ ACC ]     STREAM     LISTENING     123 /tmp/x:1',
      '#fd', '#ps', '#jupyter',
    ].join('\n');
    assert.deepEqual(parseListening(answer).map(({ port, host }) => [port, host]), [
      [6006, 'localhost'],
      [8888, 'localhost'],
      [5000, 'localhost'],
    ]);
  });

  it('are found on a real machine, with the command that listens', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    try {
      const found = (await listeningPorts(new LocalShell())).find((one) => one.port === port);
      assert.equal(found?.host, 'localhost');
      assert.match(found.command ?? '', /mocha|node/);
    } finally {
      server.close();
    }
  });

  it('of a Jupyter are known on a real machine by the file it keeps', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'runctl-ports-'));
    const script = 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>console.log(s.address().port))';
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [said] = (await once(child.stdout, 'data')) as [Buffer];
      const port = Number(said.toString());
      await mkdir(join(folder, 'runtime'));
      const told = { port, pid: child.pid, base_url: '/', token: 'secret' };
      await writeFile(join(folder, 'runtime', 'jpserver-1.json'), JSON.stringify(told, null, 1));
      const shell = new LocalShell({ ...process.env, JUPYTER_RUNTIME_DIR: `${folder}/runtime` });
      const found = await listeningPorts(shell);
      const server = found.find((one) => one.port === port);
      assert.deepEqual([server?.name, server?.path], ['Jupyter', '/?token=secret']);
    } finally {
      child.kill();
      await rm(folder, { recursive: true });
    }
  });
});
