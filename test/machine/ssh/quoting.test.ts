import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import type { SshShell } from '../../../src/remote/ssh/ssh-shell.ts';
import { until } from '../../support/proc.ts';
import { SshBed } from '../../support/ssh/ssh-bed.ts';
import { SshClient } from '../../support/ssh/ssh-client.ts';

/** Login shells of people. */
const LOGIN_SHELLS = ['bash', 'dash', 'busybox', 'zsh', 'fish', 'tcsh', 'mksh'].map(
  (name) => `/usr/bin/${name}`,
);

const NASTY: readonly string[] = [
  '',
  ' ',
  "'",
  "''",
  '"',
  '\\',
  '\\\\',
  "\\'",
  "'\\''",
  '\n',
  '\r\n\t\v',
  'a\n\nb\n',
  '$(id)',
  '`id`',
  '$HOME ${HOME} $$',
  '!',
  '!!',
  '\\!',
  "it's !x",
  '-n',
  '--',
  '-rf',
  '*',
  '?[a-z]{1,2}',
  '~',
  '~root',
  '#',
  ';&|<>()',
  '%s%d%%',
  '\\0101\\n\\c',
  '=ls',
  'ünï cödé 🚀 名前',
  '\u007f\u0001\u001b[31m',
  'a'.repeat(4096),
  "'".repeat(4096),
  'é'.repeat(2048),
  '\n'.repeat(300),
];

/** What shells do not take for itself. */
const ALIVE = Array.from(' \'"\\$`!\n-~*=%{}[]#;&|<>()a1');

for (const loginShell of LOGIN_SHELLS) {
  const name = loginShell.replace('/usr/bin/', '');
  describe(`Commands for a user whose login shell is ${name}`, function () {
    this.timeout(60_000);
    let bed: SshBed;
    let client: SshClient;
    let shell: SshShell;
    before(async function () {
      if (!SshBed.isolated && name !== 'bash') this.skip();
      bed = await SshBed.create();
      // busybox is a shell only by another name.
      await bed.setShell(name === 'busybox' ? await applet(bed) : loginShell);
      client = new SshClient(bed);
      shell = client.shell();
    });
    after(async () => {
      await client.dispose();
      await bed.dispose();
    });

    it('reach the program as they are, however nasty', async () => {
      assert.deepEqual(await received(shell, NASTY), NASTY);
      for (const text of NASTY.slice(0, 6)) {
        assert.deepEqual(await received(shell, [text]), [text]);
      }
    });

    it('reach the program as they are, whatever they are', async () => {
      const word = fc.oneof(
        fc.constantFrom(...NASTY),
        fc.string({ unit: 'grapheme', maxLength: 30 }),
        fc.string({ unit: fc.constantFrom(...ALIVE), maxLength: 20 }),
      );
      const words = fc.array(word.filter((text) => !text.includes('\0')), { maxLength: 6 });
      await fc.assert(
        fc.asyncProperty(words, async (argv) => {
          const wanted = argv.map((text) => text.toWellFormed());
          assert.deepEqual(await received(shell, argv), wanted);
        }),
        { numRuns: 15, seed: 3 },
      );
    });

    it('reach the program as they are through sessions held ready', async () => {
      await shell.exec(['true']);
      for (let round = 0; round < 3; round += 1) {
        await until('sessions are ready', () =>
          Promise.resolve(shell.connection.idleSessions === 2 ? true : undefined),
        );
        assert.deepEqual(await received(shell, NASTY), NASTY);
      }
    });

    it('give back exit codes, signals, and both outputs byte by byte', async () => {
      const script = 'cat; printf "\\000\\377\\n" >&2; exit 42';
      const bytes = Buffer.from(Array.from({ length: 1024 }, (_, at) => at % 256));
      const result = await shell.exec(['sh', '-c', script], { stdin: bytes });
      assert.deepEqual([result.code, result.signal], [42, null]);
      assert.deepEqual(result.stdout, bytes);
      assert.equal(result.stderr, '\0\ufffd\n');
      const ended = await shell.exec(['sh', '-c', 'kill -USR1 $$']);
      assert.deepEqual([ended.code, ended.signal], [null, 'SIGUSR1']);
    });

    it('may be longer than a login shell can be told', async () => {
      const argv = Array.from({ length: 8 }, (_, at) => `${at} ${"'x y'".repeat(800)}`);
      assert.deepEqual(await received(shell, argv), argv);
      const script = ['sh', '-c', 'cat; printf %s "$1" | wc -c', 'sh', ' '.repeat(30_000)];
      const { stdout } = await shell.exec(script, { stdin: 'first\n' });
      assert.match(stdout.toString(), /^first\n\s*30000\n$/);
    });
  });
}

describe('A login shell that talks', function () {
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

  it('adds nothing to what the program says', async () => {
    await writeFile(
      join(bed.home, '.bashrc'),
      'echo welcome; echo careful >&2; head -c 9000 /dev/zero | tr "\\0" x; printf "no newline"\n',
    );
    const result = await client.shell().exec(['sh', '-c', 'echo out; echo err >&2']);
    assert.deepEqual([result.stdout.toString(), result.stderr], ['out\n', 'err\n']);
    await writeFile(join(bed.home, '.bashrc'), '');
  });

  it('is named when it runs no commands, with what it said', async function () {
    if (!SshBed.isolated) this.skip();
    await bed.setShell('/usr/sbin/nologin');
    await assert.rejects(client.shell().exec(['true']), (error: Error & { code: string }) => {
      assert.equal(error.code, 'no-shell');
      assert.match(JSON.stringify(error), /This account is currently not available/);
      return true;
    });
  });
});

/** Each argument as `od` saw it. */
async function received(shell: SshShell, argv: readonly string[]): Promise<string[]> {
  const script = 'for a do printf "%s" "$a" | od -An -v -tx1; echo .; done';
  const { code, stdout, stderr } = await shell.exec(['sh', '-c', script, 'sh', ...argv]);
  assert.deepEqual([code, stderr], [0, '']);
  return stdout
    .toString()
    .split('.\n')
    .slice(0, -1)
    .map((hex) => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex').toString());
}

async function applet(bed: SshBed): Promise<string> {
  const path = join(bed.base, 'ash');
  await writeFile(path, '#!/bin/sh\nexec busybox sh "$@"\n', { mode: 0o755 });
  return path;
}
