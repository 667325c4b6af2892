import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeNewFile } from './new-file.ts';

const ID = /^[0-9a-f]{16}$/;

/**
 * Names this computer among all that use the same machines. Made up on first
 * use; several windows agree on one.
 *
 * @param storage - absolute directory of ours on this host
 * @returns 16 hex digits
 */
export async function installationId(storage: string): Promise<string> {
  await mkdir(storage, { recursive: true, mode: 0o700 });
  const path = join(storage, 'installation');
  await writeNewFile(path, randomBytes(8).toString('hex'));
  const id = (await readFile(path, 'utf8')).trim();
  // A file of another content is not worth failing for: trees are sent anew.
  return ID.test(id) ? id : '0'.repeat(16);
}
