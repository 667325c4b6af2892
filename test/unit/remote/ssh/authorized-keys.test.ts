import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { LocalShell } from '../../../../src/remote/local-shell.ts';
import type { ExecResult } from '../../../../src/remote/remote-shell.ts';
import { removeAuthorizedKey } from '../../../../src/remote/ssh/authorized-keys.ts';

const OURS = 'ssh-ed25519 AAAAours runctl';
const OTHERS = 'ssh-rsa AAAAothers me@home\n'.repeat(200);

// Every write fails past a small size, as on a disk that is full.
class FullDisk extends LocalShell {
  override exec(argv: readonly string[]): Promise<ExecResult> {
    return super.exec(['sh', '-c', 'trap "" XFSZ; ulimit -f 1; exec "$@"', 'sh', ...argv]);
  }
}

describe('Taking a key out of authorized_keys', function () {
  let home: string;
  let file: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'runctl-keys-'));
    file = join(home, '.ssh/authorized_keys');
    await mkdir(join(home, '.ssh'));
    await writeFile(file, `${OTHERS}${OURS}\n`);
  });

  afterEach(() => rm(home, { recursive: true, force: true }));

  async function left(): Promise<readonly string[]> {
    return readdir(join(home, '.ssh'));
  }

  it('leaves the others, and nothing beside', async () => {
    const shell = new LocalShell({ ...process.env, HOME: home });
    assert.deepEqual(await removeAuthorizedKey(shell, OURS), { removed: 1, isLeft: false });
    assert.equal(await readFile(file, 'utf8'), OTHERS);
    assert.deepEqual(await left(), ['authorized_keys']);
  });

  it('leaves nothing beside on a disk that fills while it copies', async () => {
    const shell = new FullDisk({ ...process.env, HOME: home });
    await assert.rejects(removeAuthorizedKey(shell, OURS), { code: 'authorized-keys' });
    assert.equal(await readFile(file, 'utf8'), `${OTHERS}${OURS}\n`);
    assert.deepEqual(await left(), ['authorized_keys']);
  });

  it('leaves nothing beside on a disk that fills while it writes', async () => {
    const programs = join(home, 'bin');
    await mkdir(programs);
    await writeFile(join(programs, 'cp'), '#!/bin/sh\n: >"$3"\n');
    await chmod(join(programs, 'cp'), 0o755);
    const path = `${programs}:${process.env['PATH'] ?? ''}`;
    const shell = new FullDisk({ ...process.env, HOME: home, PATH: path });
    await assert.rejects(removeAuthorizedKey(shell, OURS), { code: 'authorized-keys' });
    assert.equal(await readFile(file, 'utf8'), `${OTHERS}${OURS}\n`);
    assert.deepEqual(await left(), ['authorized_keys']);
  });
});
