import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { commandLine } from '../../../src/training/command-line.ts';
import { hasHeader } from '../../../src/training/python-needs.ts';
import { pythonSetupCommand, setupText } from '../../../src/training/python-setup.ts';
import { remotePython } from '../../../src/training/remote-dependencies.ts';
import type { RemotePython } from '../../../src/training/remote-dependencies.ts';

const UV = { home: '/home/u', uv: '/home/u/.local/bin/uv' };
const NONE = { home: '/home/u', uv: null };
const TOOLS = '/home/u/.runctl/tools/uv';
const OURS = `${TOOLS}/bin/uv`;
const HEADER = '#!/usr/bin/env python3\n# /// script\n# requires-python = ">=3.10"\n# dependencies = [\n#   "torch>=2",\n#   "rich",\n# ]\n# ///\nimport torch\n';
const PROJECT = '[project]\nname = "x"\ndependencies = ["torch>=2", "rich"]\n';

describe('what a script needs on another machine', () => {
  let source: string;
  let venv: string;

  beforeEach(async () => {
    source = await mkdtemp(join(tmpdir(), 'runctl-needs-'));
    venv = join(source, '.runctl-venv');
    await mkdir(join(source, 'src'));
    await write('src/train.py', 'print(1)\n');
  });

  afterEach(() => rm(source, { recursive: true }));

  const write = (path: string, text: string): Promise<void> => writeFile(join(source, path), text);

  const ask = (probe: typeof UV | typeof NONE, setup: readonly string[] = [], command = ['train.py']): Promise<RemotePython> =>
    remotePython({ command, source, directory: join(source, 'src'), setup }, probe);

  /** Mode of our own set-up step, and its words. */
  const step = ({ setup }: RemotePython): readonly string[] => {
    assert.deepEqual([setup[0], setup[1], setup[3], setup[5], setup[6]], ['sh', '-c', 'sh', TOOLS, venv]);
    return [setup[4] ?? '', ...setup.slice(7)];
  };

  it('is nothing when nothing is said', async () => {
    for (const probe of [UV, NONE]) {
      assert.deepEqual(await ask(probe), {
        python: { uv: probe.uv, interpreter: null, fallback: 'python3' },
        setup: [],
        setupInputs: [],
        setupOutputs: [],
        env: {},
      });
    }
  });

  it('is installed by uv where it is there, from requirements.txt', async () => {
    await write('requirements.txt', 'numpy\n');
    const { python, setup } = await ask(UV);
    assert.deepEqual(setup, []);
    assert.deepEqual(commandLine(['train.py', '-x'], python), [UV.uv, 'run', '--with-requirements', join(source, 'requirements.txt'), 'train.py', '-x']);
  });

  it('is left to uv when the script or a project of uv says it, requirements or not', async () => {
    await write('src/train.py', HEADER);
    assert.deepEqual(commandLine(['train.py'], (await ask(UV)).python), [UV.uv, 'run', 'train.py']);
    await write('src/train.py', 'print(1)\n');
    await write('pyproject.toml', PROJECT);
    await write('uv.lock', '');
    await write('requirements.txt', 'numpy\n');
    assert.deepEqual(commandLine(['train.py'], (await ask(UV)).python), [UV.uv, 'run', 'train.py']);
  });

  it('is installed by pip into an environment beside the code where there is no uv', async () => {
    await write('requirements.txt', 'numpy\n');
    const asked = await ask(NONE);
    assert.deepEqual(step(asked), ['requirements', join(source, 'requirements.txt')]);
    assert.equal(asked.python.interpreter, join(venv, 'bin/python'));
    assert.deepEqual(asked.setupOutputs, [asked.python.interpreter]);
    assert.deepEqual(asked.setupInputs, [join(source, 'requirements.txt')]);
    assert.deepEqual(asked.env, { UV_PYTHON_INSTALL_DIR: `${TOOLS}/python` });
  });

  it('is uv itself for a script with a header, wherever uv is not there', async () => {
    await write('requirements.txt', 'numpy\n');
    await write('src/train.py', HEADER);
    const asked = await ask(NONE);
    assert.deepEqual(step(asked), ['uv']);
    assert.deepEqual(asked.setupOutputs, [OURS]);
    assert.deepEqual(commandLine(['train.py'], asked.python), [OURS, 'run', 'train.py']);
  });

  it('is uv itself for a project that has a lock or settings of uv', async () => {
    for (const [file, text] of [['uv.lock', ''], ['pyproject.toml', `${PROJECT}[tool.uv]\npackage = false\n`]] as const) {
      await write('pyproject.toml', PROJECT);
      await write(file, text);
      const asked = await ask(NONE);
      assert.deepEqual([step(asked), asked.python.uv], [['uv'], OURS]);
      await rm(join(source, file));
    }
  });

  it('may come without uv when such a project has requirements too', async () => {
    await write('pyproject.toml', PROJECT);
    await write('uv.lock', '');
    await write('requirements.txt', 'numpy\n');
    const asked = await ask(NONE);
    assert.deepEqual(step(asked), ['uv-project', source, join(source, 'requirements.txt')]);
    assert.equal(asked.python.interpreter, join(venv, 'bin/python'));
    assert.ok(asked.setupInputs.includes(join(source, 'uv.lock')));
    await rm(join(source, 'uv.lock'));
    await write('pyproject.toml', '[tool.uv]\nindex-strategy = "first-index"\n');
    assert.deepEqual(step(await ask(NONE)), ['uv-requirements', join(source, 'requirements.txt')]);
  });

  it('of a project is the project where it is a package, else what it depends on', async () => {
    await write('pyproject.toml', '[tool.ruff]\nline-length = 100\n');
    assert.deepEqual((await ask(NONE)).setup, []);
    await write('pyproject.toml', PROJECT);
    assert.deepEqual(step(await ask(NONE)), ['packages', 'torch>=2', 'rich']);
    await write('pyproject.toml', `${PROJECT}[build-system]\nrequires = ["hatchling"]\n`);
    assert.deepEqual(step(await ask(NONE)), ['project', source]);
    await write('pyproject.toml', '[project]\nname = "x"\ndynamic = ["dependencies"]\n');
    assert.deepEqual(step(await ask(NONE)), ['project', source]);
    await write('pyproject.toml', '[project]\nname = "x"\n');
    assert.deepEqual((await ask(NONE)).setup, []);
  });

  it('is looked for in every folder between the directory and the one that is sent', async () => {
    await mkdir(join(source, 'src/deep'));
    await write('src/requirements.txt', 'numpy\n');
    await write('requirements.txt', 'scipy\n');
    const request = { command: ['train.py'], source, directory: join(source, 'src/deep'), setup: [] };
    assert.deepEqual(step(await remotePython(request, NONE)), ['requirements', join(source, 'src/requirements.txt')]);
  });

  it('is said, not made, for an environment of conda, unless something else says it', async () => {
    await write('environment.yml', 'dependencies: [numpy]\n');
    for (const probe of [UV, NONE]) {
      const asked = await ask(probe);
      assert.deepEqual(step(asked), ['conda', join(source, 'environment.yml')]);
      assert.match(setupText(asked.setup), /^environment\.yml is not used/);
      assert.equal(asked.python.interpreter, null);
    }
    await write('requirements.txt', 'numpy\n');
    assert.deepEqual(step(await ask(NONE))[0], 'requirements');
    assert.deepEqual((await ask(NONE, ['conda', 'env', 'update'])).setup, ['conda', 'env', 'update']);
  });

  it('is the person’s business when there is a set-up step of their own, or no Python', async () => {
    await write('requirements.txt', 'numpy\n');
    assert.deepEqual((await ask(NONE, ['make', 'env'])).setup, ['make', 'env']);
    assert.deepEqual((await ask(NONE, [], ['./train'])).setup, []);
  });

  it('is uv where a step or a command of the person names it', async () => {
    const synced = await ask(NONE, ['uv', 'sync', '--frozen']);
    assert.deepEqual(step(synced), ['uv', OURS, 'sync', '--frozen']);
    assert.deepEqual(commandLine(['train.py'], synced.python), [OURS, 'run', 'train.py']);
    const command = ['uv', 'run', 'torchrun', 'train.py'];
    const run = await ask(NONE, [], command);
    assert.deepEqual(step(run), ['uv']);
    assert.deepEqual(commandLine(command, run.python), [OURS, 'run', 'torchrun', 'train.py']);
    const both = await ask(NONE, ['make', 'data'], command);
    assert.deepEqual(step(both), ['uv', 'make', 'data']);
    const there = await ask(UV, ['uv', 'sync'], command);
    assert.deepEqual([there.setup, commandLine(command, there.python)[0]], [[UV.uv, 'sync'], UV.uv]);
    assert.deepEqual(there.setupOutputs, []);
  });

  it('knows a header as PEP 723 has it, and nothing that only looks like one', () => {
    assert.equal(hasHeader(HEADER), true);
    assert.equal(hasHeader(HEADER.replaceAll('\n', '\r\n')), true);
    assert.equal(hasHeader('# /// script\n# dependencies = ["x"]\nimport x\n'), false);
    assert.equal(hasHeader('# /// script\n# dependencies = [\n# ///\n'), false);
    assert.equal(hasHeader('print("# /// script")\n'), false);
  });
});

describe('The set-up step for Python', () => {
  const textOf = (...setup: Parameters<typeof pythonSetupCommand>): string => setupText(pythonSetupCommand(...setup));

  it('is told in one line, with where uv goes; one of the person as it is', () => {
    assert.equal(textOf({ mode: 'uv', words: [] }, TOOLS, '/w/v'), `uv, installed into ${TOOLS} unless it is there`);
    assert.equal(textOf({ mode: 'uv', words: [OURS, 'sync'] }, TOOLS, '/w/v'), `uv, installed into ${TOOLS} unless it is there; then ${OURS} sync`);
    assert.match(textOf({ mode: 'uv-project', words: ['/w', '/w/requirements.txt'] }, TOOLS, '/w/v'), /by uv, installed into .* else by pip from requirements\.txt$/);
    assert.match(textOf({ mode: 'requirements', words: ['/w/requirements.txt'] }, TOOLS, '/w/v'), /^Packages of requirements\.txt by pip; .*by uv/);
    assert.match(textOf({ mode: 'packages', words: ['torch'] }, TOOLS, '/w/v'), /^Packages of the project by pip/);
    assert.equal(setupText(['make', 'my env']), "make 'my env'");
  });

  it('is clean POSIX sh to shellcheck', function () {
    this.timeout(30_000);
    const [, , script = ''] = pythonSetupCommand({ mode: 'uv', words: [] }, '/t', '/v');
    const { error, stdout, status } = spawnSync('shellcheck', ['-s', 'sh', '-'], { input: script, encoding: 'utf8' });
    if (error) this.skip(); // Not installed.
    assert.deepEqual([stdout, status], ['', 0]);
  });
});
