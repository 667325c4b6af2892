import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { MachineError, RunctlError } from '../../../../src/core/errors.ts';
import { newEd25519Key } from '../../../../src/remote/ssh/ed25519-key.ts';
import { openKey } from '../../../../src/remote/ssh/key-file.ts';
import { OwnKey } from '../../../../src/remote/ssh/own-key.ts';
import type { ReplacedKey } from '../../../../src/remote/ssh/own-key.ts';
import { namingFailures } from '../../../../src/remote/ssh/secret-place.ts';
import type { Alone, SecretPlace } from '../../../../src/remote/ssh/secret-place.ts';
import type { SshSettings } from '../../../../src/remote/ssh/ssh-settings.ts';
import { loadSsh2 } from '../../../../src/remote/ssh/ssh2-module.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { lockedKeyring, oneLock, SharedSecrets } from '../../../support/secrets.ts';

describe('The key of runctl', () => {
  let base: string;
  let clock: FakeClock;
  let replaced: ReplacedKey[];
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'runctl-own-key-'));
    clock = new FakeClock();
    replaced = [];
  });
  afterEach(() => rm(base, { recursive: true }));

  const key = (secrets: SecretPlace, alone: Alone = oneLock(), name = 'own-key.json'): OwnKey => {
    const own = new OwnKey({ secrets: namingFailures(secrets), file: join(base, 'ssh', name), alone, clock });
    own.onDidReplace((pair) => replaced.push(pair));
    return own;
  };
  // Time passes while it works.
  const inTime = async <T>(work: Promise<T>): Promise<T> => {
    const state = { over: false };
    const done = (): void => void (state.over = true);
    work.then(done, done);
    while (!state.over) await clock.advance(50);
    return work;
  };
  const settings = (changes: Partial<SshSettings> = {}): SshSettings =>
    ({ user: 'me', host: 'gpu', port: 22, identitiesOnly: false, ...changes }) as SshSettings;

  it('is in the form of OpenSSH, each time: read, signs, and its halves belong together', async function () {
    this.timeout(30_000);
    const ssh2 = await loadSsh2();
    const data = Buffer.from('what the server sent');
    for (let count = 0; count < 500; count++) {
      const { privateText, publicLine } = newEd25519Key('runctl');
      const opened = openKey(ssh2, privateText);
      assert.ok(opened.kind === 'open');
      const blob = opened.key.getPublicSSH();
      assert.equal(publicLine, `ssh-ed25519 ${blob.toString('base64')} runctl`);
      const signature = opened.key.sign(data);
      const beside: unknown = ssh2.utils.parseKey(publicLine);
      assert.equal((beside as typeof opened.key).verify(data, signature), true);
    }
  });

  it('is made on first need and is the same from then on, with nothing secret on disk', async () => {
    const secrets = new SharedSecrets();
    const own = key(secrets.window());
    assert.equal(await own.known(), null);
    assert.deepEqual(await own.offerTo(settings()), []);
    const line = await inTime(own.publicKey());
    assert.match(line, /^ssh-ed25519 [A-Za-z0-9+/=]+ runctl$/);
    assert.equal(await inTime(key(secrets.window()).publicKey()), line);
    const file = join(base, 'ssh', 'own-key.json');
    const text = await readFile(file, 'utf8');
    assert.deepEqual(JSON.parse(text), { publicLine: line, machines: [] });
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(replaced, []);
  });

  it('is one key when two windows of a host ask at once, though one hears late of the other', async () => {
    const secrets = new SharedSecrets(3);
    const alone = oneLock();
    const windows = [0, 1].map(() => key(secrets.window(), alone));
    const [one, other] = await inTime(Promise.all(windows.map((own) => own.publicKey())));
    assert.equal(one, other);
    assert.equal(await inTime(key(secrets.window(), alone).publicKey()), one);
    assert.deepEqual(replaced, []);
  });

  it('is one key when windows of two hosts, which share no lock, store one each', async () => {
    const shared = new SharedSecrets();
    let stored = 0;
    let go: () => void = () => undefined;
    const both = new Promise<void>((resolve) => (go = resolve));
    const meeting = (place: SecretPlace): SecretPlace => ({
      ...place,
      store: async (name, value) => {
        stored += 1;
        if (stored === 2) go();
        await both;
        await place.store(name, value);
      },
    });
    const one = key(meeting(shared.window()), oneLock(), 'here.json');
    const other = key(meeting(shared.window()), oneLock(), 'there.json');
    const lines = await inTime(Promise.all([one.publicKey(), other.publicKey()]));
    assert.equal(stored, 2, 'they did race');
    assert.equal(lines[0], lines[1]);
  });

  it('that the storage has lost is made anew, and that is said with both', async () => {
    const secrets = new SharedSecrets();
    const own = key(secrets.window());
    const old = await inTime(own.publicKey());
    await own.note(settings(), true);
    secrets.lose();
    const now = await inTime(own.publicKey());
    assert.notEqual(now, old);
    assert.deepEqual(replaced, [{ old, now }]);
    assert.equal(await own.isInstalled(settings()), false, 'no machine has the new one');
  });

  it('that cannot be read is lost, too', async () => {
    const secrets = new SharedSecrets().window();
    const own = key(secrets);
    const old = await inTime(own.publicKey());
    await secrets.store('runctl.sshKey', 'rubbish');
    assert.notEqual(await inTime(own.publicKey()), old);
    assert.equal(replaced.length, 1);
  });

  it('is made from a damaged record without harm', async () => {
    const secrets = new SharedSecrets();
    const own = key(secrets.window());
    const line = await inTime(own.publicKey());
    await writeFile(join(base, 'ssh', 'own-key.json'), '{"publicLine":');
    assert.equal(await inTime(own.publicKey()), line);
    assert.equal(await own.known(), line);
  });

  it('is not made over one that a locked keyring may hold', async () => {
    const own = key(lockedKeyring());
    const error = await inTime(own.publicKey()).catch((thrown: unknown) => thrown as RunctlError);
    assert.ok(error instanceof Error);
    assert.equal(error.code, 'secret-storage');
    assert.ok(error.steps.length > 0);
    assert.equal(await own.known(), null);
  });

  it('is not claimed to exist where the storage keeps nothing', async () => {
    const forgetful: SecretPlace = {
      get: () => Promise.resolve(undefined),
      store: () => Promise.resolve(),
      delete: () => Promise.resolve(),
    };
    await assert.rejects(inTime(key(forgetful).publicKey()), { code: 'secret-storage' });
    assert.equal(await key(forgetful).known(), null);
  });

  it('is offered last, first where it was installed, and not where only named keys may be', async () => {
    const own = key(new SharedSecrets().window());
    await inTime(own.publicKey());
    const order = async (to: SshSettings): Promise<readonly boolean[]> =>
      (await own.offerTo(to)).map(({ first }) => first);
    assert.deepEqual(await order(settings()), [false]);
    assert.deepEqual(await order(settings({ identitiesOnly: true })), []);
    await own.note(settings(), true);
    assert.deepEqual(await order(settings({ identitiesOnly: true })), [true]);
    assert.deepEqual(await order(settings({ port: 23 })), [false]);
    await own.note(settings(), false);
    assert.deepEqual(await order(settings()), [false]);
  });

  it('opens the storage only to sign, and says when it is gone by then', async () => {
    const secrets = new SharedSecrets();
    const window = secrets.window();
    let reads = 0;
    const own = key({ ...window, get: (name) => ((reads += 1), window.get(name)) });
    const made = await inTime(own.identity());
    const before = reads;
    const [offer] = await own.offerTo(settings());
    assert.ok(offer);
    assert.ok(offer.identity.blob.equals(made.blob));
    assert.equal(reads, before);
    const data = Buffer.from('data');
    assert.equal((await offer.identity.sign(data, undefined)).length, 64);
    secrets.lose();
    await assert.rejects(offer.identity.sign(data, undefined), (error: MachineError) => {
      assert.equal(error.code, 'own-key-lost');
      return error.steps.length > 0;
    });
  });
});
