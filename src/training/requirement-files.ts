import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

// Files of this kind alone are read for what they include.
const REQUIREMENTS = /requirements|constraints/i;
const INCLUDE = /^(?:-r|-c|--requirement|--constraint)(?:\s*=\s*|\s+|(?<=^-[rc]))(?<path>\S.*)$/;
const EDITABLE = /^(?:-e|--editable)(?:\s*=\s*|\s+)(?<path>\S+)$/;
const LOCAL = /^(?:\/|\.{1,2}(?:[/[]|$))/;
const PROJECT_FILES = ['pyproject.toml', 'setup.py', 'setup.cfg'];

/**
 * Adds to the inputs of a set-up step what its requirements files include: other
 * such files, constraints, and what says how a project beside them is built.
 *
 * @param directory - absolute; inputs may be relative to it
 * @param inputs - files
 * @returns the same, then absolute paths of what they include, each once
 */
export async function withIncludedFiles(
  directory: string,
  inputs: readonly string[],
): Promise<readonly string[]> {
  const known = new Set(inputs.map((input) => resolve(directory, input)));
  const included: string[] = [];
  const open = [...known].filter((path) => REQUIREMENTS.test(path));
  for (let file = open.shift(); file !== undefined; file = open.shift()) {
    const { files, projects } = includesOf(await readLines(file), dirname(file));
    // A file may include itself by way of others: each is read once.
    const further = [...new Set(files)].filter((path) => !known.has(path));
    open.push(...further);
    for (const path of [...further, ...(await projectFiles(projects))]) {
      if (!known.has(path)) {
        known.add(path);
        included.push(path);
      }
    }
  }
  return [...inputs, ...included];
}

function includesOf(
  lines: readonly string[],
  base: string,
): { readonly files: readonly string[]; readonly projects: readonly string[] } {
  const files: string[] = [];
  const projects: string[] = [];
  for (const line of lines) {
    const file = INCLUDE.exec(line)?.groups?.['path'];
    const project = EDITABLE.exec(line)?.groups?.['path'] ?? (LOCAL.test(line) ? line : undefined);
    if (file !== undefined && !isAddress(file)) {
      files.push(resolve(base, file));
    } else if (project !== undefined && !isAddress(project)) {
      // What follows are extras, as in `.[train]`.
      projects.push(resolve(base, project.replace(/\[.*$/, '')));
    }
  }
  return { files, projects };
}

async function projectFiles(folders: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const folder of folders) {
    if (await stat(folder).then((stats) => stats.isDirectory(), () => false)) {
      files.push(...PROJECT_FILES.map((name) => join(folder, name)));
    }
  }
  return files;
}

function isAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(text);
}

// As pip reads them: lines may be continued, and end with a comment.
async function readLines(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text
    .replaceAll(/\\\r?\n/g, '')
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim());
}
