import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, describe, it } from 'mocha';
import type { Logger } from '../../../../src/core/logger.ts';
import { NULL_LOGGER } from '../../../../src/core/logger.ts';
import { KeptPassphrases } from '../../../../src/remote/ssh/kept-passphrases.ts';
import { readKeyFile } from '../../../../src/remote/ssh/key-file.ts';
import type { KeyText } from '../../../../src/remote/ssh/key-file.ts';
import { KeyRing } from '../../../../src/remote/ssh/key-ring.ts';
import type { KeepOffer } from '../../../../src/remote/ssh/key-ring.ts';
import { namingFailures } from '../../../../src/remote/ssh/secret-place.ts';
import type { SecretPlace } from '../../../../src/remote/ssh/secret-place.ts';
import { loadSsh2 } from '../../../../src/remote/ssh/ssh2-module.ts';
import type { Ssh2 } from '../../../../src/remote/ssh/ssh2-module.ts';
import { lockedKeyring, oneLock, SharedSecrets } from '../../../support/secrets.ts';

const HAS_KEYGEN = spawnSync('ssh-keygen', ['-?']).error === undefined;

describe('Passphrases that are kept', () => {
  let base: string;
  let ssh2: Ssh2;
  let secrets: SharedSecrets;
  let asked: boolean[];
  let offers: KeepOffer[];
  let logged: string;
  before(async function () {
    if (!HAS_KEYGEN) this.skip();
    ssh2 = await loadSsh2();
  });
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'runctl-passphrases-'));
    secrets = new SharedSecrets();
    [asked, offers, logged] = [[], [], ''];
  });
  afterEach(() => rm(base, { recursive: true }));

  const makeKey = async (name: string, passphrase: string): Promise<KeyText> => {
    const file = join(base, name);
    await rm(file, { force: true });
    const args = ['-q', '-t', 'ed25519', '-a', '1', '-N', passphrase, '-f', file];
    assert.equal(spawnSync('ssh-keygen', args, { input: 'y\n' }).status, 0);
    const key = await readKeyFile(file);
    assert.ok(key);
    return key;
  };
  const changePassphrase = (key: KeyText, old: string, now: string): Promise<KeyText | undefined> => {
    spawnSync('ssh-keygen', ['-q', '-p', '-a', '1', '-P', old, '-N', now, '-f', key.name]);
    return readKeyFile(key.name);
  };
  const logger: Logger = {
    ...NULL_LOGGER,
    info: (...words) => void (logged += words.map(String).join(' ')),
    warn: (...words) => void (logged += words.map(String).join(' ')),
  };
  // What one window has; another is as after a reload.
  const session = (
    place: SecretPlace = secrets.window(),
  ): { ring: KeyRing; kept: KeptPassphrases; answers: string[] } => {
    const kept = new KeptPassphrases(namingFailures(place), oneLock(), logger);
    const answers: string[] = [];
    const ask = ({ wrong }: { wrong: boolean }): Promise<string | undefined> => {
      asked.push(wrong);
      return Promise.resolve(answers.shift());
    };
    const ring = new KeyRing(ask, { kept, offer: (offer) => offers.push(offer), logger });
    return { ring, kept, answers };
  };

  it('are offered only once they worked, and open the key in the next session unasked', async () => {
    const key = await makeKey('key', 'right');
    const first = session();
    first.answers.push('wrong', 'right');
    await first.ring.unlock(ssh2, key, 'lab');
    assert.deepEqual(offers.map(({ key: name, alias }) => [name, alias]), [[key.name, 'lab']]);
    assert.equal(secrets.text, '', 'nothing is kept before the answer');
    await offers[0]?.decide('keep');
    assert.ok(secrets.text.includes('right') && !secrets.text.includes('wrong'));
    const next = session();
    await next.ring.unlock(ssh2, key, 'lab');
    assert.deepEqual(asked, [false, true]);
    assert.deepEqual((await next.kept.list()).map(({ name, kept }) => [name, kept]), [[key.name, true]]);
    assert.ok(!JSON.stringify(await next.kept.list()).includes('right'));
  });

  it('are asked for again each session when they were for this time only', async () => {
    const key = await makeKey('key', 'right');
    for (let count = 1; count <= 2; count++) {
      const { ring, answers } = session();
      answers.push('right');
      await ring.unlock(ssh2, key, 'lab');
      assert.equal(offers.length, count);
    }
    assert.deepEqual(asked, [false, false]);
  });

  it('are never offered again for a key the person said so of', async () => {
    const key = await makeKey('key', 'right');
    const first = session();
    first.answers.push('right');
    await first.ring.unlock(ssh2, key, 'lab');
    await offers[0]?.decide('never');
    const next = session();
    next.answers.push('right');
    await next.ring.unlock(ssh2, key, 'lab');
    assert.equal(offers.length, 1);
    assert.ok(!secrets.text.includes('right'));
    const [entry] = await next.kept.list();
    assert.equal(entry?.kept, false);
    await next.kept.forget([entry.fingerprint]);
    assert.equal(secrets.text, '');
  });

  it('that open the key no more are dropped, and the new one is asked for and offered', async () => {
    const key = await makeKey('key', 'old one');
    const first = session();
    first.answers.push('old one');
    await first.ring.unlock(ssh2, key, 'lab');
    await offers[0]?.decide('keep');
    const changed = await changePassphrase(key, 'old one', 'new one');
    assert.ok(changed);
    const next = session();
    next.answers.push('new one');
    await next.ring.unlock(ssh2, changed, 'lab');
    assert.equal(secrets.text, '');
    assert.equal(offers.length, 2);
    assert.match(logged, /does not open it any more/);
    assert.ok(!/old one|new one/.test(logged));
  });

  it('are not tried on another key at the same path', async () => {
    const key = await makeKey('key', 'of the first');
    const first = session();
    first.answers.push('of the first');
    await first.ring.unlock(ssh2, key, 'lab');
    await offers[0]?.decide('keep');
    const other = await makeKey('key', 'of the second');
    assert.equal(other.name, key.name);
    const next = session();
    next.answers.push('of the second');
    await next.ring.unlock(ssh2, other, 'lab');
    assert.ok(secrets.text.includes('of the first'), 'that key may come back');
    assert.equal(offers.length, 2);
  });

  it('are not kept where the keyring is locked: the login goes on, and keeping says why', async () => {
    const key = await makeKey('key', 'right');
    const { ring, kept, answers } = session(lockedKeyring());
    answers.push('right');
    await ring.unlock(ssh2, key, 'lab');
    assert.deepEqual(offers, []);
    assert.ok(!logged.includes('right'));
    await assert.rejects(kept.keep('SHA256:x', 'x', 'right'), (error: Error) => {
      assert.equal((error as { code?: unknown }).code, 'secret-storage');
      return !error.message.includes('right');
    });
  });

  it('that cannot be read are taken for none, and are not shown in the log', async () => {
    const window = secrets.window();
    await window.store('runctl.passphrases', '{"SHA256:x": "hunter2');
    const { kept } = session(window);
    assert.deepEqual(await kept.list(), []);
    assert.match(logged, /cannot be read/);
    assert.ok(!logged.includes('hunter2'));
  });

  it('of two windows do not wipe each other', async () => {
    const kept = new KeptPassphrases(secrets.window(), oneLock(), logger);
    await Promise.all([1, 2, 3, 4].map((n) => kept.keep(`SHA256:${n}`, `key ${n}`, `secret ${n}`)));
    assert.equal((await kept.list()).length, 4);
    await kept.drop('SHA256:1', 'another');
    await kept.drop('SHA256:2', 'secret 2');
    await kept.forget(['SHA256:3']);
    assert.deepEqual((await kept.list()).map(({ name }) => name), ['key 1', 'key 4']);
  });
});
