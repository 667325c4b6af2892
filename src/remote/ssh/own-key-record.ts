import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { writePrivately } from './private-file.ts';

/** What is known of our own key without opening the secret storage. */
export interface OwnKeyRecord {
  /** As a line of authorized_keys. */
  readonly publicLine: string;
  /** Where the person had it installed: `user@host:port`. */
  readonly machines: readonly string[];
}

const RECORD = z.object({
  publicLine: z.string().regex(/^ssh-ed25519 [A-Za-z0-9+/=]+ [\w.-]+$/),
  machines: z.array(z.string()),
});

/**
 * Reads what is known of our own key.
 *
 * @param file - absolute path
 * @returns the record; `null` when there is none, or none that can be read
 */
export async function readOwnKeyRecord(file: string): Promise<OwnKeyRecord | null> {
  try {
    return RECORD.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    // What it says can be found out again from the key itself.
    if (isMissing(error) || error instanceof SyntaxError || error instanceof z.ZodError) {
      return null;
    }
    throw error;
  }
}

/**
 * Writes it, whole or not at all.
 *
 * @param file - absolute path
 * @param record - see the fields
 */
export async function writeOwnKeyRecord(file: string, record: OwnKeyRecord): Promise<void> {
  await writePrivately(file, `${JSON.stringify(record)}\n`);
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
