import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { withIncludedFiles } from './requirement-files.ts';

/**
 * Names a set-up step by what goes into it: the command, the directory, and
 * the content of its input files and of what requirements files include. The
 * same name means it need not run again.
 *
 * @param setup - the step's argument vector
 * @param directory - absolute path it runs in
 * @param inputs - files, relative to the directory; a missing one counts as absent
 * @returns 64 hex digits
 */
export async function setupKey(
  setup: readonly string[],
  directory: string,
  inputs: readonly string[],
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([setup, directory]));
  for (const input of [...(await withIncludedFiles(directory, inputs))].sort()) {
    const content = await readIfThere(resolve(directory, input));
    hash.update(JSON.stringify([input, content?.length ?? -1]));
    if (content !== undefined) {
      hash.update(content);
    }
  }
  return hash.digest('hex');
}

/**
 * Names a set-up step itself, whatever its inputs hold: a machine notes one key
 * for each step and directory, so that an earlier key never counts once a later
 * one has changed what the step makes.
 *
 * @param setup - the step's argument vector
 * @param directory - absolute path it runs in, on its machine
 * @returns 64 hex digits
 */
export function setupStep(setup: readonly string[], directory: string): string {
  return createHash('sha256').update(JSON.stringify([directory, setup])).digest('hex');
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}
