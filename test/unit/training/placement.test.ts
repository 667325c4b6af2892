import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { CodePlace } from '../../../src/core/model/run.ts';
import { keptFolders, placeSpec } from '../../../src/training/placement.ts';
import { sampleSpec } from '../../support/samples.ts';

const SOURCE = '/work/project';
const PLACE: CodePlace = {
  source: SOURCE,
  tree: '/home/u/runctl/trees/k/a',
  keep: '/home/u/runctl/trees/k/keep',
  kept: ['checkpoints'],
  exclude: [],
  manifest: 'm1',
};

const PLANNED = sampleSpec({
  argv: ['python3', `${SOURCE}/src/train.py`, '--data', '/data/set', '--name=/work/project/x'],
  env: {
    RUNCTL_CHECKPOINT_DIR: `${SOURCE}/checkpoints`,
    HF_HOME: `${SOURCE}/.cache/huggingface`,
    MINE: `${SOURCE}/config`,
  },
  setup: [`${SOURCE}/setup.sh`],
  setupKey: 'ab',
  setupOutputs: [`${SOURCE}/.venv`, '/data/tokens'],
  directory: `${SOURCE}/src`,
});

describe('placing a run on a machine', () => {
  it('moves what is inside the workspace folder, and nothing else', () => {
    const spec = placeSpec(PLANNED, PLACE);
    assert.deepEqual(spec.argv, [
      'python3',
      `${PLACE.tree}/src/train.py`,
      '--data',
      '/data/set',
      '--name=/work/project/x',
    ]);
    assert.equal(spec.directory, `${PLACE.tree}/src`);
    assert.deepEqual(spec.setup, [`${PLACE.tree}/setup.sh`]);
    assert.deepEqual(spec.setupOutputs, [`${PLACE.tree}/.venv`, '/data/tokens']);
    assert.equal(spec.place, PLACE);
  });

  it('keeps checkpoints and caches outside of any one tree', () => {
    const spec = placeSpec(PLANNED, PLACE);
    assert.equal(spec.checkpointDirectory, `${PLACE.keep}/checkpoints`);
    assert.equal(spec.env['RUNCTL_CHECKPOINT_DIR'], `${PLACE.keep}/checkpoints`);
    assert.equal(spec.env['HF_HOME'], `${PLACE.keep}/.cache/huggingface`);
    // A variable of the user's own is never rewritten by guess.
    assert.equal(spec.env['MINE'], `${SOURCE}/config`);
  });

  it('leaves a path alone that only begins like the folder, or climbs out of it', () => {
    const argv = ['/work/project-2/train.py', '/work/project/../other/train.py', 'train.py'];
    assert.deepEqual(placeSpec(sampleSpec({ argv }), PLACE).argv, argv);
  });

  it('moves a placed run on into another tree, its checkpoints staying where they are', () => {
    const first = placeSpec(PLANNED, PLACE);
    const argv = [...first.argv, '--resume', `${PLACE.keep}/checkpoints/step-4.json`];
    const next = { ...PLACE, tree: '/home/u/runctl/trees/k/b' };
    const second = placeSpec({ ...first, argv }, next);
    assert.equal(second.directory, `${next.tree}/src`);
    assert.equal(second.argv[1], `${next.tree}/src/train.py`);
    assert.equal(second.argv.at(-1), `${PLACE.keep}/checkpoints/step-4.json`);
    assert.equal(second.checkpointDirectory, first.checkpointDirectory);
    assert.deepEqual(second.env, first.env);
  });

  it('runs a set-up step again in another tree, and not in the same one', () => {
    const key = placeSpec(PLANNED, PLACE).setupKey;
    assert.equal(placeSpec(PLANNED, PLACE).setupKey, key);
    assert.notEqual(placeSpec(PLANNED, { ...PLACE, tree: '/other' }).setupKey, key);
    assert.equal(placeSpec(sampleSpec({ setupKey: null }), PLACE).setupKey, null);
  });
});

describe('folders kept for runs', () => {
  it('are those of checkpoints and caches inside the folder, the outermost alone', () => {
    const env = {
      HF_HOME: `${SOURCE}/out/cache/huggingface`,
      TORCH_HOME: '/data/torch',
      MINE: `${SOURCE}/mine`,
    };
    const spec = sampleSpec({ checkpointDirectory: `${SOURCE}/out`, env });
    assert.deepEqual(keptFolders(spec, SOURCE), ['out']);
  });

  it('are never the workspace folder itself', () => {
    assert.deepEqual(keptFolders(sampleSpec({ checkpointDirectory: SOURCE }), SOURCE), []);
  });

  it('are remembered by a placed run', () => {
    assert.deepEqual(keptFolders(placeSpec(PLANNED, PLACE), '/elsewhere'), ['checkpoints']);
  });
});
