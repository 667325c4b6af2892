import { access, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { parse } from 'smol-toml';
import { z } from 'zod';

/** What the code says a Python script needs; paths are absolute, of this host. */
export type PythonNeeds =
  | {
      /** A header in the script itself, which only uv honours in full (PEP 723). */
      readonly kind: 'script';
    }
  | {
      readonly kind: 'requirements';
      readonly path: string;
      /** Whether settings of uv lie beside it. */
      readonly wantsUv: boolean;
    }
  | {
      readonly kind: 'project';
      readonly folder: string;
      /** Whether it has a lock or settings of uv. */
      readonly wantsUv: boolean;
      /** A `requirements.txt` beside it, which goes without uv. */
      readonly requirements: string | null;
      /** Its dependencies where it is no package itself; `null` where it has to be built. */
      readonly packages: readonly string[] | null;
    }
  | {
      /** An environment of conda, which is not made by itself. */
      readonly kind: 'conda';
      readonly path: string;
    };

const HEADER = /^# \/\/\/ script\s*$(?<body>(?:\n#(?: .*)?$)*?)\n# \/\/\/\s*$/m;
const CONDA = ['environment.yml', 'environment.yaml'];

const projectSchema = z.object({
  project: z
    .object({ dependencies: z.array(z.string()).default([]), dynamic: z.array(z.string()).default([]) })
    .optional(),
  'build-system': z.unknown().optional(),
  tool: z.object({ uv: z.unknown().optional() }).optional(),
});

/**
 * Finds what a script needs: its own header first, then what lies in its
 * working directory, then in each folder above, up to the one that is sent.
 *
 * @param script - path of the script, absolute or relative to the directory
 * @param directory - absolute working directory
 * @param source - absolute folder that is sent
 * @returns the needs, or `null` when nothing says any
 */
export async function pythonNeeds(
  script: string,
  directory: string,
  source: string,
): Promise<PythonNeeds | null> {
  const text = (await textOf(script)) ?? (await textOf(join(directory, script)));
  if (hasHeader(text ?? '')) {
    return { kind: 'script' };
  }
  const folders = foldersUpTo(directory, source);
  for (const folder of folders) {
    const needs = await needsOf(folder);
    if (needs !== null) {
      return needs;
    }
  }
  for (const path of folders.flatMap((folder) => CONDA.map((name) => join(folder, name)))) {
    if (await isThere(path)) {
      return { kind: 'conda', path };
    }
  }
  return null;
}

/**
 * Tells whether a script says by itself what it needs (PEP 723).
 *
 * @param script - text of the script
 * @returns false also for a header that is no TOML
 */
export function hasHeader(script: string): boolean {
  const body = HEADER.exec(script.replaceAll('\r\n', '\n'))?.groups?.['body'];
  const lines = body?.split('\n').map((line) => line.replace(/^# ?/, ''));
  return lines !== undefined && readToml(lines.join('\n'), z.object({})) !== undefined;
}

async function needsOf(folder: string): Promise<PythonNeeds | null> {
  const path = join(folder, 'requirements.txt');
  const requirements = (await isThere(path)) ? path : null;
  const file = readToml((await textOf(join(folder, 'pyproject.toml'))) ?? '', projectSchema);
  const project = file?.project;
  const wantsUv = file?.tool?.uv !== undefined || (await isThere(join(folder, 'uv.lock')));
  // Others have a pyproject.toml for the settings of their tools alone.
  if (project !== undefined && (wantsUv || requirements === null)) {
    // As uv has it: without a build system it is no package.
    const isBuilt = file?.['build-system'] !== undefined || project.dynamic.includes('dependencies');
    const packages = isBuilt ? null : project.dependencies;
    return { kind: 'project', folder, wantsUv, requirements, packages };
  }
  return requirements === null ? null : { kind: 'requirements', path, wantsUv };
}

function foldersUpTo(directory: string, source: string): readonly string[] {
  const folders = [directory];
  let folder = directory;
  while (folder !== source && !relative(source, folder).startsWith('..') && folder !== dirname(folder)) {
    folder = dirname(folder);
    folders.push(folder);
  }
  return folders.includes(source) ? folders : [directory, source];
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

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
