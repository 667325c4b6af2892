import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { parse } from 'smol-toml';
import { z } from 'zod';
import type { MachineProbe } from '../remote/machine-probe.ts';
import type { PythonChoice } from './command-line.ts';

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
}

/** Name of the virtual environment that is made where there is no uv. */
const VENV = '.runctl-venv';
const HEADER = /^# \/\/\/ script\s*$(?<body>(?:\n#(?: .*)?$)*?)\n# \/\/\/\s*$/m;

// Positional: no shell reads a path as anything but a path.
const WITH_PIP = `
set -e
venv=$1 kind=$2
shift 2
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
case $kind in
  requirements) exec "$venv/bin/python" -m pip install --disable-pip-version-check -r "$1" ;;
  project) exec "$venv/bin/python" -m pip install --disable-pip-version-check "$1" ;;
  packages) exec "$venv/bin/python" -m pip install --disable-pip-version-check -- "$@" ;;
esac
`;

/**
 * Decides how a Python script gets what it needs on another machine: by uv
 * where it is, else in a virtual environment beside the code, made by pip.
 * What is installed shows in the run's log, and a failure fails the run.
 *
 * @param request - command and folder
 * @param probe - what the machine has
 * @returns interpreter and set-up step
 */
export async function remotePython(
  request: DependencyRequest,
  probe: Pick<MachineProbe, 'uv' | 'python'>,
): Promise<RemotePython> {
  const fallback = 'python3';
  const plain = { uv: probe.uv, interpreter: null, fallback };
  const own = { python: plain, setup: request.setup, setupInputs: [] };
  const [program = ''] = request.command;
  if (request.setup.length > 0 || extname(program).toLowerCase() !== '.py') {
    return own;
  }
  const needs = await findNeeds(request);
  if (needs === null) {
    return own;
  }
  if (probe.uv !== null) {
    // uv reads a script's own header and the project around it by itself.
    const uvOptions = needs.kind === 'requirements' ? ['--with-requirements', needs.path] : [];
    return { ...own, python: { ...plain, uvOptions } };
  }
  const venv = join(request.source, VENV);
  const given = needs.kind === 'packages' ? needs.packages : [needs.path];
  return {
    python: { uv: null, interpreter: join(venv, 'bin', 'python'), fallback },
    setup: ['sh', '-c', WITH_PIP, 'sh', venv, needs.kind, ...given],
    setupInputs: needs.inputs,
  };
}

type Needs = { readonly inputs: readonly string[] } & (
  | { readonly kind: 'requirements' | 'project'; readonly path: string }
  | { readonly kind: 'packages'; readonly packages: readonly string[] }
);

async function findNeeds(request: DependencyRequest): Promise<Needs | null> {
  const { command, directory, source } = request;
  const script = join(directory, command[0] ?? '');
  const packages = scriptPackages((await textOf(command[0] ?? '')) ?? (await textOf(script)) ?? '');
  if (packages.length > 0) {
    return { kind: 'packages', packages, inputs: [command[0] ?? ''] };
  }
  for (const folder of new Set([directory, source])) {
    const requirements = join(folder, 'requirements.txt');
    if ((await textOf(requirements)) !== null) {
      return { kind: 'requirements', path: requirements, inputs: [requirements] };
    }
    const project = join(folder, 'pyproject.toml');
    if (isProject((await textOf(project)) ?? '')) {
      return { kind: 'project', path: folder, inputs: [project] };
    }
  }
  return null;
}

const headerSchema = z.object({ dependencies: z.array(z.string()).default([]) });
const projectSchema = z.object({ project: z.object({}) });

/**
 * Reads what a script says it needs (PEP 723).
 *
 * @param script - text of the script
 * @returns requirement specifiers; none when there is no header, or one that cannot be read
 */
export function scriptPackages(script: string): readonly string[] {
  const body = HEADER.exec(script.replaceAll('\r\n', '\n'))?.groups?.['body'];
  const lines = (body ?? '').split('\n').map((line) => line.replace(/^# ?/, ''));
  return readToml(lines.join('\n'), headerSchema)?.dependencies ?? [];
}

// Others have it for the settings of their tools alone.
function isProject(text: string): boolean {
  return readToml(text, projectSchema) !== undefined;
}

function readToml<T>(text: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(parse(text)).data;
  } catch {
    // What is no TOML is told by whoever it is meant for.
    return undefined;
  }
}

async function textOf(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}
