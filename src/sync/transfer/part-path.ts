import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';

const SUFFIX = '.runctl-part';
const MAX_NAME_BYTES = 255;

/**
 * Tells where a copy grows before it gets its name: beside its place, under a
 * name that nobody else gives.
 *
 * @param destination - absolute path
 * @returns absolute path in the same folder
 */
export function partPath(destination: string): string {
  const name = basename(destination);
  const isShort = Buffer.byteLength(name) + SUFFIX.length <= MAX_NAME_BYTES;
  const own = isShort ? name : createHash('sha256').update(name).digest('hex').slice(0, 32);
  return join(dirname(destination), `${own}${SUFFIX}`);
}
