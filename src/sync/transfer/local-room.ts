import { statfs } from 'node:fs/promises';
import * as l10n from '@vscode/l10n';
import { IoError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format.ts';

const CODES: Readonly<Record<string, 'disk-full' | 'quota'>> = {
  ENOSPC: 'disk-full',
  EDQUOT: 'quota',
};

/**
 * Demands room on this host before anything is fetched.
 *
 * @param folder - absolute path of an existing folder that receives it
 * @param missing - bytes that have to come
 * @throws {IoError} with code `disk-full`, and `missing` and `free` in its details
 */
export async function demandRoom(folder: string, missing: number): Promise<void> {
  // A file system that tells nothing is found out by writing.
  const facts = await statfs(folder).catch(() => undefined);
  const free = facts === undefined ? Infinity : facts.bavail * facts.bsize;
  // Some of a network tell that they have no blocks at all.
  if (facts !== undefined && facts.blocks > 0 && missing > free) {
    throw new IoError(
      'disk-full',
      l10n.t('The disk of this computer has {0} left; {1} are needed', formatBytes(free), formatBytes(missing)),
      { steps: steps(), details: { folder, free, missing: missing - free } },
    );
  }
}

/**
 * Says of a disk or quota of this host that ran out how much lacks.
 *
 * @param error - what writing threw
 * @param missing - bytes that have not come
 * @returns an `IoError` with code `disk-full` or `quota`; other errors as they are
 */
export function outOfRoom(error: unknown, missing: number): unknown {
  const errno = error instanceof Error && 'code' in error ? String(error.code) : '';
  const code = CODES[errno];
  if (code === undefined) {
    return error;
  }
  const lacks = formatBytes(missing);
  const message =
    code === 'quota'
      ? l10n.t('Your quota on this computer is used up; {0} have not come', lacks)
      : l10n.t('The disk of this computer is full; {0} have not come', lacks);
  return new IoError(code, message, { steps: steps(), details: { missing }, cause: error });
}

function steps(): readonly string[] {
  return [l10n.t('Free some space and try again: what has come is not fetched again.')];
}
