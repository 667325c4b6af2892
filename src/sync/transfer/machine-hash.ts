import { createHash, hash } from 'node:crypto';
import { contentHash, contentHasher } from '../content-hash.ts';
import type { ContentHasher } from '../content-hash.ts';

/** A hash that a machine can compute: the one we know of each file, or the next best. */
export type MachineHash = 'blake2b512' | 'sha256';

/**
 * Starts a hash of what comes in parts, on whatever host this is.
 *
 * @param algorithm - which
 * @returns takes bytes
 */
export function machineHasher(algorithm: MachineHash): Promise<ContentHasher> {
  if (algorithm === 'blake2b512') {
    return contentHasher();
  }
  const hasher = createHash('sha256');
  return Promise.resolve({
    update: (bytes) => hasher.update(bytes),
    digest: () => hasher.digest('hex'),
  });
}

/**
 * Hashes a text.
 *
 * @param algorithm - which
 * @param text - any, as UTF-8
 * @returns lower-case hex
 */
export function machineHashOf(algorithm: MachineHash, text: string): string {
  return algorithm === 'blake2b512' ? contentHash(Buffer.from(text)) : hash('sha256', text, 'hex');
}
