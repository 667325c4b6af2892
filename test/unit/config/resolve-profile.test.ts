import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseConfig } from '../../../src/core/config/parse.ts';
import { resolveProfile } from '../../../src/core/config/resolve-profile.ts';
import type { ResolvedProfile } from '../../../src/core/config/resolve-profile.ts';
import { ConfigError, NotFoundError } from '../../../src/core/errors.ts';

async function resolved(text: string, name = 'a'): Promise<ResolvedProfile> {
  const { config, problems } = await parseConfig(text, '/w/.runctl.toml');
  assert(config, JSON.stringify(problems));
  return resolveProfile(config, name, '/work/my project', '/home/me', problems);
}

const RUN = '[runs.a]\ncommand = "train.py"\n';

describe('A resolved run profile', () => {
  it('has all the defaults and absolute paths', async () => {
    assert.deepEqual(await resolved(RUN), {
      name: 'a',
      project: 'my-project',
      provider: 'local',
      machine: 'local',
      argv: ['train.py'],
      env: {},
      secrets: [],
      directory: '/work/my project',
      checkpointDirectory: '/work/my project/checkpoints',
      checkpointGlobs: [],
      metricsPattern: null,
      resumeArgs: ['--resume', '{checkpoint}'],
      setup: [],
      setupInputs: ['requirements.txt', 'pyproject.toml', 'uv.lock', 'environment.yml'],
      setupOutputs: [],
      graceSeconds: 30,
      sharedDirectory: false,
      maxHours: null,
      idleMinutes: null,
      afterRun: 'terminate',
      holdOnFailureSeconds: 1800,
      webhook: null,
      durable: null,
      keepLast: 10,
      keepBest: null,
      cacheDirectory: null,
      device: 'auto',
      exclude: [],
    });
  });

  it('joins command and arguments without touching them', async () => {
    const { argv } = await resolved('[runs.a]\ncommand = ["sh", "-c"]\nargs = ["echo $A  b", ""]');
    assert.deepEqual(argv, ['sh', '-c', 'echo $A  b', '']);
  });

  it('starts relative paths from its own directory', async () => {
    const profile = await resolved(`${RUN}cwd = "sub"\ncheckpoint_dir = "../out"\ncache = "~/c"\nsetup_outputs = [".venv", "~/data"]`);
    assert.equal(profile.directory, '/work/my project/sub');
    assert.equal(profile.checkpointDirectory, '/work/my project/out');
    assert.equal(profile.cacheDirectory, '/home/me/c');
    assert.deepEqual(profile.setupOutputs, [`${profile.directory}/.venv`, '/home/me/data']);
  });

  it('takes the checkpoint directory from the nearest place that names one', async () => {
    const general = '[checkpoint]\ndir = "general"\n';
    const local = '[local]\ncheckpoint_dir = "local"\n';
    const remote = '[machines.m]\nhost = "h"\n[runs.b]\ncommand = "x"\nmachine = "m"\n';
    const directory = async (text: string, name = 'a'): Promise<string> =>
      (await resolved(text, name)).checkpointDirectory.replace('/work/my project/', '');
    assert.equal(await directory(general + RUN), 'general');
    assert.equal(await directory(general + local + RUN), 'local');
    assert.equal(await directory(`${general}${local}${RUN}checkpoint_dir = "own"`), 'own');
    assert.equal(await directory(general + local + remote, 'b'), 'general');
  });

  it('falls back to the limits of the whole file', async () => {
    const limits = '[costs]\nmax_hours = 5\n[checkpoint]\nkeep_last_n = 2\n';
    const rented = `${limits}${RUN}provider = "runpod"\n`;
    const profile = await resolved(rented);
    assert.deepEqual([profile.maxHours, profile.keepLast], [5, 2]);
    const own = await resolved(`${rented}max_hours = 1\nkeep_last = 7`);
    assert.deepEqual([own.maxHours, own.keepLast], [1, 7]);
  });

  it('does not end a run on a machine of one’s own by the limit for rented ones', async () => {
    const limits = '[costs]\nmax_hours = 5\n[machines.lab]\nhost = "h"\n';
    for (const place of ['', 'machine = "lab"\n']) {
      assert.equal((await resolved(`${limits}${RUN}${place}`)).maxHours, null);
      const own = await resolved(`${limits}${RUN}${place}max_hours = 1.5\nidle_minutes = 30`);
      assert.deepEqual([own.maxHours, own.idleMinutes], [1.5, 30]);
    }
  });

  const lab = '[machines.lab]\nhost = "h"\n';
  const places: [string, string, string, string | null][] = [
    ['a machine of its own', `${lab}${RUN}machine = "lab"`, 'ssh', 'lab'],
    ['the only machine', `${lab}${RUN}provider = "ssh"`, 'ssh', 'lab'],
    ['this machine by name', `${RUN}machine = "local"`, 'local', 'local'],
    ['a new machine of a provider', `${RUN}provider = "aws"`, 'aws', null],
    ['a machine of a provider', `${RUN}provider = "aws"\nmachine = "i-1"`, 'aws', 'i-1'],
  ];
  for (const [title, text, provider, machine] of places) {
    it(`runs on ${title}`, async () => {
      const profile = await resolved(text);
      assert.deepEqual([profile.provider, profile.machine], [provider, machine]);
    });
  }

  it('does not exist under a name that is only nearly right, and says which does', async () => {
    await assert.rejects(resolved('[runs.train]\ncommand = "x"', 'tran'), (error: unknown) => {
      assert(error instanceof NotFoundError);
      assert.match(error.steps.join(), /train/);
      return true;
    });
  });

  it('does not exist under names that every JavaScript object has', async () => {
    await assert.rejects(resolved(RUN, 'constructor'), NotFoundError);
  });

  it('cannot run on a machine that nobody described', async () => {
    await assert.rejects(resolved(`${lab}${RUN}machine = "lob"`), (error: unknown) => {
      assert(error instanceof NotFoundError);
      assert.deepEqual(error.nextAction?.arguments, ['/w/.runctl.toml', 5, 11]);
      return true;
    });
  });

  it('cannot run where provider and machine contradict each other', async () => {
    const text = `${lab}${RUN}provider = "local"\nmachine = "lab"`;
    await assert.rejects(resolved(text), ConfigError);
  });

  it('cannot choose between several machines', async () => {
    const text = `${lab}[machines.two]\nhost = "h"\n${RUN}provider = "ssh"`;
    await assert.rejects(resolved(text), ConfigError);
    await assert.rejects(resolved(`${RUN}provider = "ssh"`), ConfigError);
  });
});
