import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { PythonChoice } from './command-line.ts';

/** Where to look for ways to run Python. */
export interface PythonSearch {
  /** Environment whose PATH is searched for uv. */
  readonly env: NodeJS.ProcessEnv;
  /** Folder that may hold a virtual environment. */
  readonly folder: string;
  /** Interpreter set by the user for this machine; wins over all. */
  readonly configured: string | null;
  /** Interpreter selected for the workspace in the editor. */
  readonly selected: string | null;
  /** Path of the interpreter inside a virtual environment. */
  readonly venvPython: string;
  /** Plain name of the system's Python. */
  readonly fallback: string;
}

const VENV_NAMES = ['.venv', 'venv', 'env'];

/**
 * Finds how Python scripts of a folder are run.
 *
 * @param search - where to look
 * @returns the choice; an interpreter set by the user rules out uv
 */
export async function findPython(search: PythonSearch): Promise<PythonChoice> {
  const { fallback } = search;
  if (search.configured !== null) {
    return { uv: null, interpreter: search.configured, fallback };
  }
  const uv = await findProgram('uv', search.env);
  const interpreter = search.selected ?? (await venvInterpreter(search));
  return { uv, interpreter, fallback };
}

async function venvInterpreter(search: PythonSearch): Promise<string | null> {
  for (const name of VENV_NAMES) {
    const path = join(search.folder, name, search.venvPython);
    if (await executable(path)) {
      return path;
    }
  }
  return null;
}

async function findProgram(name: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const folder of folders) {
    for (const file of [name, `${name}.exe`]) {
      const path = join(folder, file);
      if (await executable(path)) {
        return path;
      }
    }
  }
  return null;
}

async function executable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
