import { createHash, getHashes, hash } from 'node:crypto';
import { Blake2b } from './blake2b.ts';
import type { ContentHasher } from './blake2b.ts';

const ALGORITHM = 'blake2b512';
// The desktop VS Code is built with a library that leaves it out.
const NATIVE = getHashes().includes(ALGORITHM);

/**
 * Starts a BLAKE2b-512, on whatever host this is.
 *
 * @returns takes bytes
 */
export function contentHasher(): ContentHasher {
  if (!NATIVE) {
    return new Blake2b();
  }
  const native = createHash(ALGORITHM);
  const hasher: ContentHasher = {
    update: (bytes) => {
      native.update(bytes);
      return hasher;
    },
    digest: () => native.digest('hex'),
  };
  return hasher;
}

/**
 * Hashes bytes that are all there.
 *
 * @param bytes - the content
 * @returns its BLAKE2b-512, lower-case hex
 */
export function contentHash(bytes: Uint8Array): string {
  return NATIVE ? hash(ALGORITHM, bytes, 'hex') : new Blake2b().update(bytes).digest();
}
