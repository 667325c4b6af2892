import { extname, join, posix } from 'node:path';
import type { MachineProbe } from '../remote/machine-probe.ts';
import type { PythonChoice } from './command-line.ts';
import type { PythonNeeds } from './python-needs.ts';
import { pythonNeeds } from './python-needs.ts';
import type { PythonSetup } from './python-setup.ts';
import { pythonSetupCommand } from './python-setup.ts';

/** What is about to run on another machine. */
export interface DependencyRequest {
  /** Program and arguments as configured; the program may be a script. */
  readonly command: readonly string[];
  /** Absolute folder on this host that is sent. */
  readonly source: string;
  /** Absolute working directory on this host, in the folder. */
  readonly directory: string;
  /** The person's own set-up step; when there is one, it alone is run. */
  readonly setup: readonly string[];
}

/** How Python is run there, and what brings it about. Paths are of this host, to be moved. */
export interface RemotePython {
  readonly python: PythonChoice;
  readonly setup: readonly string[];
  /** Files that decide whether the set-up step runs again, relative to the directory. */
  readonly setupInputs: readonly string[];
  /** What the set-up step makes beside what the person says of it, absolute. */
  readonly setupOutputs: readonly string[];
  /** Variables of the run, less than those the person sets. */
  readonly env: Readonly<Record<string, string>>;
}

type Found = Pick<MachineProbe, 'uv' | 'home'>;

/** Name of the virtual environment that is made beside the code. */
const VENV = '.runctl-venv';
const FALLBACK = 'python3';

/**
 * Decides how a Python script gets what it needs on another machine: by uv
 * where it is there or the code asks for it, then brought by the set-up step,
 * else in a virtual environment beside the code, made by pip. What is
 * installed shows in the run's log, and a failure fails the run.
 *
 * @param request - command and folder
 * @param probe - what the machine has
 * @returns interpreter and set-up step
 */
export async function remotePython(request: DependencyRequest, probe: Found): Promise<RemotePython> {
  const { command, directory, source, setup } = request;
  const [program = ''] = command;
  if (program === 'uv' || setup[0] === 'uv') {
    return uvByName(request, probe);
  }
  const plain = plainly(probe, setup);
  if (setup.length > 0 || extname(program).toLowerCase() !== '.py') {
    return plain;
  }
  const needs = await pythonNeeds(program, directory, source);
  if (needs === null) {
    return plain;
  }
  if (needs.kind === 'conda') {
    return { ...plain, setup: commandOf({ mode: 'conda', words: [needs.path] }, probe, source) };
  }
  return probe.uv === null ? withoutUv(needs, request, probe) : withUv(needs, plain);
}

// uv reads a script's own header and the project around it by itself.
function withUv(needs: PythonNeeds, plain: RemotePython): RemotePython {
  const uvOptions = needs.kind === 'requirements' ? ['--with-requirements', needs.path] : [];
  return { ...plain, python: { ...plain.python, uvOptions } };
}

function withoutUv(
  needs: Exclude<PythonNeeds, { kind: 'conda' }>,
  { source }: DependencyRequest,
  probe: Found,
): RemotePython {
  switch (needs.kind) {
    case 'script':
      return withOurUv([], probe, source);
    case 'requirements': {
      const { path, wantsUv } = needs;
      const setup = { mode: wantsUv ? 'uv-requirements' : 'requirements', words: [path] } as const;
      return inVenv(setup, [path, ...(wantsUv ? projectFiles(join(path, '..')) : [])], probe, source);
    }
    case 'project': {
      const { folder, packages, requirements } = needs;
      const inputs = projectFiles(folder);
      if (needs.wantsUv) {
        return requirements === null
          ? withOurUv([], probe, source)
          : inVenv({ mode: 'uv-project', words: [folder, requirements] }, [...inputs, requirements], probe, source);
      }
      if (packages?.length === 0) {
        return plainly(probe, []);
      }
      return inVenv(
        packages === null ? { mode: 'project', words: [folder] } : { mode: 'packages', words: packages },
        inputs,
        probe,
        source,
      );
    }
  }
}

// A set-up step or command of the person that names uv means the one there is.
function uvByName({ setup, source }: DependencyRequest, probe: Found): RemotePython {
  const uv = probe.uv ?? ourUv(probe);
  const named = setup[0] === 'uv' ? [uv, ...setup.slice(1)] : setup;
  return probe.uv === null ? withOurUv(named, probe, source) : plainly(probe, named);
}

function plainly({ uv }: Found, setup: readonly string[]): RemotePython {
  const python = { uv, interpreter: null, fallback: FALLBACK };
  return { python, setup, setupInputs: [], setupOutputs: [], env: {} };
}

function withOurUv(then: readonly string[], probe: Found, source: string): RemotePython {
  const uv = ourUv(probe);
  return {
    python: { uv, interpreter: null, fallback: FALLBACK },
    setup: commandOf({ mode: 'uv', words: then }, probe, source),
    setupInputs: [],
    setupOutputs: [uv],
    env: uvVariables(probe),
  };
}

function inVenv(
  setup: PythonSetup,
  setupInputs: readonly string[],
  probe: Found,
  source: string,
): RemotePython {
  const interpreter = join(source, VENV, 'bin', 'python');
  return {
    python: { uv: null, interpreter, fallback: FALLBACK },
    setup: commandOf(setup, probe, source),
    setupInputs,
    setupOutputs: [interpreter],
    env: uvVariables(probe),
  };
}

function commandOf(setup: PythonSetup, probe: Found, source: string): readonly string[] {
  return pythonSetupCommand(setup, toolsOf(probe), join(source, VENV));
}

function projectFiles(folder: string): readonly string[] {
  return ['pyproject.toml', 'uv.lock', 'setup.py', 'setup.cfg'].map((name) => join(folder, name));
}

function toolsOf({ home }: Found): string {
  return posix.join(home, '/.runctl/tools/uv');
}

function ourUv(probe: Found): string {
  return posix.join(toolsOf(probe), 'bin/uv');
}

// Where uv brings a Python of its own, that lies beside it, too.
function uvVariables(probe: Found): Readonly<Record<string, string>> {
  return { UV_PYTHON_INSTALL_DIR: posix.join(toolsOf(probe), 'python') };
}
