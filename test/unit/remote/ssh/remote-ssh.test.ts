import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { entryName, withEntry, withInclude } from '../../../../src/remote/ssh/remote-ssh-config.ts';
import type { HostEntry } from '../../../../src/remote/ssh/remote-ssh-config.ts';
import { addInclude, askSsh, isSamePlace, needsInclude, writeEntry } from '../../../../src/remote/ssh/remote-ssh-handoff.ts';
import type { SshProgram } from '../../../../src/remote/ssh/remote-ssh-handoff.ts';
import type { SshSettings } from '../../../../src/remote/ssh/ssh-settings.ts';

const HAS_SSH = spawnSync('ssh', ['-V']).status === 0;

describe('The hand-off to Remote-SSH', () => {
  let home: string;
  let config: string;
  let ours: string;
  let ssh: SshProgram;
  beforeEach(async () => {
    home = await realpath(await mkdtemp(join(tmpdir(), 'runctl hand-off ')));
    config = join(home, '.ssh', 'config');
    ours = join(home, 'our storage', 'ssh', 'remote-ssh-config');
    ssh = { program: 'ssh', configFile: config };
  });
  afterEach(() => rm(home, { recursive: true }));

  const settings = (changes: Partial<SshSettings> = {}): SshSettings => ({
    alias: 'gpu',
    host: 'gpu.example.org',
    port: 2222,
    user: 'me',
    identityFiles: [join(home, '.ssh', 'my key')],
    identitiesOnly: true,
    agentSocket: null,
    hostKeyAlias: null,
    knownHostsFiles: [join(home, '.ssh', 'known_hosts'), '/etc/ssh/ssh_known_hosts'],
    connectTimeoutMs: 20_000,
    keepaliveMs: 15_000,
    jump: null,
    notes: [],
    ...changes,
  });
  const entry = (machine: string, changes: Partial<SshSettings> = {}): HostEntry => ({
    name: entryName(machine),
    machine,
    settings: settings(changes),
    knownHostsFile: join(home, 'our storage', 'ssh', 'known_hosts'),
  });
  const write = async (text: string, mode = 0o600): Promise<void> => {
    await mkdir(join(home, '.ssh'), { recursive: true });
    await writeFile(config, text, { mode });
  };

  it('names a machine by one word in lower case', () => {
    const names = ['me@GPU.example.org:2222', '[::1]:22', 'ü@h'].map(entryName);
    assert.deepEqual(names, ['runctl-me-gpu.example.org-2222', 'runctl-1-22', 'runctl-h']);
  });

  it('replaces the block of a machine and keeps those of others', () => {
    const first = withEntry('', entry('me@a:1'));
    const both = withEntry(first, entry('me@b:2', { host: 'b.example.org' }));
    const again = withEntry(both, entry('me@a:1', { port: 99 }));
    assert.equal(again.match(/^Host /gm)?.length, 2);
    assert.match(again, /Host runctl-me-b-2\n {2}HostName b\.example\.org/);
    assert.match(again, /Host runctl-me-a-1\n {2}HostName gpu.example.org\n {2}Port 99/);
    assert.equal(withEntry(again, entry('me@a:1', { port: 99 })), again);
  });

  it('adds one line at the top, never twice, with the line ends of the file', () => {
    const text = 'Host a\r\n  User b\r\n';
    const added = withInclude(text, config, ours);
    assert.equal(added, `Include "${ours}"\r\n\r\n${text}`);
    assert.equal(withInclude(added, config, ours), added);
    assert.equal(withInclude('', config, '/x/y'), 'Include /x/y\n');
  });

  it('does not take a line below a host for one that counts', () => {
    const text = `Host a\n  Include "${ours}"\n`;
    assert.ok(withInclude(text, config, ours).startsWith('Include'));
    assert.equal(withInclude(`Include *.d "${ours}"\n`, config, ours), `Include *.d "${ours}"\n`);
  });

  it('keeps what was there beside it, with its mode, and asks for nothing the second time', async () => {
    await write('Host a\n', 0o644);
    assert.equal(await needsInclude(config, ours), true);
    const backup = await addInclude(config, ours);
    assert.equal(backup, `${config}.before-runctl`);
    assert.equal(await readFile(backup, 'utf8'), 'Host a\n');
    assert.equal((await stat(config)).mode & 0o777, 0o644);
    assert.equal(await needsInclude(config, ours), false);
    assert.equal(await addInclude(config, ours), null);
    assert.deepEqual((await readdir(join(home, '.ssh'))).toSorted(), ['config', 'config.before-runctl']);
    await write('Host b\n');
    assert.equal(await addInclude(config, ours), `${config}.before-runctl-1`);
    assert.equal(await readFile(backup, 'utf8'), 'Host a\n');
  });

  it('makes the file where there is none, for its owner alone', async () => {
    assert.equal(await addInclude(config, ours), null);
    assert.equal((await stat(config)).mode & 0o777, 0o600);
    assert.equal((await stat(join(home, '.ssh'))).mode & 0o777, 0o700);
  });

  it('writes through a link, which stays one', async () => {
    await write('');
    await rm(config);
    await writeFile(join(home, 'dotfile'), 'Host a\n');
    await symlink('../dotfile', config);
    await addInclude(config, ours);
    assert.ok((await lstat(config)).isSymbolicLink());
    assert.match(await readFile(join(home, 'dotfile'), 'utf8'), /^Include .*\n\nHost a\n$/);
  });

  it('writes over nothing that it cannot read', async function () {
    await write('');
    await rm(config);
    await mkdir(config);
    await assert.rejects(addInclude(config, ours), { code: 'EISDIR' });
    if (process.getuid?.() === 0) return;
    await rm(config, { recursive: true });
    await write('Host a\n');
    await chmod(config, 0);
    await assert.rejects(addInclude(config, ours), { code: 'EACCES' });
  });

  describe('as the real ssh understands it', () => {
    beforeEach(function () {
      if (!HAS_SSH) this.skip();
    });

    it('leads to the machine, and leaves all other hosts as they were', async () => {
      await write('Host *\n  User someone\n  Port 7\nHost other\n  HostName other.example.org\n');
      const ahead = await askSsh('other', ssh);
      await writeEntry(ours, entry('me@GPU:2222'));
      await addInclude(config, ours);
      const answer = await askSsh('runctl-me-gpu-2222', ssh);
      const { host, port, user } = answer;
      assert.deepEqual({ host, port, user }, { host: 'gpu.example.org', port: 2222, user: 'me' });
      assert.equal(isSamePlace(answer, settings()), true);
      assert.equal(isSamePlace(answer, settings({ port: 22 })), false);
      assert.deepEqual(await askSsh('other', ssh), ahead);
      assert.equal((await stat(ours)).mode & 0o777, 0o600);
    });

    it('has its keys, known hosts and the way through another machine', async () => {
      const jump = settings({ alias: 'gate', host: 'gate.example.org', port: 23, user: 'you' });
      await writeEntry(ours, entry('me@gpu', { jump, hostKeyAlias: 'pinned' }));
      await addInclude(config, ours);
      const { stdout } = spawnSync('ssh', ['-G', '-F', config, 'runctl-me-gpu'], { encoding: 'utf8' });
      const lines = stdout.split('\n');
      for (const line of [
        `identityfile ${home}/.ssh/my key`,
        'identitiesonly yes',
        'identityagent none',
        'hostkeyalias pinned',
        'proxyjump you@gate:23',
      ]) {
        assert.ok(lines.includes(line), `${line} in ${stdout}`);
      }
      const known = lines.find((line) => line.startsWith('userknownhostsfile')) ?? '';
      assert.match(known, /\.ssh\/known_hosts.*our storage\/ssh\/known_hosts/);
    });

    it('stays what it is with names that mean something to ssh', async () => {
      const user = 'a b"c#d';
      await writeEntry(ours, entry('x@y', { user, identityFiles: [join(home, '50% off')] }));
      await addInclude(config, ours);
      assert.equal((await askSsh('runctl-x-y', ssh)).user, user);
      const { stdout } = spawnSync('ssh', ['-G', '-F', config, 'runctl-x-y'], { encoding: 'utf8' });
      assert.match(stdout, /identityfile .*50%+ off/);
    });

    it('knows an alias of the person’s own without any entry', async () => {
      await write('Host gpu\n  HostName gpu.example.org\n  User me\n  Port 2222\n');
      assert.equal(isSamePlace(await askSsh('gpu', ssh), settings()), true);
    });

    it('says what it does not like', async () => {
      await write('Nonsense yes\n');
      await assert.rejects(askSsh('gpu', ssh), { kind: 'config', code: 'ssh-config' });
      await assert.rejects(askSsh('gpu', { ...ssh, program: '/no/ssh' }), { kind: 'config' });
    });
  });
});
