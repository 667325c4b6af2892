import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { MachineError } from '../../../src/core/errors.ts';
import { signWith } from '../../../src/remote/ssh/identities.ts';
import type { Identity } from '../../../src/remote/ssh/identities.ts';
import { openKey } from '../../../src/remote/ssh/key-file.ts';
import type { SshShell } from '../../../src/remote/ssh/ssh-shell.ts';
import { loadSsh2 } from '../../../src/remote/ssh/ssh2-module.ts';
import { until } from '../../support/proc.ts';
import { SshBed } from '../../support/ssh/ssh-bed.ts';
import { SshClient } from '../../support/ssh/ssh-client.ts';

describe('Logging in to a machine', function () {
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

  const failure = (shell: SshShell): Promise<MachineError> =>
    shell.exec(['true']).then(
      () => assert.fail('it let us in'),
      (error: unknown) => error as MachineError,
    );

  describe('with a host key', () => {
    it('that is new asks once, with the fingerprint, and records it', async () => {
      await client.shell().exec(['true']);
      const [question, ...more] = client.asked;
      assert.deepEqual([more.length, question?.alias, question?.port], [0, 'lab', bed.port]);
      const shown = spawnSync('ssh-keygen', ['-lf', join(bed.base, 'host-key.pub')]).stdout;
      assert.equal(question?.fingerprint, shown.toString().split(' ')[1]);
      await client.shell().exec(['true']);
      assert.equal(client.asked.length, 1);
      assert.equal(
        await readFile(client.services.knownHosts.file, 'utf8'),
        await bed.knownHostsLine(),
      );
    });

    it('that the person does not accept goes no further, and is asked about again', async () => {
      client.acceptsHostKeys = false;
      const error = await failure(client.shell());
      assert.equal(error.code, 'host-key-unknown');
      assert.ok(error.steps.join(' ').includes(client.asked[0]?.fingerprint ?? '-'));
      await failure(client.shell());
      assert.equal(client.asked.length, 2);
      assert.ok(!(await bed.log()).includes('Accepted'), 'no key was offered');
    });

    it('that the person already has is not asked about', async () => {
      const file = join(bed.base, 'users-known-hosts');
      await writeFile(file, await bed.knownHostsLine());
      spawnSync('ssh-keygen', ['-H', '-f', file]);
      await client.shell({ knownHostsFiles: [file] }).exec(['true']);
      assert.deepEqual(client.asked, []);
    });

    it('that changed is refused, with both fingerprints and the line to delete', async () => {
      const file = join(bed.base, 'users-known-hosts');
      await writeFile(file, `# mine\n${await bed.knownHostsLine()}`);
      const old = spawnSync('ssh-keygen', ['-lf', join(bed.base, 'host-key.pub')]).stdout;
      const shell = client.shell({ knownHostsFiles: [file] });
      await shell.exec(['true']);
      await bed.newHostKey();
      const now = spawnSync('ssh-keygen', ['-lf', join(bed.base, 'host-key.pub')]).stdout;
      const error = await failure(client.shell({ knownHostsFiles: [file] }));
      assert.equal(error.code, 'host-key-changed');
      const steps = error.steps.join('\n');
      for (const text of [old, now]) {
        assert.ok(steps.includes(text.toString().split(' ')[1] ?? '-'));
      }
      assert.ok(steps.includes(`line 2 of ${file}`), steps);
      assert.deepEqual(error.nextAction?.arguments, [file, 2, 1]);
      assert.deepEqual(client.asked, []);
      // The way out.
      await writeFile(file, '');
      await client.shell({ knownHostsFiles: [file] }).exec(['true']);
      assert.equal(client.asked.length, 1);
    });

    it('of another type than first is asked for by the type we know', async () => {
      bed.makeKey('second-key', { type: 'rsa' });
      const key = await bed.publicKey(join(bed.base, 'second-key'));
      const line = `[${bed.host}]:${bed.port} ${key}\n`;
      const file = join(bed.base, 'users-known-hosts');
      await writeFile(file, line);
      await bed.setConfig(`HostKey ${bed.base}/second-key`);
      await client.shell({ knownHostsFiles: [file] }).exec(['true']);
      assert.deepEqual(client.asked, []);
    });

    it('that is pinned needs no question, and another is refused', async () => {
      await client.shell({}, [await bed.hostKey()]).exec(['true']);
      const [fingerprint = ''] = spawnSync('ssh-keygen', ['-lf', `${bed.base}/host-key.pub`])
        .stdout.toString()
        .split(' ')
        .slice(1);
      await client.shell({}, [fingerprint]).exec(['true']);
      const error = await failure(client.shell({}, [await bed.publicKey()]));
      assert.equal(error.code, 'host-key-changed');
      assert.deepEqual(client.asked, []);
    });

    it('that was revoked is refused', async () => {
      const file = join(bed.base, 'users-known-hosts');
      await writeFile(file, await bed.knownHostsLine());
      await appendFile(file, `@revoked * ${await bed.hostKey()}\n`);
      const error = await failure(client.shell({ knownHostsFiles: [file] }));
      assert.equal(error.code, 'host-key-revoked');
    });
  });

  describe('with keys of files', () => {
    for (const type of ['ed25519', 'ecdsa', 'rsa']) {
      it(`of type ${type}, locked or not`, async () => {
        const plain = bed.makeKey(`plain-${type}`, { type });
        const locked = bed.makeKey(`locked-${type}`, { type, passphrase: 'open sesame' });
        await bed.allow(await bed.publicKey(plain), await bed.publicKey(locked));
        await client.shell({ identityFiles: [plain] }).exec(['true']);
        // Its public half is read from the key itself.
        await rm(`${locked}.pub`);
        client.answers.push('open sesame');
        await client.shell({ identityFiles: [locked] }).exec(['true']);
        assert.deepEqual(client.passphrases, [{ key: locked, alias: 'lab', wrong: false }]);
      });
    }

    it('asks for a passphrase once, however many connections need the key', async () => {
      const locked = bed.makeKey('locked', { passphrase: 'right' });
      await bed.allow(await bed.publicKey(locked));
      client.answers.push('wrong', 'right');
      const shells = [0, 1, 2].map(() => client.shell({ identityFiles: [locked] }));
      await Promise.all(shells.map((shell) => shell.exec(['true'])));
      assert.deepEqual(client.passphrases.map(({ wrong }) => wrong), [false, true]);
    });

    it('asks for no passphrase of a key that the machine would not take', async () => {
      const locked = bed.makeKey('locked', { passphrase: 'right' });
      await client.shell({ identityFiles: [locked, bed.keyFile] }).exec(['true']);
      assert.deepEqual(client.passphrases, []);
    });

    it('says that the key stays locked when nobody gives the passphrase', async () => {
      const locked = bed.makeKey('locked', { passphrase: 'right' });
      await bed.allow(await bed.publicKey(locked));
      const error = await failure(client.shell({ identityFiles: [locked] }));
      assert.equal(error.code, 'key-passphrase');
      assert.equal(error.details['file'], locked);
    });

    it('waits for a slow person longer than for a machine', async () => {
      const locked = bed.makeKey('locked', { passphrase: 'right' });
      await bed.allow(await bed.publicKey(locked));
      const { KeyRing } = await import('../../../src/remote/ssh/key-ring.ts');
      const keyRing = new KeyRing(
        () => new Promise((resolve) => setTimeout(() => resolve('right'), 700)),
      );
      const slow = new SshClient(bed, { keyRing });
      await slow.shell({ identityFiles: [locked], connectTimeoutMs: 500 }).exec(['true']);
      await slow.dispose();
    });

    it('says which keys were offered when none is taken', async () => {
      await bed.allow();
      const error = await failure(client.shell());
      assert.equal(error.code, 'auth-failed');
      assert.deepEqual(error.details['tried'], [bed.keyFile]);
      assert.deepEqual(error.details['methods'], ['publickey']);
      const none = await failure(client.shell({ identityFiles: [join(bed.base, 'none')] }));
      assert.equal(none.code, 'auth-failed');
      assert.deepEqual(none.details['tried'], []);
    });

    it('says that a server takes only passwords', async () => {
      await bed.setConfig('PubkeyAuthentication no', 'PasswordAuthentication yes');
      const error = await failure(client.shell());
      assert.equal(error.code, 'auth-failed');
      assert.match(error.steps.join(' '), /takes only password/);
    });

    it('says that a second factor is not supported', async () => {
      await bed.setConfig('AuthenticationMethods publickey,password', 'PasswordAuthentication yes');
      const error = await failure(client.shell());
      assert.equal(error.code, 'auth-failed');
      assert.match(error.message, /second factor/);
    });

    it('survives a server that has enough of our keys', async () => {
      const keys = Array.from({ length: 8 }, (_, at) => bed.makeKey(`key-${at}`));
      const error = await failure(client.shell({ identityFiles: [...keys, bed.keyFile] }));
      assert.equal(error.code, 'auth-failed');
      assert.match(error.steps.join(' '), /IdentitiesOnly/);
    });

    it('uses a key that lies in no file', async () => {
      const ssh2 = await loadSsh2();
      const opened = openKey(ssh2, await readFile(bed.keyFile, 'utf8'));
      assert.ok(opened.kind === 'open');
      const { key } = opened;
      const identity: Identity = {
        blob: key.getPublicSSH(),
        name: 'ours',
        source: 'own',
        sign: (data, hash) => Promise.resolve(signWith(key, data, hash)),
      };
      const own = new SshClient(bed, { ownKeys: () => Promise.resolve([{ identity, first: true }]) });
      await own.shell({ identityFiles: [] }).exec(['true']);
      await own.dispose();
    });
  });

  describe('with an SSH agent', () => {
    async function agent(...keys: readonly string[]): Promise<string> {
      const socket = join(bed.base, 'agent');
      const process = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
      const ended = once(process, 'exit');
      cleanUp.push(async () => {
        process.kill();
        await ended;
      });
      const env = { SSH_AUTH_SOCK: socket, PATH: '/usr/bin:/bin' };
      await until('the agent answers', () =>
        Promise.resolve(spawnSync('ssh-add', ['-l'], { env }).status === 1 ? true : undefined),
      );
      for (const key of keys) assert.equal(spawnSync('ssh-add', ['-q', key], { env }).status, 0);
      return socket;
    }

    for (const type of ['ed25519', 'ecdsa', 'rsa']) {
      it(`uses its ${type} key`, async () => {
        const key = bed.makeKey('in-agent', { type });
        await bed.allow(await bed.publicKey(key));
        const agentSocket = await agent(bed.keyFile, key);
        const settings = { identityFiles: [], identitiesOnly: false, agentSocket };
        await client.shell(settings).exec(['true']);
      });
    }

    it('takes a locked key from it without asking, and only named ones if so wished', async () => {
      const locked = bed.makeKey('locked', { passphrase: 'right' });
      const stranger = bed.makeKey('stranger');
      const ask = join(bed.base, 'ask');
      await writeFile(ask, '#!/bin/sh\necho right\n', { mode: 0o755 });
      const agentSocket = await agent(stranger);
      const env = {
        SSH_AUTH_SOCK: agentSocket,
        SSH_ASKPASS: ask,
        SSH_ASKPASS_REQUIRE: 'force',
        PATH: '/usr/bin:/bin',
      };
      assert.equal(spawnSync('ssh-add', ['-q', locked], { env }).status, 0);
      await bed.allow(await bed.publicKey(locked));
      await client.shell({ identityFiles: [locked], agentSocket }).exec(['true']);
      assert.deepEqual(client.passphrases, []);
      await bed.allow(await bed.publicKey(stranger));
      const error = await failure(client.shell({ identityFiles: [bed.keyFile], agentSocket }));
      assert.equal(error.code, 'auth-failed');
    });

    it('goes on without one that is gone', async () => {
      await client.shell({ agentSocket: join(bed.base, 'no-agent') }).exec(['true']);
    });
  });
});
