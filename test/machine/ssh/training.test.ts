import assert from 'node:assert/strict';
import { appendFile, copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { ExistsError } from '../../../src/core/errors.ts';
import type { Engine } from '../../../src/engine.ts';
import { plainMachine } from '../../../src/providers/ssh/ssh-machine.ts';
import type { SshMachine } from '../../../src/providers/ssh/ssh-machine.ts';
import { createEngineBed, digitsPlan, untilRun } from '../../support/engine.ts';
import type { EngineBed } from '../../support/engine.ts';
import { SshBed } from '../../support/ssh/ssh-bed.ts';

const LAB = plainMachine({ host: 'lab', user: null, port: null });
const YES = {
  confirmMachine: () => Promise.resolve(true),
  askHostKey: () => Promise.resolve(true),
  askPassphrase: () => Promise.resolve(undefined),
  offerToKeep: () => undefined,
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

  async function start(
    of: EngineBed = bed,
    named = (): Promise<readonly SshMachine[]> => Promise.resolve([LAB]),
  ): Promise<Engine> {
    return of.start(undefined, {
      named,
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
    const [checkpoint] = view.checkpoints;
    assert.ok(checkpoint);
    const { fetcher } = await engine.registry.get('ssh').connect('lab');
    const destination = join(bed.root, 'downloaded');
    await fetcher?.fetch({ source: checkpoint.path, destination, replace: false });
    assert.deepEqual(await readFile(destination), await readFile(checkpoint.path));
    await assert.rejects(async () => fetcher?.fetch({ source: checkpoint.path, destination, replace: false }), ExistsError);
  });

  it('goes on from a checkpoint there, at its very step, with the code as it is now', async () => {
    const engine = await start();
    await engine.ssh?.prepare('lab', YES);
    const plan = { ...digitsPlan(bed.project, '--epochs', '200'), provider: 'ssh', machine: 'lab' };
    const run = await engine.launcher.launch(plan, { secrets: {} });
    await untilRun(engine, run.id, 'with a checkpoint', (one) => one.checkpoints.some(({ complete }) => complete));
    await engine.control.stop(run.id);
    const stopped = await untilRun(engine, run.id, 'stopped', (one) => one.run.endedAt !== null);
    await appendFile(join(bed.project, 'train.py'), '\n# changed since\n');
    const next = await engine.launcher.launch(await engine.launcher.planResume(stopped), { secrets: {} });
    const step = next.resumedFrom?.step ?? 0;
    const view = await untilRun(engine, next.id, 'going on', (one) => one.latest['loss'] !== undefined);
    assert.ok(step > 0);
    const log = await readFile(view.run.logPath ?? '', 'utf8');
    const first = Number(/^.*loss.*$/m.exec(log)?.[0].match(/step[=" :]+(\d+)/)?.[1]);
    assert.equal(first > step && first <= step + 100, true, `${first} after ${step}`);
    assert.match(await readFile(join(next.spec.directory, 'train.py'), 'utf8'), /# changed since/);
    await engine.control.stop(next.id, 0);
    await untilRun(engine, next.id, 'ended', (one) => one.run.endedAt !== null);
  });

  it('finds runs there that another computer started, and can stop them after a yes', async () => {
    const engine = await start();
    await engine.ssh?.prepare('lab', YES);
    const plan = { ...digitsPlan(bed.project, '--epochs', '200'), provider: 'ssh', machine: 'lab' };
    const run = await engine.launcher.launch(plan, { secrets: {} });
    const elsewhere = await createEngineBed();
    elsewhere.agree = () => Promise.resolve(true);
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

  it('keeps its one connection although a file names another directory by now', async () => {
    let named = LAB;
    const engine = await start(bed, () => Promise.resolve([named]));
    const { shell } = (await engine.ssh?.prepare('lab', YES)) ?? assert.fail();
    named = { ...LAB, name: 'renamed', directory: '~/elsewhere' };
    const listing = await engine.ssh?.list(AbortSignal.timeout(20_000));
    assert.deepEqual(listing?.machines.map(({ name, problem }) => [name, problem]), [['renamed', null]]);
    assert.equal((await engine.registry.get('ssh').connect('lab')).shell, shell);
    assert.equal(shell.connection.state, 'connected');
  });

  it('takes over a directory agreed to in another window, and breaks nothing that is under way', async () => {
    let named = LAB;
    const engine = await start();
    const { shell } = (await engine.ssh?.prepare('lab', YES)) ?? assert.fail();
    const underWay = await shell.start(['sh', '-c', 'read line && echo "$line"']);
    const said = collect(underWay.stdout);
    const other = await start(bed, () => Promise.resolve([named]));
    named = { ...LAB, directory: '~/elsewhere', keepaliveSeconds: 60 };
    await other.ssh?.prepare('lab', YES);
    await engine.ssh?.list(AbortSignal.timeout(20_000));
    const plan = { ...digitsPlan(bed.project, '--epochs', '1'), provider: 'ssh', machine: 'lab' };
    const run = await engine.launcher.launch(plan, { secrets: {} });
    assert.ok(run.spec.directory.startsWith(join(machine.home, 'elsewhere', 'trees')), run.spec.directory);
    underWay.stdin.end('still here\n');
    assert.equal((await said).trim(), 'still here');
    assert.equal((await engine.registry.get('ssh').connect('lab')).shell, shell);
    await untilRun(engine, run.id, 'done', (one) => one.run.endedAt !== null);
  });
});

async function collect(stream: AsyncIterable<Buffer | string>): Promise<string> {
  let text = '';
  for await (const piece of stream) text += piece.toString();
  return text;
}
