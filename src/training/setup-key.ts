import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

/**
 * Names a set-up step by what goes into it: the command, the directory, and
 * the content of its input files. The same name means it need not run again.
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
  for (const input of [...inputs].sort()) {
    const content = await readIfThere(resolve(directory, input));
    hash.update(JSON.stringify([input, content?.length ?? -1]));
    if (content !== undefined) {
      hash.update(content);
    }
  }
  return hash.digest('hex');
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
