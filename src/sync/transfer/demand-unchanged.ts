import { stat } from 'node:fs/promises';
import type { HashedFile } from '../model.ts';
import { localPath } from './local-content.ts';
import { sourceChanged } from './transfer-failure.ts';

/**
 * Demands that a file is still the one that was hashed.
 *
 * @param root - absolute directory on this host
 * @param files - the tree
 * @param stagePath - where the file waited on the machine
 * @returns when it is, or is none of the tree's
 * @throws {TransferError} with code `source-changed`
 */
export async function demandUnchanged(
  root: string,
  files: ReadonlyMap<string, HashedFile>,
  stagePath: string,
): Promise<void> {
  const file = files.get(stagePath.replace(/^(?:f|seed)\//u, ''));
  if (file === undefined) {
    return;
  }
  const path = localPath(root, file.path);
  const now = await stat(path).catch((cause: unknown) => {
    throw sourceChanged(file.path, cause);
  });
  if (now.size !== file.size || Math.floor(now.mtimeMs) !== Math.floor(file.modifiedAt)) {
    throw sourceChanged(file.path);
  }
}
