import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { readSshConfig } from '../../../../src/remote/ssh/ssh-config-reader.ts';
import { resolveSshSettings, sshClientContext } from '../../../../src/remote/ssh/ssh-settings.ts';
import type { SshSettings, SshTarget } from '../../../../src/remote/ssh/ssh-settings.ts';

// ssh asks the user database, not HOME.
const HOME = userInfo().homedir;
const CONTEXT = { ...sshClientContext(), home: HOME, env: { SSH_AUTH_SOCK: '/run/agent', KEY: 'k' } };

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runctl-ssh-config-'));
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('What to connect with', function () {
  this.timeout(30_000);

  const same: readonly (readonly [title: string, config: string, hosts: readonly string[]])[] = [
    ['nothing at all', '', ['gpu.example.org', '10.0.0.1']],
    ['plain values', 'Host lab\n  HostName gpu.example.org\n  User me\n  Port 2200', ['lab', 'x']],
    ['the first value', 'Host lab\n User a\nHost *\n User b\n Port 7', ['lab', 'other']],
    ['values before any Host', 'User top\nHost lab\n User low', ['lab']],
    ['patterns', 'Host gpu-? *.lab !secret.lab\n Port 9', ['gpu-1', 'gpu-', 'gpu-10', 'a.lab', 'secret.lab']],
    ['several patterns on a line', 'Host "one" two\n User u', ['one', 'two', 'three']],
    ['an equals sign and odd case', 'hOsT=lab\npOrT = 23\n\tUSER\tme\nhostname="h.example"', ['lab']],
    ['%h in the host name', 'Host *.short\n HostName %h.example.org', ['a.short']],
    ['a comment and an empty line', '# Host no\n\nHost lab # trailing\n User me\n\n', ['lab']],
    ['several keys', 'Host lab\n IdentityFile /k/a\n IdentityFile /k/b\nHost *\n IdentityFile /k/c\n IdentityFile /k/a', ['lab', 'x']],
    ['keys with tokens', 'IdentityFile ~/.ssh/%r-%h-%n-%p-%u\nHost lab\n HostName real\n User r', ['lab']],
    ['IdentitiesOnly', 'Host lab\n IdentitiesOnly yes', ['lab', 'x']],
    ['times', 'Host lab\n ConnectTimeout 7\n ServerAliveInterval 1m5s\nHost x\n ConnectTimeout 2m', ['lab', 'x']],
    ['an alias of the host key', 'Host lab\n HostKeyAlias pool', ['lab']],
    ['files of host keys', 'Host lab\n UserKnownHostsFile /a/x "/b y"', ['lab']],
    ['a jump', 'Host lab\n ProxyJump me@hop:2222\nHost *\n ProxyJump other', ['lab', 'x']],
    ['no jump after all', 'Host lab\n ProxyJump none\nHost *\n ProxyJump other', ['lab']],
    ['Match all', 'Host lab\n User a\nMatch all\n User b', ['lab', 'x']],
    ['upper case of the name', 'Host LAB\n User a\nHost lab\n Port 5', ['LAB', 'lab']],
    ['a nonsense line among good ones', 'IgnoreUnknown Colour\nColour blue\nHost lab\n User a', ['lab']],
  ];
  for (const [title, config, hosts] of same) {
    it(`is what ssh itself says: ${title}`, async () => {
      await writeFile(join(folder, 'config'), config);
      for (const host of hosts) {
        assert.deepEqual(await ours(host), theirs(host), host);
      }
    });
  }

  it('follows includes as ssh does, each only where its line applies', async () => {
    await mkdir(join(folder, 'conf.d'), { recursive: true });
    await writeFile(join(folder, 'conf.d', '20-b'), 'Host lab\n User from-b\n Port 20');
    await writeFile(join(folder, 'conf.d', '10-a'), 'Host lab\n User from-a');
    await writeFile(join(folder, 'conf.d', '.hidden'), 'Host *\n User hidden');
    await writeFile(join(folder, 'only-lab'), 'Port 77\nHost other\n User leaked');
    await writeFile(
      join(folder, 'config'),
      `Host lab\n Include "${folder}/only-lab"\nHost x\n User x\nInclude ${folder}/missing\nHost *\nInclude ${folder}/conf.d/*\n HostName after`,
    );
    for (const host of ['lab', 'x', 'other', 'nobody']) {
      assert.deepEqual(await ours(host), theirs(host), host);
    }
  });

  it('ends when files include each other', async () => {
    await writeFile(join(folder, 'config'), `Include ${folder}/config\nUser me`);
    assert.equal((await settings({ host: 'lab' })).user, 'me');
  });

  it('is what ssh says of any configuration', async () => {
    const name = fc.constantFrom('lab', 'lab2', 'gpu-1', 'x.example.org');
    const pattern = fc.constantFrom('lab', 'lab?', 'gpu-*', '*.example.org', '!lab2', '*', 'l*b', '?ab');
    const line = fc.oneof(
      fc.constantFrom('u1', 'u2').map((value) => ` User ${value}`),
      fc.constantFrom(22, 2200, 65_535).map((value) => ` Port ${value}`),
      fc.constantFrom('h.example', '%h.example', '127.0.0.1').map((value) => ` HostName ${value}`),
      fc.constantFrom('/k/a', '/k/b').map((value) => ` IdentityFile ${value}`),
      fc.constantFrom('hop', 'a@hop:9', 'none').map((value) => ` ProxyJump ${value}`),
    );
    const block = fc
      .tuple(fc.array(pattern, { minLength: 1, maxLength: 3 }), fc.array(line, { maxLength: 4 }))
      .map(([patterns, lines]) => [`Host ${patterns.join(' ')}`, ...lines].join('\n'));
    const config = fc.array(block, { maxLength: 5 }).map((blocks) => blocks.join('\n'));
    await fc.assert(
      fc.asyncProperty(config, name, async (text, host) => {
        await writeFile(join(folder, 'config'), text);
        assert.deepEqual(await ours(host), theirs(host));
      }),
      { numRuns: 120, seed: 7 },
    );
  });

  it('lets what was written in .runctl.toml win, and only that', async () => {
    await writeFile(join(folder, 'config'), 'Host lab\n User cfg\n Port 2200\n ConnectTimeout 9');
    const plain = await settings({ host: 'lab', user: null, port: undefined });
    assert.deepEqual([plain.user, plain.port, plain.connectTimeoutMs], ['cfg', 2200, 9000]);
    const own = await settings({ host: 'lab', user: 'me', port: 22, connectTimeoutSeconds: 4 });
    assert.deepEqual([own.user, own.port, own.connectTimeoutMs], ['me', 22, 4000]);
  });

  it('finds the agent where ssh would', async () => {
    const cases = [
      ['', '/run/agent'],
      ['IdentityAgent none', null],
      ['IdentityAgent SSH_AUTH_SOCK', '/run/agent'],
      ['IdentityAgent ~/agent.%r', `${HOME}/agent.${userInfo().username}`],
      ['IdentityAgent "/a b/${KEY}"', '/a b/k'],
      ['IdentityAgent $KEY', 'k'],
    ] as const;
    for (const [config, socket] of cases) {
      await writeFile(join(folder, 'config'), config);
      assert.equal((await settings({ host: 'lab' })).agentSocket, socket, config);
    }
  });

  it('chains jumps: each through the one before, the first by its own configuration', async () => {
    const config =
      'Host target\n ProxyJump a,me@b:23\nHost a\n ProxyJump z\n User ua\nHost b\n ProxyJump no-way\n User ub';
    await writeFile(join(folder, 'config'), config);
    const chain: string[] = [];
    for (let at: SshSettings | null = await settings({ host: 'target' }); at; at = at.jump) {
      chain.push(`${at.user}@${at.host}:${at.port}`);
    }
    const me = userInfo().username;
    assert.deepEqual(chain, [`${me}@target:22`, 'me@b:23', 'ua@a:22', `${me}@z:22`]);
  });

  it('refuses a jump that leads back to itself, and ProxyCommand, with the line to mend', async () => {
    await writeFile(join(folder, 'config'), 'Host *\n ProxyJump hop');
    assert.equal((await settings({ host: 'lab' })).jump?.jump, null);
    await writeFile(join(folder, 'config'), 'Host a\n ProxyJump b\nHost b\n ProxyJump a');
    await assert.rejects(settings({ host: 'a' }), { code: 'jump-loop' });
    await writeFile(join(folder, 'config'), 'Host lab\n ProxyCommand nc %h %p');
    await assert.rejects(settings({ host: 'lab' }), {
      code: 'proxy-command',
      details: { file: join(folder, 'config'), line: 2, column: 1 },
    });
    await writeFile(join(folder, 'config'), 'Host lab\n ProxyCommand none\n ProxyJump hop');
    assert.equal((await settings({ host: 'lab' })).jump, null);
  });

  it('says which Match block it did not use', async () => {
    await writeFile(join(folder, 'config'), 'User a\nMatch host lab exec "touch /tmp/never"\n Port 9');
    const { port, notes } = await settings({ host: 'lab' });
    assert.equal(port, 22);
    assert.equal(notes.length, 1);
    assert.match(notes[0] ?? '', /line 2/);
  });
});

async function settings(target: SshTarget): Promise<SshSettings> {
  const places = { home: HOME, userFile: join(folder, 'config'), systemFile: '/nonexistent' };
  return resolveSshSettings(target, await readSshConfig(places), CONTEXT);
}

async function ours(host: string): Promise<object> {
  const found = await settings({ host });
  return {
    host: found.host,
    user: found.user,
    port: found.port,
    keys: found.identityFiles,
    only: found.identitiesOnly,
    alias: found.hostKeyAlias,
    known: found.knownHostsFiles.filter((file) => !file.startsWith('/etc/')),
    timeout: found.connectTimeoutMs,
    alive: found.keepaliveMs,
    hops: found.jump === null ? [] : [found.jump.alias],
  };
}

function theirs(host: string): object {
  const output = execFileSync('ssh', ['-G', '-F', join(folder, 'config'), host], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
  const lines = output.split('\n').map((line) => [line.split(' ')[0] ?? '', line] as const);
  const all = (keyword: string): string[] =>
    lines.filter(([name]) => name === keyword).map(([, line]) => line.slice(keyword.length + 1));
  const [hostname = ''] = all('hostname');
  const [user = ''] = all('user');
  const [port = ''] = all('port');
  const own = userInfo().username;
  const expand = (path: string): string =>
    path
      .replace(/^~/, HOME)
      .replaceAll('%r', user)
      .replaceAll('%h', hostname)
      .replaceAll('%n', host)
      .replaceAll('%p', port)
      .replaceAll('%u', own);
  const keys = all('identityfile').map(expand);
  const number = (keyword: string, none: string, otherwise: number): number => {
    const [text] = all(keyword);
    return text === undefined || text === none ? otherwise : Number(text) * 1000;
  };
  const jump = all('proxyjump')[0];
  return {
    host: hostname,
    user,
    port: Number(port),
    // What ssh2 has no code for is not tried.
    keys: keys.filter((key) => !/_sk$|_xmss$|_dsa$/.test(key)),
    only: all('identitiesonly')[0] === 'yes',
    alias: all('hostkeyalias')[0] ?? null,
    known: knownFiles(all('userknownhostsfile')[0] ?? '', expand),
    timeout: number('connecttimeout', 'none', 20_000),
    alive: number('serveraliveinterval', '0', 15_000),
    hops: jump === undefined ? [] : [jump.replace(/^.*@/, '').replace(/:\d+$/, '')],
  };
}

// -G does not quote a path with a space.
function knownFiles(text: string, expand: (path: string) => string): string[] {
  return text
    .split(/ (?=[/~])/)
    .map(expand);
}
