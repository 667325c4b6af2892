import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { SystemClock } from '../../../src/core/clock.ts';
import type { MachineError } from '../../../src/core/errors.ts';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import { loginStep } from '../../../src/providers/ssh/doctor-login.ts';
import type { DoctorFinding } from '../../../src/providers/ssh/doctor.ts';
import { SshKeys } from '../../../src/providers/ssh/ssh-keys.ts';
import { addAuthorizedKey, removeAuthorizedKey } from '../../../src/remote/ssh/authorized-keys.ts';
import { newEd25519Key } from '../../../src/remote/ssh/ed25519-key.ts';
import { writeKeyFile } from '../../../src/remote/ssh/private-file.ts';
import { addInclude, askSsh, isUsingKey, removeEntries, writeEntry } from '../../../src/remote/ssh/remote-ssh-handoff.ts';
import type { SshShell } from '../../../src/remote/ssh/ssh-shell.ts';
import { oneLock, SharedSecrets } from '../../support/secrets.ts';
import { SshBed } from '../../support/ssh/ssh-bed.ts';
import { SshClient } from '../../support/ssh/ssh-client.ts';
import { toolbox } from '../../support/toolbox.ts';

const UNTOUCHED = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBuqbNOvRIyLdnzs9zVrCwEUSBoAm+wNFeJ5Lml9rOgc mine';

describe('The key of runctl on a machine', function () {
  this.timeout(30_000);
  let bed: SshBed;
  let client: SshClient;
  let keys: SshKeys;
  let secrets: SharedSecrets;
  beforeEach(async () => {
    bed = await SshBed.create();
    // As on most machines, beside the key that lets the test in.
    await bed.setConfig(
      `AuthorizedKeysFile ${bed.base}/authorized_keys ${bed.home}/.ssh/authorized_keys`,
      'LogLevel VERBOSE',
    );
    const clock = new SystemClock();
    secrets = new SharedSecrets();
    keys = new SshKeys({
      secrets: secrets.window(),
      storage: join(bed.base, 'storage'),
      alone: oneLock(),
      clock,
      logger: NULL_LOGGER,
      askPassphrase: () => Promise.resolve(undefined),
      offerToKeep: () => undefined,
      services: () => client.services,
    });
    client = new SshClient(bed, { ownKeys: (to) => keys.own.offerTo(to) });
  });
  afterEach(async () => {
    await client.dispose();
    await bed.dispose();
  });

  const authorized = (): string => join(bed.home, '.ssh', 'authorized_keys');
  const text = (): Promise<string> => readFile(authorized(), 'utf8');
  const modes = async (): Promise<readonly number[]> =>
    Promise.all(
      [join(bed.home, '.ssh'), authorized()].map(async (path) => (await stat(path)).mode & 0o777),
    );
  /** The file as somebody else left it. */
  const put = async (content: string): Promise<void> => {
    await mkdir(join(bed.home, '.ssh'), { recursive: true });
    await writeFile(authorized(), content);
    await chmod(authorized(), 0o664);
    if (SshBed.isolated) {
      const { uid, gid } = await stat(bed.home);
      await chown(join(bed.home, '.ssh'), uid, gid);
      await chown(authorized(), uid, gid);
    }
  };
  const failure = (work: Promise<unknown>): Promise<MachineError> =>
    work.then(
      () => assert.fail('it worked'),
      (error: unknown) => error as MachineError,
    );

  it('is one that ssh-keygen takes, with the same public half and fingerprint', async () => {
    const pair = await keys.own.pair();
    const file = join(bed.base, 'as-file');
    await writeFile(file, pair.privateText, { mode: 0o600 });
    const keygen = (...args: string[]): string =>
      spawnSync('ssh-keygen', [...args, '-f', file], { encoding: 'utf8' }).stdout.trim();
    assert.equal(keygen('-y'), pair.publicLine);
    const [bits, print, comment, type] = keygen('-l').split(' ');
    assert.deepEqual([bits, comment, type], ['256', 'runctl', '(ED25519)']);
    const { name } = await keys.own.identity();
    assert.ok(name.includes(print ?? '-'), name);
  });

  it('is let in where there was no ~/.ssh, and logs in alone; a second time changes nothing', async () => {
    const shell = client.shell();
    const { publicLine, added } = await keys.install(shell);
    assert.equal(added, true);
    assert.equal(await text(), `${publicLine}\n`);
    assert.deepEqual(await modes(), [0o700, 0o600]);
    assert.deepEqual(await keys.install(shell), { publicLine, added: false });
    assert.equal(await text(), `${publicLine}\n`);
    await bed.allow();
    const alone = client.shell({ identityFiles: [] });
    await alone.exec(['true']);
    assert.equal(alone.connection.identity?.source, 'own');
    const print = spawnSync('ssh-keygen', ['-lf', '-'], { input: publicLine, encoding: 'utf8' });
    assert.ok((await bed.log()).includes(`ED25519 ${print.stdout.split(' ')[1] ?? '-'}`));
  });

  it('is added below what is there, also where the last line has no end', async () => {
    await put(`# of somebody\n${UNTOUCHED}`);
    const { publicLine } = await keys.install(client.shell());
    assert.equal(await text(), `# of somebody\n${UNTOUCHED}\n${publicLine}\n`);
    assert.deepEqual(await modes(), [0o700, 0o600]);
  });

  it('is taken out again: exactly its line, and the rest stays byte for byte', async () => {
    const before = `${UNTOUCHED}\n\n#  odd   \t spaces\\n\nno-pty ${UNTOUCHED}\r\nlätzte`;
    await put(before);
    const shell = client.shell();
    const { publicLine } = await keys.install(shell);
    await put(`${publicLine}\n${before}\n${publicLine}\n`);
    assert.deepEqual(await keys.remove(shell), { removed: 2, isLeft: false });
    assert.equal(await text(), `${before}\n`);
    assert.equal(await keys.own.isInstalled(client.settings()), false);
    assert.equal(await keys.isAccepted(client.settings()), false);
    assert.deepEqual(await keys.remove(shell), { removed: 0, isLeft: false });
  });

  it('stays where a line that is not ours lets it in, and that is said', async () => {
    const line = await keys.own.publicKey();
    await put(`no-pty ${line}\n#${line}\n`);
    const shell = client.shell();
    assert.equal((await keys.install(shell)).added, false);
    assert.deepEqual(await keys.remove(shell), { removed: 0, isLeft: true });
    assert.equal(await text(), `no-pty ${line}\n#${line}\n`);
  });

  it('is not taken for let in by a line that is commented out', async () => {
    const line = await keys.own.publicKey();
    await put(`# ${line}\n\t #${line}\n`);
    assert.equal((await keys.install(client.shell())).added, true);
    assert.equal(await text(), `# ${line}\n\t #${line}\n${line}\n`);
  });

  it('goes through a link that stays one', async () => {
    await put('');
    const real = join(bed.home, 'dotfiles');
    await writeFile(real, `${UNTOUCHED}\n`);
    if (SshBed.isolated) {
      const { uid, gid } = await stat(bed.home);
      await chown(real, uid, gid);
    }
    spawnSync('rm', [authorized()]);
    await symlink(real, authorized());
    const shell = client.shell();
    const { publicLine } = await keys.install(shell);
    assert.equal(await readFile(real, 'utf8'), `${UNTOUCHED}\n${publicLine}\n`);
    assert.equal((await keys.remove(shell)).removed, 1);
    assert.equal(await readFile(real, 'utf8'), `${UNTOUCHED}\n`);
    assert.equal(spawnSync('readlink', [authorized()], { encoding: 'utf8' }).stdout.trim(), real);
  });

  it('loses no line of a file that holds more than lines', async () => {
    const line = await keys.own.publicKey();
    const content = `${UNTOUCHED}\n\0\0\n${line}\n`;
    await put(content);
    const error = await failure(keys.remove(client.shell()));
    assert.equal(error.code, 'authorized-keys');
    assert.equal(await text(), content);
  });

  it('says what is the matter where the home cannot be written, and changes nothing', async function () {
    if (!SshBed.isolated) this.skip();
    await bed.readOnlyHome(true);
    const error = await failure(keys.install(client.shell()));
    await bed.readOnlyHome(false);
    assert.equal(error.code, 'authorized-keys');
    assert.match(error.steps.join(' '), /Permission denied|Read-only/);
    assert.equal(await keys.own.isInstalled(client.settings()), false);
  });

  it('is not called installed where the server reads another file', async () => {
    await bed.setConfig();
    const error = await failure(keys.install(client.shell()));
    assert.equal(error.code, 'own-key-refused');
    assert.ok(error.steps.join(' ').includes(await keys.own.publicKey()));
    assert.equal(await keys.own.isInstalled(client.settings()), false);
  });

  for (const name of ['busybox', 'dash']) {
    it(`is let in and taken out with the tools of ${name} alone`, async function () {
      const path = join(bed.base, 'few');
      if (name === 'busybox') {
        await mkdir(path);
        const made = spawnSync('busybox', ['--install', '-s', path]);
        if (made.status !== 0) this.skip();
      } else {
        await toolbox(path, ['dash', 'mkdir', 'chmod', 'tail', 'wc', 'cp', 'mv', 'rm', 'readlink']);
        await symlink('/bin/dash', join(path, 'sh'));
      }
      await bed.setPath(path);
      await put(UNTOUCHED);
      const shell = client.shell();
      const { publicLine } = await keys.install(shell);
      assert.equal(await text(), `${UNTOUCHED}\n${publicLine}\n`);
      assert.deepEqual(await keys.remove(shell), { removed: 1, isLeft: false });
      assert.equal(await text(), `${UNTOUCHED}\n`);
    });
  }

  it('is added once by two that do so at once, and only a line of a key ever is', async () => {
    const { publicLine } = newEd25519Key('runctl');
    const shell = client.shell();
    assert.equal((await addAuthorizedKey(shell, publicLine)).added, true);
    await Promise.all([keys.install(shell), keys.install(client.shell())]);
    const lines = (await text()).trim().split('\n');
    assert.equal(lines.length, 2);
    for (const bad of ['a b c\nd', '$(id) x y', "'; rm -rf ~; ' AAAA c", '']) {
      await assert.rejects(addAuthorizedKey(shell, bad), RangeError);
      await assert.rejects(removeAuthorizedKey(shell, bad), RangeError);
    }
  });

  it('helps after the keys of the person, not before them, where nobody installed it', async () => {
    const line = await keys.own.publicKey();
    await bed.allow(await bed.publicKey(), line);
    const both = client.shell({ identitiesOnly: false });
    await both.exec(['true']);
    assert.equal(both.connection.identity?.source, 'file');
    const other = bed.makeKey('other');
    const last = client.shell({ identitiesOnly: false, identityFiles: [other] });
    await last.exec(['true']);
    assert.equal(last.connection.identity?.source, 'own');
    const error = await failure(client.shell({ identityFiles: [other] }).exec(['true']));
    assert.deepEqual(error.details['tried'], [other], 'only named keys are to be used');
  });

  it('that was lost ends no login that another key can make, and is named where none can', async () => {
    const shell = client.shell();
    await keys.install(shell);
    secrets.lose();
    await client.shell().exec(['true']);
    await bed.allow();
    const error = await failure(client.shell().exec(['true']));
    assert.equal(error.code, 'own-key-lost');
  });

  describe('in the check of the machine', () => {
    const check = (shell: SshShell): Promise<DoctorFinding> => {
      const open = async (): Promise<SshShell['connection']['identity']> => {
        await shell.connection.launcher();
        return shell.connection.identity;
      };
      const step = loginStep({ open, keys }, () => shell.connection.settings);
      return step.look(new AbortController().signal);
    };

    it('is named when it is what lets us in, or would', async () => {
      assert.match((await check(client.shell())).text, new RegExp(`as ${bed.user} by ${bed.keyFile}$`));
      await keys.install(client.shell());
      const first = client.shell();
      assert.match((await check(first)).text, /by the key of runctl \(SHA256:/);
      await keys.own.note(client.settings(), false);
      assert.match((await check(client.shell())).text, /the key of runctl is let in as well/);
    });

    it('warns when it is not let in any more, with the line to append', async () => {
      await keys.install(client.shell());
      await put('');
      const finding = await check(client.shell());
      assert.equal(finding.level, 'warn');
      const line = await keys.own.publicKey();
      assert.match(finding.fix?.join('\n') ?? '', /authorized_keys of \w+ on 127\.0\.0\.1: ssh-ed25519/);
      assert.ok(finding.fix?.join('\n').endsWith(line));
    });

    it('gives the line to append when no key is taken: ours, else one of the person', async () => {
      await bed.allow();
      const without = await failure(check(client.shell()));
      assert.equal(without.code, 'auth-failed');
      assert.ok(without.steps.at(-1)?.endsWith(await bed.publicKey()), without.steps.at(-1));
      const none = await failure(check(client.shell({ identityFiles: [] })));
      assert.match(none.steps.at(-1) ?? '', /Copy Public Key/);
      const line = await keys.own.publicKey();
      const ours = await failure(check(client.shell()));
      assert.ok(ours.steps.at(-1)?.endsWith(line));
      // What it says is what helps.
      await bed.allow(line);
      await client.shell({ identitiesOnly: false }).exec(['true']);
    });
  });

  it('is given to the real ssh by a file of its own, until that is removed', async () => {
    const shell = client.shell();
    await keys.install(shell);
    await bed.allow();
    const storage = join(bed.base, 'our storage', 'ssh');
    const keyFile = join(storage, 'runctl-key');
    const [config, ours, known] = ['config', 'remote-ssh-config', 'known_hosts'].map((name) => join(storage, name)) as [string, string, string];
    await writeKeyFile(keyFile, (await keys.own.pair()).privateText);
    await writeFile(known, await bed.knownHostsLine());
    const settings = client.settings({ knownHostsFiles: [known] });
    await writeEntry(ours, { name: 'runctl-lab', machine: 'lab', settings, knownHostsFile: known, keyFile });
    await writeEntry(ours, { name: 'runctl-other', machine: 'other', settings, knownHostsFile: known });
    await writeFile(config, `Host *\n  IdentityFile ${bed.keyFile}\n  BatchMode yes\n`);
    await addInclude(config, ours);
    const program = { program: 'ssh', configFile: config };
    assert.equal(isUsingKey(await askSsh('runctl-lab', program), keyFile), true);
    assert.equal(isUsingKey(await askSsh('runctl-other', program), keyFile), false);
    const { stdout } = await promisify(execFile)('ssh', ['-F', config, 'runctl-lab', 'echo', 'in']);
    assert.equal(stdout, 'in\n');
    await removeEntries(ours, keyFile);
    const left = await readFile(ours, 'utf8');
    assert.ok(!left.includes('runctl-lab') && left.includes('Host runctl-other'), left);
  });
});
