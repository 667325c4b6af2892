import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { MachineError } from '../../../src/core/errors.ts';
import { LocalShell } from '../../../src/remote/local-shell.ts';
import { probeMachine } from '../../../src/remote/machine-probe.ts';

describe('looking at a machine', () => {
  let home: string;
  let bin: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'runctl probe '));
    bin = join(home, 'bin');
    await mkdir(bin);
    await symlink('/bin/sh', join(bin, 'sh'));
    await tool(join(bin, 'uname'), 'echo Plan9');
  });

  afterEach(async () => {
    await rm(home, { recursive: true });
  });

  const machine = (HOME = home): LocalShell => new LocalShell({ PATH: bin, HOME });

  it('finds the home directory, and says when there is no Python and no uv', async () => {
    const found = await probeMachine(machine());
    assert.deepEqual(found, { home, os: 'Plan9', time: null, uv: null, python: null });
  });

  it('finds uv where it puts itself, although no profile was read', async () => {
    await mkdir(join(home, '.local', 'bin'), { recursive: true });
    await tool(join(home, '.local', 'bin', 'uv'), 'exit 0');
    await tool(join(bin, 'python3'), 'exit 0');
    const { uv, python } = await probeMachine(machine());
    assert.equal(uv, join(home, '.local', 'bin', 'uv'));
    assert.equal(python, join(bin, 'python3'));
  });

  it('refuses a user without a home directory', async () => {
    await assert.rejects(
      probeMachine(machine('')),
      (error) => error instanceof MachineError && error.code === 'no-posix-shell',
    );
  });
});

async function tool(path: string, body: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
}
