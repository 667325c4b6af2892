import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { localPath } from './local-content.ts';
import type { MachineHash } from './machine-hash.ts';
import type { ManifestFile } from './manifest.ts';
import type { SentStore } from './sent-store.ts';

const BLAKE2B = new Set(['b2sum', 'openssl', 'python3']);

/**
 * Tells whether a program of the machine computes the hash we know of each file.
 *
 * @param program - what proves content there
 * @returns whether it computes BLAKE2b-512
 */
export function isBlake2b(program: string): boolean {
  return BLAKE2B.has(program);
}

/**
 * Names the algorithm for this host.
 *
 * @param program - what proves content there
 * @returns its name
 */
export function algorithmOf(program: string): MachineHash {
  return isBlake2b(program) ? 'blake2b512' : 'sha256';
}

/** Hashes in the words of the machine, by the one we know. */
export class SumBook {
  private readonly program: string;
  private readonly sent: SentStore;
  private sums: Map<string, string> | undefined;

  /**
   * @param program - what proves content on the machine
   * @param sent - memory of this host
   */
  constructor(program: string, sent: SentStore) {
    this.program = program;
    this.sent = sent;
  }

  /** Whether the machine's words are ours. */
  get plain(): boolean {
    return isBlake2b(this.program);
  }

  /** The hash that its hashes are of. */
  get algorithm(): MachineHash {
    return algorithmOf(this.program);
  }

  /**
   * Learns the hashes of files, reading those it never saw.
   *
   * @param root - where they are
   * @param files - the files
   * @param signal - ends it
   */
  async learn(root: string, files: readonly ManifestFile[], signal?: AbortSignal): Promise<void> {
    if (isBlake2b(this.program)) {
      return;
    }
    const sums = await this.sent.otherSums();
    this.sums = sums;
    const unknown = files.filter((file) => !sums.has(file.hash));
    for (const file of unknown) {
      signal?.throwIfAborted();
      const hash = createHash('sha256');
      await pipeline(createReadStream(localPath(root, file.path)), hash);
      sums.set(file.hash, hash.digest('hex'));
    }
    if (unknown.length > 0) {
      await this.sent.keepOtherSums(sums);
    }
  }

  /**
   * Tells the hash that the machine should find.
   *
   * @param file - a file
   * @returns hex; `?`, which nothing equals, when it is not known
   */
  sumOf(file: ManifestFile): string {
    const known = this.sums === undefined ? file.hash : this.sums.get(file.hash);
    return known === undefined || known === '' ? '?' : known;
  }
}
