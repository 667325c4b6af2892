import { closeSync, openSync, statSync } from 'node:fs';

/** What SQLite may keep beside the main file, by ending. */
export const COMPANIONS = ['-wal', '-shm', '-journal'] as const;

/**
 * Makes an empty file that only its owner may read, since command lines and
 * notes go into it. An existing file is not even opened: closing any
 * descriptor of it would drop the locks this process holds on it.
 *
 * @param path - absolute path; its folder exists
 */
export function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
      throw error;
    }
  }
}

/**
 * Tells which file is at a path, so that a replaced one is noticed.
 *
 * @param path - any path
 * @returns device and inode, or `undefined` when nothing is there
 */
export function fileIdentity(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
}
