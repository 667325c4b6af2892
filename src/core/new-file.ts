import { writeFile } from 'node:fs/promises';

/**
 * Writes a file that must not exist yet.
 *
 * @param path - absolute path
 * @param text - its content
 * @returns false when there was a file, which is left as it is
 */
export async function writeNewFile(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      return false;
    }
    throw error;
  }
}
