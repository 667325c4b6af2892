import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Run } from '../../../src/core/model/run.ts';
import type { Engine } from '../../../src/engine.ts';
import type { RunView } from '../../../src/resources/account-snapshot.ts';
import { commandLine } from '../../../src/training/command-line.ts';
import type { LaunchPlan } from '../../../src/training/launch-plan.ts';
import { remotePython } from '../../../src/training/remote-dependencies.ts';
import { setupKey } from '../../../src/training/setup-key.ts';
import { PYTHON } from '../../support/agent.ts';
import { untilRun } from '../../support/engine.ts';
import { EngineLab, LAB } from '../../support/ssh/engine-lab.ts';
import { FAKE_UV, makeProgram, makeWheel } from '../../support/ssh/wheels.ts';

const HEADER = '# /// script\n# dependencies = ["tiny"]\n# ///\n';
const PROJECT = '[project]\nname = "x"\nversion = "1"\n';

describe('packages on a machine reached by SSH', function () {
  this.timeout(180_000);
  let lab: EngineLab;
  let engine: Engine;
  let wheels: string;
  let bin: string;

  beforeEach(async () => {
    lab = await EngineLab.create();
    wheels = join(lab.machine.base, 'wheels');
    bin = join(lab.machine.base, 'bin');
    // Nothing of these tests leaves the machine.
    await makeProgram(bin, 'curl', 'echo "curl: no network" >&2; exit 6');
    await makeProgram(bin, 'wget', 'echo "wget: no network" >&2; exit 4');
    await makeWheel(wheels, 'tiny', { module: 'SIZE = 1\n' });
    await lab.machine.setPath(`${bin}:/usr/local/bin:/usr/bin:/bin`);
    engine = await lab.startPrepared();
  });

  afterEach(() => lab.dispose());

  const tools = (): string => join(lab.machine.home, '.runctl', 'tools', 'uv');
  const uvCalls = (): Promise<string> => readFile(join(lab.machine.home, 'uv-calls'), 'utf8');

  async function plan(): Promise<LaunchPlan> {
    const command = ['train.py'];
    const { probe } = await engine.registry.get('ssh').connect(LAB);
    assert.ok(probe);
    const directory = lab.source;
    // As on a machine without it, whatever this one has.
    const python = await remotePython({ command, source: directory, directory, setup: [] }, { ...probe, uv: null });
    const planned = lab.plan(...commandLine(command, python.python));
    const { setup, setupOutputs } = python;
    const pip = { PIP_CONFIG_FILE: '/dev/null', PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels, PIP_NO_CACHE_DIR: '1' };
    return {
      ...planned,
      spec: {
        ...planned.spec,
        setup,
        setupOutputs,
        setupKey: await setupKey(setup, directory, python.setupInputs),
        env: { ...planned.spec.env, ...python.env, ...pip },
      },
    };
  }

  async function train(): Promise<RunView & { readonly log: string }> {
    return ended(await engine.launcher.launch(await plan(), { secrets: {} }));
  }

  async function ended(run: Run): Promise<RunView & { readonly log: string }> {
    const view = await untilRun(engine, run.id, 'done', (one) => one.run.endedAt !== null, 90_000);
    return { ...view, log: (await lab.logHere(view.run)).toString() };
  }

  it('come by a uv that the set-up step installs in our own folder, once', async () => {
    await makeWheel(wheels, 'uv', { program: FAKE_UV });
    await lab.write('train.py', `${HEADER}print("trained")\n`);
    const first = await train();
    assert.equal(first.run.state, 'succeeded', first.log);
    assert.match(first.log, /no uv on this machine: installing it into .*\/\.runctl\/tools\/uv\n[^]*Successfully installed uv-1\.0\n[^]*uv 9\.9\.9 \(fake\)\ntrained\n$/);
    assert.match(await uvCalls(), /^run train\.py$/m);
    assert.deepEqual([await readdir(tools()), await readdir(join(tools(), 'bin'))], [['bin'], ['uv']]);
    assert.deepEqual((await readdir(lab.machine.home)).sort(), ['.runctl', 'runctl', 'uv-calls']);
    assert.equal((await train()).log, 'trained\n');
    await rm(tools(), { recursive: true });
    assert.match((await train()).log, /installing it into/);
  });

  it('come to two runs at once although neither finds a uv', async () => {
    await makeWheel(wheels, 'uv', { program: FAKE_UV });
    await lab.write('train.py', `${HEADER}print("trained")\n`);
    const gate = join(lab.machine.home, 'go');
    await makeProgram(bin, 'python3', `echo waiting; until [ -e '${gate}' ]; do sleep 0.05; done; exec '${PYTHON}' "$@"`);
    const runs = [];
    for (let count = 0; count < 2; count += 1) {
      const run = await engine.launcher.launch(await plan(), { secrets: {} });
      await lab.untilLogged(run.id, 'it has begun to install uv', (log) => log.includes('waiting'));
      runs.push(run);
    }
    await writeFile(gate, '');
    for (const run of runs) {
      const view = await ended(run);
      assert.equal(view.run.state, 'succeeded', view.log);
      assert.match(view.log, /Successfully installed uv/);
    }
    assert.deepEqual(await readdir(tools()), ['bin']);
  });

  it('come by the official installer, kept out of everything else, where pip brings no uv', async () => {
    await makeProgram(bin, 'curl', `while [ "$1" != -o ]; do shift; done; cp '${bin}/installer' "$2"`);
    const env = 'env | grep -E "^(UV|INSTALLER)_" | sort';
    await makeProgram(bin, 'installer', `${env}; mkdir -p "$UV_UNMANAGED_INSTALL"; cp '${bin}/fake-uv' "$UV_UNMANAGED_INSTALL/uv"`);
    await makeProgram(bin, 'fake-uv', FAKE_UV);
    await lab.write('train.py', `${HEADER}print("trained")\n`);
    const { run, log } = await train();
    assert.equal(run.state, 'succeeded', log);
    assert.match(log, /INSTALLER_NO_MODIFY_PATH=1\n[^]*UV_NO_MODIFY_PATH=1\n[^]*UV_UNMANAGED_INSTALL=.*\/\.runctl\/tools\/uv\/new-/);
    assert.deepEqual(await readdir(tools()), ['bin']);
  });

  it('do not come where there is no way to get uv: the run fails, and the log says what was tried', async () => {
    await lab.write('train.py', `${HEADER}print("trained")\n`);
    const { run, log } = await train();
    assert.equal(run.state, 'failed');
    assert.doesNotMatch(log, /^trained/m);
    assert.match(log, /curl: no network/);
    for (const line of [/venv, pip install uv: pip failed/, /pip install --target: pip failed/, /curl https:\S+: the download failed/, /wget https:\S+: the download failed/, /This needs uv/, /Install uv there/, /runctl: setup-failed\n$/]) {
      assert.match(log, line);
    }
    assert.deepEqual(await readdir(tools()), ['bin']);
    assert.deepEqual(await readdir(join(tools(), 'bin')), []);
  });

  it('come by pip, again when an included file has changed or the environment is gone', async () => {
    await lab.write('requirements.txt', '-r more.txt\n');
    await lab.write('more.txt', 'tiny\n');
    await lab.write('train.py', 'import sys, tiny\nprint(tiny.SIZE, sys.prefix)\n');
    const first = await train();
    assert.equal(first.run.state, 'succeeded', first.log);
    const venv = join(first.run.spec.directory, '.runctl-venv');
    assert.match(first.log, new RegExp(`Successfully installed tiny-1\\.0\\n[^]*1 ${venv}\n$`));
    assert.equal((await train()).log, `1 ${venv}\n`);
    await lab.write('more.txt', 'tiny==1.0\n');
    assert.match((await train()).log, /already satisfied: tiny==1\.0/);
    await rm(venv, { recursive: true });
    assert.match((await train()).log, /Successfully installed tiny/);
    assert.equal(existsSync(tools()), false, 'uv only where it is needed');
  });

  it('come by pip from the requirements of a project of uv, when there is no uv', async () => {
    await lab.write('pyproject.toml', PROJECT);
    await lab.write('uv.lock', 'version = 1\n');
    await lab.write('requirements.txt', 'tiny\n');
    await lab.write('train.py', 'import tiny\nprint(tiny.SIZE)\n');
    const { run, log } = await train();
    assert.equal(run.state, 'succeeded', log);
    assert.match(log, /going on without uv: pip installs .*requirements\.txt; locks and settings of uv do not count\n/);
    assert.match(log, /Successfully installed tiny-1\.0[^]*\n1\n$/);
  });

  it('come by uv to such a project where it can be had', async () => {
    await makeWheel(wheels, 'uv', { program: FAKE_UV });
    await lab.write('pyproject.toml', PROJECT);
    await lab.write('uv.lock', 'version = 1\n');
    await lab.write('requirements.txt', 'tiny\n');
    await lab.write('train.py', 'print("trained")\n');
    const { run, log } = await train();
    assert.equal(run.state, 'succeeded', log);
    assert.match(await uvCalls(), new RegExp(`^sync --project ${run.spec.directory}$`, 'm'));
  });

  it('come by uv where python3 makes no environment', async () => {
    await makeProgram(bin, 'python3', `case "$1 $2" in "-m venv") echo "No module named venv" >&2; exit 1 ;; esac; exec '${PYTHON}' "$@"`);
    await makeWheel(wheels, 'uv', { program: FAKE_UV });
    await lab.write('requirements.txt', 'tiny\n');
    await lab.write('train.py', 'print("trained")\n');
    const { run, log } = await train();
    assert.equal(run.state, 'succeeded', log);
    assert.match(log, /No module named venv[^]*uv makes it[^]*uv 9\.9\.9[^]*uv installs: pip install --python .*\/\.runctl-venv\/bin\/python -r .*requirements\.txt\ntrained\n$/);
  });

  it('are those of python3 of the machine when pip can bring none, and it has all', async () => {
    const pip = 'case "$*" in *--version*) exit 0 ;; *install*) [ -n "${SYSTEM:-}" ] && [ -n "${PIP_NO_INDEX:-}" ]; exit ;; esac; exec';
    const made = `for at; do :; done; mkdir -p "$at/bin"; { echo '#!/bin/sh'; case "$*" in *--system-site-packages*) echo SYSTEM=1 ;; esac; cat '${bin}/pip-part'; echo ' ${PYTHON} "$@"'; } >"$at/bin/python"; chmod +x "$at/bin/python"`;
    await writeFile(join(bin, 'pip-part'), pip);
    await makeProgram(bin, 'python3', `case "$1 $2" in "-m venv") ${made}; exit ;; esac; exec '${PYTHON}' "$@"`);
    await lab.write('requirements.txt', 'torch\n');
    await lab.write('train.py', 'print("trained")\n');
    const { run, log } = await train();
    assert.equal(run.state, 'succeeded', log);
    assert.match(log, /pip failed: looking whether python3 of this machine has all of it\nrunctl: it has: [^]*\ntrained\n$/);
  });

  it('fail the run when pip cannot bring them, and are tried again', async () => {
    await lab.write('requirements.txt', 'tiny\nmissing-one\n');
    await lab.write('train.py', 'print("trained")\n');
    const failed = await train();
    assert.equal(failed.run.state, 'failed');
    assert.match(failed.log, /No matching distribution found for missing-one/);
    await makeWheel(wheels, 'missing_one', { module: '' });
    const { run, log } = await train();
    assert.equal(run.state, 'succeeded', log);
    assert.match(log, /Successfully installed .*trained\n$/s);
  });
});
