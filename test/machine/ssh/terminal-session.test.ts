import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { SshShell } from '../../../src/remote/ssh/ssh-shell.ts';
import { TerminalSession } from '../../../src/remote/ssh/terminal-session.ts';
import { until } from '../../support/proc.ts';
import { LinkProxy } from '../../support/ssh/link-proxy.ts';
import { SshBed } from '../../support/ssh/ssh-bed.ts';
import { SshClient } from '../../support/ssh/ssh-client.ts';

describe('A terminal on a machine', function () {
  this.timeout(40_000);
  let bed: SshBed;
  let client: SshClient;
  let proxy: LinkProxy;
  let shell: SshShell;
  let session: TerminalSession;
  let shown: string;
  let ended: number;

  beforeEach(async () => {
    bed = await SshBed.create({ shell: '/bin/sh' });
    client = new SshClient(bed);
    proxy = await LinkProxy.start(bed.port);
    shell = client.shell({ port: proxy.port, connectTimeoutMs: 2000 });
    shown = '';
    ended = 0;
    session = new TerminalSession(
      {
        way: () => Promise.resolve(shell),
        write: (text) => (shown += text),
        end: () => (ended += 1),
      },
      { columns: 80, rows: 24 },
    );
  });
  afterEach(async () => {
    session.close();
    await client.dispose();
    await proxy.dispose();
    await bed.dispose();
  });

  const sees = (pattern: RegExp): Promise<RegExpExecArray> =>
    until(`${String(pattern)} is shown`, () => Promise.resolve(pattern.exec(shown) ?? undefined));
  const opened = async (): Promise<void> => {
    void session.open();
    await until('the shell answers', () => {
      session.input('echo up$((1+1))\r');
      return Promise.resolve(shown.includes('up2') ? true : undefined);
    });
  };

  it('shows what is run there, in the size of the terminal, also of a new one', async () => {
    await opened();
    session.input('stty size\r');
    await sees(/24 80/);
    session.resize({ columns: 133, rows: 50 });
    session.input('stty size\r');
    await sees(/50 133/);
    session.input('printf "\\303\\274 %s\\n" done\r');
    await sees(/ü done/);
  });

  for (const [mode, lines] of [['echo', 10_000], ['-echo', 2000]] as const) {
    it(`takes a paste of ${lines} lines without losing a byte, with ${mode}`, async () => {
      await opened();
      const text = `${'x'.repeat(199)}\n`.repeat(lines);
      session.input(`stty ${mode}; cat >pasted; echo kept$((40+2))\r`);
      await bed.untilRunning('cat');
      session.input(text);
      session.input('\u0004');
      await sees(/kept42/);
      const kept = await readFile(join(bed.home, 'pasted'));
      const hash = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
      assert.deepEqual([kept.length, hash(kept)], [text.length, hash(text)]);
    });
  }

  it('shows a flood in frames and still hears the interrupt', async () => {
    await opened();
    session.input('yes flood\r');
    await sees(/flood\r\n/);
    await bed.untilRunning('yes');
    session.input('\u0003');
    await until('yes has ended', () =>
      Promise.resolve(bed.running('yes').length === 0 ? true : undefined),
    );
    session.input('echo after$((1+1))\r');
    await sees(/after2/);
    assert.ok(shown.length < 400_000_000);
  });

  it('ends with its shell', async () => {
    const open = session.open();
    await sees(/[$#] /);
    session.input('exit 3\r');
    await open;
    assert.equal(ended, 1);
  });

  it('ends the shell and what runs in it when it is closed', async () => {
    await opened();
    session.input('sleep 1000\r');
    await bed.untilRunning('sleep');
    session.close();
    await bed.untilIdle(shell);
    assert.equal(ended, 0);
  });

  it('says that the connection was lost, and any key opens another shell', async () => {
    await opened();
    proxy.cutAll();
    await sees(/was lost. Press any key/);
    shown = '';
    session.input('q');
    await until('the shell answers', () => {
      session.input('echo again$((1+1))\r');
      return Promise.resolve(shown.includes('again2') ? true : undefined);
    });
    assert.equal(ended, 0);
    assert.ok(!shown.includes('q'), 'the key itself goes nowhere');
  });

  it('says why there is no shell, and can be closed while it connects', async () => {
    proxy.refuse(true);
    await session.open();
    assert.match(shown, /Press any key/);
    proxy.refuse(false);
    proxy.silence(true);
    const open = session.open();
    session.close();
    await open;
    assert.equal(ended, 0);
  });
});
