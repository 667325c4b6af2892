import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { MachineProbe } from '../../../src/remote/machine-probe.ts';
import { commandLine } from '../../../src/training/command-line.ts';
import { remotePython, scriptPackages } from '../../../src/training/remote-dependencies.ts';
import type { RemotePython } from '../../../src/training/remote-dependencies.ts';

const UV = { uv: '/home/u/.local/bin/uv', python: '/usr/bin/python3' };
const PIP = { uv: null, python: '/usr/bin/python3' };
const HEADER = '#!/usr/bin/env python3\n# /// script\n# requires-python = ">=3.10"\n# dependencies = [\n#   "torch>=2",\n#   "rich",\n# ]\n# ///\nimport torch\n';

describe('what a script needs on another machine', () => {
  let source: string;

  beforeEach(async () => {
    source = await mkdtemp(join(tmpdir(), 'runctl-needs-'));
    await mkdir(join(source, 'src'));
    await writeFile(join(source, 'src', 'train.py'), 'print(1)\n');
  });

  afterEach(() => rm(source, { recursive: true }));

  const ask = (probe: Pick<MachineProbe, 'uv' | 'python'> = UV, setup: readonly string[] = [], script = 'train.py'): Promise<RemotePython> =>
    remotePython({ command: [script], source, directory: join(source, 'src'), setup }, probe);

  it('is nothing when nothing is said', async () => {
    assert.deepEqual(await ask(PIP), {
      python: { uv: null, interpreter: null, fallback: 'python3' },
      setup: [],
      setupInputs: [],
    });
    assert.deepEqual((await ask()).setup, []);
  });

  it('is installed by uv where it is there, from requirements.txt', async () => {
    const requirements = join(source, 'requirements.txt');
    await writeFile(requirements, 'numpy\n');
    const { python, setup } = await ask();
    assert.deepEqual(setup, []);
    assert.deepEqual(commandLine(['train.py', '-x'], python), [UV.uv, 'run', '--with-requirements', requirements, 'train.py', '-x']);
  });

  it('is left to uv when the script or a project says it', async () => {
    await writeFile(join(source, 'src', 'train.py'), HEADER);
    const { python } = await ask();
    assert.deepEqual(commandLine(['train.py'], python), [UV.uv, 'run', 'train.py']);
  });

  it('is installed by pip into an environment beside the code where there is no uv', async () => {
    const requirements = join(source, 'requirements.txt');
    await writeFile(requirements, 'numpy\n');
    const { python, setup, setupInputs } = await ask(PIP);
    assert.equal(python.interpreter, join(source, '.runctl-venv/bin/python'));
    assert.deepEqual(setup.slice(3), ['sh', join(source, '.runctl-venv'), 'requirements', requirements]);
    assert.deepEqual(setupInputs, [requirements]);
  });

  it('of a script with a header goes before the requirements around it', async () => {
    await writeFile(join(source, 'requirements.txt'), 'numpy\n');
    await writeFile(join(source, 'src', 'train.py'), HEADER);
    const { setup } = await ask(PIP);
    assert.deepEqual(setup.slice(5), ['packages', 'torch>=2', 'rich']);
  });

  it('of a project is the project; settings of tools are none', async () => {
    await writeFile(join(source, 'pyproject.toml'), '[tool.ruff]\nline-length = 100\n');
    assert.deepEqual((await ask(PIP)).setup, []);
    await writeFile(join(source, 'pyproject.toml'), '[project]\nname = "x"\n');
    assert.deepEqual((await ask(PIP)).setup.slice(5), ['project', source]);
  });

  it('is the person’s business when there is a set-up step of their own, or no Python', async () => {
    await writeFile(join(source, 'requirements.txt'), 'numpy\n');
    assert.deepEqual((await ask(PIP, ['make', 'env'])).setup, ['make', 'env']);
    assert.deepEqual((await ask(PIP, [], './train')).setup, []);
  });

  it('reads a header as PEP 723 has it, and nothing that only looks like one', () => {
    assert.deepEqual(scriptPackages(HEADER), ['torch>=2', 'rich']);
    assert.deepEqual(scriptPackages(HEADER.replaceAll('\n', '\r\n')), ['torch>=2', 'rich']);
    assert.deepEqual(scriptPackages('# /// script\n# dependencies = ["x"]\nimport x\n'), []);
    assert.deepEqual(scriptPackages('# /// script\n# dependencies = [\n# ///\n'), []);
    assert.deepEqual(scriptPackages('print("# /// script")\n'), []);
  });
});
