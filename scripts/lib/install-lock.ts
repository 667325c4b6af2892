import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { isAlive, waitFor } from './process.ts';

/**
 * Runs `work` while no other process holds the lock file. A lock whose owner
 * died is taken over.
 */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  await waitFor(`the lock ${file}`, async () => (await tryLock(file)) || undefined, 900_000, 500);
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function tryLock(file: string): Promise<boolean> {
  const mine = `${file}.${process.pid}`;
  await writeFile(mine, String(process.pid));
  try {
    // A link appears with its content at once, or fails because the lock exists.
    await link(mine, file);
    return true;
  } catch {
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (owner > 0 && !isAlive(owner)) await rm(file, { force: true });
    return false;
  } finally {
    await rm(mine, { force: true });
  }
}
