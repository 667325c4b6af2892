import assert from 'node:assert/strict';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Engine } from '../../../src/engine.ts';
import { plainMachine } from '../../../src/providers/ssh/ssh-machine.ts';
import { createEngineBed, digitsPlan, untilRun } from '../../support/engine.ts';
import type { EngineBed } from '../../support/engine.ts';
import { SshBed } from '../../support/ssh/ssh-bed.ts';

const LAB = plainMachine({ host: 'lab', user: null, port: null });
const YES = {
  confirmMachine: () => Promise.resolve(true),
  askHostKey: () => Promise.resolve(true),
  askPassphrase: () => Promise.resolve(undefined),
};

describe('training on a machine reached by SSH', function () {
  this.timeout(120_000);
  let bed: EngineBed;
  let machine: SshBed;

  beforeEach(async () => {
    bed = await createEngineBed();
    machine = await SshBed.create();
    await writeFile(
      join(bed.root, 'ssh_config'),
      `Host lab\n  HostName ${machine.host}\n  Port ${machine.port}\n  User ${machine.user}\n` +
        `  IdentityFile ${machine.keyFile}\n  IdentitiesOnly yes\n  IdentityAgent none\n` +
        `  UserKnownHostsFile ${join(bed.root, 'known_hosts')}\n  GlobalKnownHostsFile /dev/null\n`,
    );
  });

  afterEach(async () => {
    await bed.dispose();
    await machine.dispose();
  });

  async function start(of: EngineBed = bed): Promise<Engine> {
    return of.start(undefined, {
      named: () => Promise.resolve([LAB]),
      configPlaces: { home: of.root, userFile: join(of.root, 'ssh_config'), systemFile: '/dev/null' },
    });
  }

  it('brings the code, runs it, and brings log, metrics and checkpoints back', async () => {
    const engine = await start();
    assert.ok(engine.ssh);
    await engine.ssh.prepare('lab', YES);
    const plan = { ...digitsPlan(bed.project, '--epochs', '2'), provider: 'ssh', machine: 'lab' };
    const run = await engine.launcher.launch(plan, { secrets: {} });
    assert.ok(run.spec.directory.startsWith(join(machine.home, 'runctl', 'trees')));
    const view = await untilRun(engine, run.id, 'done', (one) => one.run.endedAt !== null);
    assert.equal(view.run.state, 'succeeded', view.run.stateReason);
    const log = await readFile(join(machine.home, '.runctl', 'runs', run.id, 'log'));
    assert.deepEqual(await readFile(run.logPath ?? ''), log);
    assert.ok(view.latest['loss']);
    assert.ok(view.checkpoints.length > 0);
  });

  it('finds runs there that another computer started, and can stop them', async () => {
    const engine = await start();
    await engine.ssh?.prepare('lab', YES);
    const plan = { ...digitsPlan(bed.project, '--epochs', '200'), provider: 'ssh', machine: 'lab' };
    const run = await engine.launcher.launch(plan, { secrets: {} });
    const elsewhere = await createEngineBed();
    try {
      await copyFile(join(bed.root, 'ssh_config'), join(elsewhere.root, 'ssh_config'));
      const other = await start(elsewhere);
      await other.ssh?.prepare('lab', YES);
      await untilRun(other, run.id, 'found', (one) => one.run.state === 'running');
      await untilRun(other, run.id, 'read', (one) => one.latest['loss'] !== undefined);
      await other.control.stop(run.id);
      const ended = await untilRun(engine, run.id, 'ended', (one) => one.run.endedAt !== null);
      assert.equal(ended.run.state, 'stopped');
    } finally {
      await elsewhere.dispose();
    }
  });
});
