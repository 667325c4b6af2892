import { TransferError } from '../../core/errors.ts';
import type { StagedPiece } from './check-answer.ts';
import { localPath, readRanges } from './local-content.ts';
import { machineHasher } from './machine-hash.ts';
import type { ManifestFile } from './manifest.ts';
import type { SumBook } from './sum-book.ts';

/** A file of which a part waits on the machine: its stream was cut in the middle. */
export interface BegunFile {
  readonly stagePath: string;
  readonly file: ManifestFile;
  readonly piece: StagedPiece;
}

/** Below, to send it again is quicker than a stream of its own. */
const WORTH_KEEPING = 256 * 1024;

/**
 * Finds files whose first bytes on the machine are those of the file here. They
 * are read here once more: much quicker than sending them.
 *
 * @param root - where the files are
 * @param begun - what is there of them
 * @param sums - hashes in the machine's words
 * @returns stage path and how many bytes need not be sent
 */
export async function provedBegins(
  root: string,
  begun: readonly BegunFile[],
  sums: SumBook,
): Promise<ReadonlyMap<string, number>> {
  const proved = new Map<string, number>();
  for (const { stagePath, file, piece } of begun) {
    const { size } = piece;
    if (size >= WORTH_KEEPING && size < file.size) {
      if ((await hashOfBegin(localPath(root, file.path), size, sums)) === piece.hash) {
        proved.set(stagePath, size);
      }
    }
  }
  return proved;
}

async function hashOfBegin(
  path: string,
  length: number,
  sums: SumBook,
): Promise<string | undefined> {
  const hasher = await machineHasher(sums.algorithm);
  try {
    for await (const piece of readRanges(path, [{ offset: 0, length }])) {
      hasher.update(piece);
    }
  } catch (error) {
    // It is another one by now; whoever sends it says so.
    if (error instanceof TransferError) {
      return undefined;
    }
    throw error;
  }
  return hasher.digest();
}
