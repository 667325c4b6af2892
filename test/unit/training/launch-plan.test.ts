import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { ResolvedProfile } from '../../../src/core/config/resolve-profile.ts';
import type { RunId } from '../../../src/core/ids.ts';
import { planAgain, planProfile, planResume, planScript, runEnvironment } from '../../../src/training/launch-plan.ts';
import { sampleRun, sampleSpec } from '../../support/samples.ts';

const CHECKPOINT = { path: '/work/project/checkpoints/step-400.ckpt', step: 400 };

const PROFILE: ResolvedProfile = {
  name: 'baseline',
  project: 'digits',
  provider: 'local',
  machine: 'local',
  argv: ['train.py', '--lr', '0.1'],
  env: { LR: '0.1', RUNCTL_DEVICE: 'mine' },
  secrets: ['HF_TOKEN'],
  directory: '/work/project',
  checkpointDirectory: '/data/checkpoints',
  checkpointGlobs: ['*.pt'],
  metricsPattern: null,
  resumeArgs: ['--from={checkpoint}'],
  setup: ['pip', 'install', '.'],
  setupInputs: ['pyproject.toml'],
  setupOutputs: ['/work/.venv'],
  graceSeconds: 60,
  sharedDirectory: true,
  maxHours: null,
  idleMinutes: null,
  afterRun: 'keep',
  holdOnFailureSeconds: 0,
  webhook: null,
  durable: null,
  keepLast: 3,
  keepBest: { metric: 'loss', mode: 'min' },
  cacheDirectory: '/cache',
  device: 'cuda:0',
  exclude: ['*.tmp'],
};

describe('the plan of a script', () => {
  it('takes its name from the file and its paths from the directory', () => {
    const plan = planScript({
      script: '/work/project/train.py',
      directory: '/work/project',
      workspaceFolder: '/work',
      argv: ['python3', 'train.py'],
      checkpointDirectory: 'out/checkpoints',
      device: 'auto',
      exclude: [],
      provider: 'local',
      machine: 'local',
    });
    assert.deepEqual([plan.name, plan.profile, plan.resumedFrom], ['train.py', null, null]);
    assert.equal(plan.spec.checkpointDirectory, '/work/project/out/checkpoints');
    assert.equal(plan.spec.env['RUNCTL_CHECKPOINT_DIR'], '/work/project/out/checkpoints');
    assert.equal(plan.spec.sharedDirectory, false, 'no second run in the directory unless asked');
  });
});

describe('the plan of a profile', () => {
  const plan = planProfile(PROFILE, {
    provider: 'local',
    machine: 'local',
    workspaceFolder: '/work/project',
    python: { uv: null, interpreter: '/venv/bin/python', fallback: 'python3' },
    setupKey: 'abc',
  });

  it('carries everything the profile decides', () => {
    assert.deepEqual(plan.spec.argv, ['/venv/bin/python', 'train.py', '--lr', '0.1']);
    assert.deepEqual(
      [plan.spec.graceSeconds, plan.spec.sharedDirectory, plan.spec.setup, plan.spec.setupKey, plan.spec.setupOutputs],
      [60, true, ['pip', 'install', '.'], 'abc', ['/work/.venv']],
    );
    assert.deepEqual([plan.spec.best, plan.spec.checkpointGlobs], [PROFILE.keepBest, ['*.pt']]);
  });

  it('ends a run on a machine of one’s own when the profile says so, and leaves rented ones alone', () => {
    const timed = { ...PROFILE, maxHours: 1.5, idleMinutes: 0.5 };
    const python = { uv: null, interpreter: null, fallback: 'python3' };
    const place = { machine: 'm', workspaceFolder: '/w', python, setupKey: null };
    const times = (profile: ResolvedProfile, provider: string): (number | null)[] => {
      const { spec } = planProfile(profile, { ...place, provider });
      return [spec.leaseSeconds, spec.idleSeconds];
    };
    for (const provider of ['local', 'ssh']) {
      assert.deepEqual(times(timed, provider), [5400, 30]);
      assert.deepEqual(times(PROFILE, provider), [null, null]);
    }
    assert.deepEqual(times(timed, 'runpod'), [null, null]);
  });

  it('holds the names of secrets and none of their values', () => {
    assert.deepEqual(plan.spec.secrets, ['HF_TOKEN']);
    assert.ok(!('HF_TOKEN' in plan.spec.env));
  });
});

describe('the environment of a run', () => {
  it('lets the profile choose its caches, but not where checkpoints go', () => {
    const own = { HF_HOME: '/mine', RUNCTL_CHECKPOINT_DIR: '/elsewhere' };
    const env = runEnvironment(own, '/data', 'cpu', '/cache');
    assert.equal(env['HF_HOME'], '/mine');
    assert.equal(env['TORCH_HOME'], '/cache/torch');
    assert.deepEqual([env['RUNCTL_CHECKPOINT_DIR'], env['RUNCTL_DEVICE']], ['/data', 'cpu']);
  });

  it('sets no cache when none is configured', () => {
    assert.deepEqual(Object.keys(runEnvironment({}, '/data', 'auto', null)).sort(), [
      'RUNCTL_CHECKPOINT_DIR',
      'RUNCTL_DEVICE',
    ]);
  });
});

describe('the plan of running again', () => {
  it('is the same command in the same place, from where the run began', () => {
    const resumedFrom = { runId: 'r0aaaaaaaa-0000000000' as RunId, checkpointPath: '/c/3.pt', step: 3 };
    const spec = sampleSpec({ setup: ['make'], setupKey: 'ab' });
    const run = sampleRun({ state: 'failed', resumedFrom, spec });
    const plan = planAgain(run);
    assert.deepEqual(plan.spec, { ...spec, setupKey: null });
    assert.deepEqual(plan.resumedFrom, resumedFrom);
    assert.deepEqual([plan.name, plan.provider, plan.machine], [run.name, run.provider, run.machine]);
  });
});

describe('the plan of a resume', () => {
  const run = sampleRun({ spec: sampleSpec({ env: { A: '1' }, secrets: ['HF_TOKEN'] }) });

  it('is the same command in the same place, and where it goes on from', () => {
    const plan = planResume(run, CHECKPOINT);
    assert.deepEqual(plan.spec.argv, [...run.spec.argv, '--resume', CHECKPOINT.path]);
    assert.deepEqual(plan.spec.env, { A: '1', RUNCTL_RESUME_FROM: CHECKPOINT.path });
    assert.deepEqual([plan.spec.directory, plan.spec.secrets], [run.spec.directory, ['HF_TOKEN']]);
    const origin = { runId: run.id, checkpointPath: CHECKPOINT.path, step: 400 };
    assert.deepEqual(plan.resumedFrom, origin);
  });

  it('of a resumed run goes on from the newer checkpoint alone', () => {
    const first = planResume(run, CHECKPOINT);
    const newer = { path: '/work/project/checkpoints/step-900.ckpt', step: 900 };
    const second = planResume({ ...run, spec: first.spec }, newer);
    assert.deepEqual(second.spec.argv, [...run.spec.argv, '--resume', newer.path]);
    assert.equal(second.spec.env['RUNCTL_RESUME_FROM'], newer.path);
  });
});
