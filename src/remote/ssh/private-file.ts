import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as l10n from '@vscode/l10n';
import { ConfigError } from '../../core/errors.ts';

const OTHERS_MAY_WRITE = 0o022;
const OTHERS_MAY_DO = 0o077;

/**
 * Replaces a file, whole or not at all.
 *
 * @param file - absolute path; no link of this name is followed
 * @param text - its content
 * @param mode - its permissions
 */
export async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, text, { mode, flag: 'wx' });
    // The mask may have taken bits away.
    await chmod(temporary, mode);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Writes a file that its owner alone may read, whole or not at all.
 *
 * @param file - absolute path; its directory is made when missing
 * @param text - its content
 */
export async function writePrivately(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await replaceFile(file, text, 0o600);
}

/**
 * Writes a private key where `ssh` can read it: only where nobody else could
 * have it written elsewhere, or put another in its place.
 *
 * @param file - absolute path; its directory is made when missing
 * @param text - the private key
 * @throws {ConfigError} with code `key-file-unsafe` when the place is a link, not the person's, or
 * others may write there
 */
export async function writeKeyFile(file: string, text: string): Promise<void> {
  const directory = dirname(file);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await assertOurs(directory, OTHERS_MAY_WRITE, 'directory');
  await assertOurs(file, OTHERS_MAY_DO, 'file');
  await replaceFile(file, text, 0o600);
}

/**
 * Deletes a private key that was written for `ssh`.
 *
 * @param file - absolute path
 * @returns whether there was one
 */
export async function removeKeyFile(file: string): Promise<boolean> {
  const isThere = (await look(file)) !== undefined;
  await rm(file, { force: true });
  return isThere;
}

async function assertOurs(
  path: string,
  forbidden: number,
  kind: 'directory' | 'file',
): Promise<void> {
  const found = await look(path);
  if (found === undefined) {
    return;
  }
  const isKind = kind === 'directory' ? found.isDirectory() : found.isFile();
  if (!isKind) {
    throw unsafe(path, l10n.t('It is a link, or no plain file or directory.'));
  }
  // Windows keeps neither owners nor these permissions.
  const uid = process.getuid?.();
  if (uid !== undefined && found.uid !== uid) {
    throw unsafe(path, l10n.t('It belongs to somebody else.'));
  }
  if (uid !== undefined && (found.mode & forbidden) !== 0) {
    throw unsafe(path, l10n.t('Others may use it: its permissions are {0}.', (found.mode & 0o777).toString(8)));
  }
}

async function look(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

function unsafe(path: string, why: string): ConfigError {
  return new ConfigError('key-file-unsafe', l10n.t('No private key is written to {0}', path), {
    steps: [why, l10n.t('Look at who made it so; move it away or run `chmod go-rwx` on it, then try again.')],
    details: { path },
  });
}
