import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { removeKeyFile, writeKeyFile } from '../../../../src/remote/ssh/private-file.ts';

describe('A private key on disk', () => {
  let base: string;
  let file: string;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'runctl-key-file-'));
    file = join(base, 'ssh', 'runctl-key');
  });
  afterEach(() => rm(base, { recursive: true }));

  it('is there for its owner alone, whatever the mask, and replaced whole', async () => {
    const mask = process.umask(0);
    try {
      await writeKeyFile(file, 'first');
    } finally {
      process.umask(mask);
    }
    await writeKeyFile(file, 'second');
    assert.equal(await readFile(file, 'utf8'), 'second');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(join(base, 'ssh'))).mode & 0o777, 0o700);
    assert.deepEqual(await readdir(join(base, 'ssh')), ['runctl-key']);
    assert.equal(await removeKeyFile(file), true);
    assert.equal(await removeKeyFile(file), false);
  });

  const places: Readonly<Record<string, () => Promise<void>>> = {
    'a link in its place': async () => {
      await mkdir(join(base, 'ssh'), { mode: 0o700 });
      await writeFile(join(base, 'elsewhere'), 'of somebody', { mode: 0o600 });
      await symlink(join(base, 'elsewhere'), file);
    },
    'a link to nowhere': async () => {
      await mkdir(join(base, 'ssh'), { mode: 0o700 });
      await symlink(join(base, 'elsewhere'), file);
    },
    'a link for its directory': async () => {
      await mkdir(join(base, 'elsewhere'), { mode: 0o700 });
      await symlink(join(base, 'elsewhere'), join(base, 'ssh'));
    },
    'a directory that the group may write to': async () => {
      await mkdir(join(base, 'ssh'));
      await chmod(join(base, 'ssh'), 0o770);
    },
    'a file that the group may write to': async () => {
      await mkdir(join(base, 'ssh'), { mode: 0o700 });
      await writeFile(file, 'old');
      await chmod(file, 0o660);
    },
    'a directory of its name': async () => {
      await mkdir(file, { recursive: true, mode: 0o700 });
    },
  };
  for (const [what, make] of Object.entries(places)) {
    it(`is not written over ${what}`, async () => {
      await make();
      await assert.rejects(writeKeyFile(file, 'PRIVATE'), { code: 'key-file-unsafe' });
      for (const path of await readdir(base, { recursive: true, withFileTypes: true })) {
        if (path.isFile()) {
          assert.ok(!(await readFile(join(path.parentPath, path.name), 'utf8')).includes('PRIVATE'));
        }
      }
    });
  }
});
