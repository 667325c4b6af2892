import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { fingerprint, matchesHost } from '../../../../src/remote/ssh/known-hosts-file.ts';
import { KnownHosts } from '../../../../src/remote/ssh/known-hosts.ts';
import type { HostKeyPlace } from '../../../../src/remote/ssh/known-hosts.ts';

let folder = '';
let hosts: KnownHosts;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runctl-known-hosts-'));
  hosts = new KnownHosts(join(folder, 'own', 'known_hosts'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('Records of host keys', () => {
  it('know nothing of a server at first, and know it once it was added', async () => {
    const [key] = keys('ed25519');
    const before = await hosts.look(place());
    assert.deepEqual(before.judge(key), {
      kind: 'new',
      keyType: 'ssh-ed25519',
      fingerprint: fingerprint(key),
    });
    assert.deepEqual(before.keyTypes, []);
    await hosts.add(place(), key);
    const after = await hosts.look(place());
    assert.deepEqual(after.judge(key), { kind: 'known' });
    assert.deepEqual(after.keyTypes, ['ssh-ed25519']);
    assert.equal((await stat(hosts.file)).mode & 0o777, 0o600);
    // The same file serves ssh itself.
    assert.match(lookUp(hosts.file, '[gpu.example]:2200'), /ssh-ed25519/);
    assert.equal((await hosts.look(place({ port: 22 }))).judge(key).kind, 'new');
  });

  it('refuse another key and say both fingerprints and where the old one stands', async () => {
    const [old, shown] = keys('ed25519', 'ed25519');
    const file = join(folder, 'users');
    const data = old.toString('base64');
    await writeFile(file, `# comment\n\n[gpu.example]:2200 ssh-ed25519 ${data} me\n`);
    const records = await hosts.look(place({ knownHostsFiles: [file] }));
    assert.deepEqual(records.judge(shown), {
      kind: 'changed',
      keyType: 'ssh-ed25519',
      fingerprint: fingerprint(shown),
      recorded: [{ keyType: 'ssh-ed25519', fingerprint: fingerprint(old), file, line: 3 }],
    });
  });

  it('refuse a key of a type we do not have for a server we know', async () => {
    const [old, shown] = keys('ed25519', 'ecdsa');
    await hosts.add(place(), old);
    assert.equal((await hosts.look(place())).judge(shown).kind, 'changed');
  });

  it('take any of several keys of one server and ask for their types', async () => {
    const [one, two] = keys('ed25519', 'ecdsa');
    await hosts.add(place(), one);
    await hosts.add(place(), two);
    const records = await hosts.look(place());
    assert.deepEqual(records.keyTypes, ['ssh-ed25519', 'ecdsa-sha2-nistp256']);
    assert.deepEqual([records.judge(one).kind, records.judge(two).kind], ['known', 'known']);
  });

  it('read names that ssh-keygen hashed', async () => {
    const [key, other] = keys('ed25519', 'ed25519');
    const file = join(folder, 'users');
    const data = key.toString('base64');
    const lines = ['gpu.example', '[gpu.example]:2200'];
    await writeFile(file, lines.map((name) => `${name} ssh-ed25519 ${data}\n`).join(''));
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    assert.match(await readFile(file, 'utf8'), /^\|1\|/);
    for (const port of [22, 2200]) {
      const records = await hosts.look(place({ port, knownHostsFiles: [file] }));
      assert.equal(records.judge(key).kind, 'known');
      assert.equal(records.judge(other).kind, 'changed');
    }
    const stranger = await hosts.look(place({ host: 'else.example', knownHostsFiles: [file] }));
    assert.equal(stranger.judge(key).kind, 'new');
  });

  it('agree with ssh-keygen on which lines speak of a host', () => {
    const cases: readonly (readonly [line: string, name: string])[] = [
      ['gpu.example', 'gpu.example'],
      ['GPU.example', 'gpu.example'],
      ['*.example', 'gpu.example'],
      ['gpu?.example', 'gpu.example'],
      ['gpu?.example', 'gpu1.example'],
      ['*.example,!gpu.example', 'gpu.example'],
      ['*.example,!gpu.example', 'cpu.example'],
      ['a.example,10.0.0.1', '10.0.0.1'],
      ['[gpu.example]:2200', '[gpu.example]:2200'],
      ['[gpu.example]:2200', 'gpu.example'],
      ['[*]:2200', '[gpu.example]:2200'],
      ['gpuxexample', 'gpu.example'],
    ];
    const [key] = keys('ed25519');
    const file = join(folder, 'users');
    for (const [line, name] of cases) {
      writeFileSync(file, `${line} ssh-ed25519 ${key.toString('base64')}\n`);
      assert.equal(matchesHost(line, name), lookUp(file, name) !== '', `${line} / ${name}`);
    }
  });

  it('know a server on another port by its plain name, unless that port has a key', async () => {
    const [plain, special] = keys('ed25519', 'ed25519');
    await hosts.add(place({ port: 22 }), plain);
    assert.equal((await hosts.look(place())).judge(plain).kind, 'known');
    await hosts.add(place(), special);
    assert.equal((await hosts.look(place())).judge(plain).kind, 'changed');
  });

  it('go by HostKeyAlias instead of host and port', async () => {
    const [key] = keys('ed25519');
    await hosts.add(place({ hostKeyAlias: 'Pool' }), key);
    const other = place({ host: 'other.example', port: 9, hostKeyAlias: 'pool' });
    assert.equal((await hosts.look(other)).judge(key).kind, 'known');
    assert.equal((await hosts.look(place())).judge(key).kind, 'new');
  });

  it('refuse a revoked key, even where another line knows it', async () => {
    const [key] = keys('ed25519');
    await hosts.add(place(), key);
    const file = join(folder, 'users');
    await writeFile(file, `@revoked * ssh-ed25519 ${key.toString('base64')}\n`);
    const verdict = (await hosts.look(place({ knownHostsFiles: [file] }))).judge(key);
    assert.equal(verdict.kind, 'revoked');
    await writeFile(file, `@revoked gpu.example ssh-ed25519 ${key.toString('base64')}\n`);
    const other = place({ host: 'gpu.example', port: 2222, knownHostsFiles: [file] });
    assert.equal((await hosts.look(other)).judge(key).kind, 'revoked');
  });

  it('take no line of a certificate authority for a key of the host', async () => {
    const [key] = keys('ed25519');
    const file = join(folder, 'users');
    await writeFile(file, `@cert-authority * ssh-ed25519 ${key.toString('base64')}\n`);
    assert.equal((await hosts.look(place({ knownHostsFiles: [file] }))).judge(key).kind, 'new');
  });

  it('let a pinned key stand above what files say', async () => {
    const [pin, filed] = keys('ed25519', 'ed25519');
    await hosts.add(place(), filed);
    for (const text of [`ssh-ed25519 ${pin.toString('base64')}`, fingerprint(pin)]) {
      const records = await hosts.look(place({ pinnedKeys: [text] }));
      assert.equal(records.judge(pin).kind, 'known');
      const verdict = records.judge(filed);
      assert(verdict.kind === 'changed');
      assert.deepEqual(verdict.recorded.map(({ fingerprint: at, file }) => [at, file]), [
        [fingerprint(pin), null],
      ]);
    }
  });

  it('show the fingerprint that ssh-keygen shows', async () => {
    const [key] = keys('ed25519');
    const file = join(folder, 'key.pub');
    await writeFile(file, `ssh-ed25519 ${key.toString('base64')} x\n`);
    const shown = execFileSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' });
    assert.equal(shown.split(' ')[1], fingerprint(key));
  });

  it('keep every key when two windows add at once, also after a torn line', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `h${index}.example`);
    const [key, torn] = keys('ed25519', 'ed25519');
    await hosts.add(place({ host: 'first.example' }), torn);
    await chmod(hosts.file, 0o600);
    await writeFile(hosts.file, 'half.example ssh-ed2', { flag: 'a' });
    const windows = [new KnownHosts(hosts.file), new KnownHosts(hosts.file)];
    await windows[0]?.add(place({ host: 'after.example' }), key);
    const window = (at: number): KnownHosts => windows[at % 2] ?? hosts;
    await Promise.all(names.map((host, at) => window(at).add(place({ host }), key)));
    for (const host of ['after.example', ...names]) {
      assert.equal((await hosts.look(place({ host }))).judge(key).kind, 'known', host);
    }
    assert.equal((await hosts.look(place({ host: 'first.example' }))).judge(torn).kind, 'known');
  });

  it('forget one server of our own file and leave the others', async () => {
    const [key] = keys('ed25519');
    await hosts.add(place(), key);
    await hosts.add(place({ host: 'other.example' }), key);
    assert.equal(await hosts.forget(place()), 1);
    assert.equal(await hosts.forget(place()), 0);
    assert.equal((await hosts.look(place())).judge(key).kind, 'new');
    assert.equal((await hosts.look(place({ host: 'other.example' }))).judge(key).kind, 'known');
  });
});

function place(changes: Partial<HostKeyPlace> = {}): HostKeyPlace {
  return {
    host: 'gpu.example',
    port: 2200,
    hostKeyAlias: null,
    knownHostsFiles: [],
    pinnedKeys: [],
    ...changes,
  };
}

let made = 0;
/** Keys as SSH sends them; made up, since only their form matters here. */
function keys<T extends readonly ('ecdsa' | 'ed25519')[]>(...types: T): { [K in keyof T]: Buffer } {
  return types.map((type) => {
    const seed = createHash('sha256').update(`key ${(made += 1)}`).digest();
    return type === 'ed25519'
      ? pack(Buffer.from('ssh-ed25519'), seed)
      : pack(
          Buffer.from('ecdsa-sha2-nistp256'),
          Buffer.from('nistp256'),
          Buffer.concat([Buffer.of(4), seed, seed]),
        );
  }) as { [K in keyof T]: Buffer };
}

function pack(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}

function lookUp(file: string, name: string): string {
  try {
    const args = ['-F', name, '-f', file];
    return execFileSync('ssh-keygen', args, { encoding: 'utf8', stdio: 'pipe' });
  } catch {
    return '';
  }
}
