import { createCipheriv, randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';

/** Writes a file that cannot be shrunk. */
export async function writeNoise(path: string, bytes: number): Promise<void> {
  const cipher = createCipheriv('aes-128-ctr', randomBytes(16), Buffer.alloc(16));
  const file = await open(path, 'w');
  const zeros = Buffer.alloc(1024 * 1024);
  for (let left = bytes; left > 0; left -= zeros.length) {
    await file.write(cipher.update(zeros.subarray(0, Math.min(left, zeros.length))));
  }
  await file.close();
}
