import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { loadConfig } from '../../../src/core/config/load.ts';
import { namedMachines } from '../../../src/providers/ssh/named-machines.ts';
import type { SshMachine } from '../../../src/providers/ssh/ssh-machine.ts';

describe('machines that a configuration names', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runctl-named-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  async function named(workspace: string, user = ''): Promise<readonly SshMachine[]> {
    const userFile = join(folder, 'user.toml');
    await writeFile(join(folder, '.runctl.toml'), workspace);
    await writeFile(userFile, user);
    return namedMachines(await loadConfig(folder, userFile));
  }

  it('leave to the SSH configuration what nobody wrote', async () => {
    const [lab] = await named('[machines.lab]\nhost = "lab"\n');
    assert.deepEqual(lab, {
      id: 'lab',
      name: 'lab',
      target: { host: 'lab', user: null, port: null },
      directory: '~/runctl',
      rate: null,
      connectTimeoutSeconds: null,
      keepaliveSeconds: null,
      namedIn: join(folder, '.runctl.toml'),
    });
  });

  it('take from [ssh] what was written there, and their own values first', async () => {
    const machines = await named(
      '[ssh]\nuser = "me"\nport = 2200\nkeepalive = "1m"\n' +
        '[machines.a]\nhost = "a"\nprice_per_hour = 1.5\n' +
        '[machines.b]\nhost = "b"\nuser = "you"\nport = 22\ndirectory = "/data/runctl"\n',
    );
    assert.deepEqual(machines.map(({ id }) => id), ['me@a:2200', 'you@b:22']);
    assert.deepEqual(machines.map(({ rate }) => rate), [1_500_000, null]);
    assert.deepEqual(machines.map(({ keepaliveSeconds }) => keepaliveSeconds), [60, 60]);
    assert.equal(machines[1]?.directory, '/data/runctl');
  });

  it('tell those of the workspace from those of the person, whose use needs no question', async () => {
    const machines = await named(
      '[machines.theirs]\nhost = "x"\n',
      '[machines.mine]\nhost = "y"\n',
    );
    const origin = machines.map(({ name, namedIn }) => [name, namedIn !== null]);
    assert.deepEqual(new Map(origin as [string, boolean][]), new Map([['mine', false], ['theirs', true]]));
  });

  it('are none while the file has a mistake', async () => {
    assert.deepEqual(await named('[machines.lab]\nhost = "-oProxyCommand=x"\n'), []);
  });
});
