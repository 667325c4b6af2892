import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Reads a file that {@link writeCache} wrote.
 *
 * @param path - absolute path
 * @param format - number of the format it must have
 * @returns what was written; `undefined` when there is none, or none that can be used.
 *   A damaged file is kept as `PATH.damaged`, one of a newer format as it is.
 */
export async function readCache(path: string, format: number): Promise<unknown> {
  try {
    const text = await readFile(path, 'utf8');
    const end = text.indexOf('\n');
    const [found, digest] = text.slice(0, end).split(' ');
    const body = text.slice(end + 1);
    if (digest === digestOf(body)) {
      return found === String(format) ? JSON.parse(body) : undefined;
    }
    await rename(path, `${path}.damaged`);
  } catch {
    // Only time is lost without it.
  }
  return undefined;
}

/**
 * Writes a file that may be lost, but never be half there. Of two writers the
 * later one wins.
 *
 * @param path - absolute path
 * @param format - number of the format
 * @param value - plain data
 * @returns whether it could be written
 */
export async function writeCache(path: string, format: number, value: unknown): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const body = JSON.stringify(value);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(temporary, `${format} ${digestOf(body)}\n${body}`, { mode: 0o600, flag: 'wx' });
    await rename(temporary, path);
    return true;
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
    return false;
  }
}

/**
 * Deletes files nobody has written for long.
 *
 * @param directory - absolute path
 * @param before - milliseconds since the epoch
 */
export async function tidyCaches(directory: string, before: number): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const stats = await stat(path).catch(() => undefined);
    if (stats?.isFile() === true && stats.mtimeMs < before) {
      await rm(path, { force: true }).catch(() => undefined);
    }
  }
}

function digestOf(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}
