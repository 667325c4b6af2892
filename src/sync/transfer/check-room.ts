import type { ChangeSet } from './change-set.ts';
import { diskTooSmall } from './transfer-failure.ts';

/**
 * Demands room for what is needed before anything is sent: a disk found full
 * half-way has cost the time.
 *
 * @param changes - what is needed
 * @param staged - stage paths of what is there already
 * @param free - bytes left on the disk, when the machine could tell
 * @throws {TransferError} with code `disk-full`
 */
export function checkRoom(
  changes: ChangeSet,
  staged: ReadonlySet<string>,
  free: number | undefined,
): void {
  let needed = 0;
  for (const { entry, stagePath } of changes.needed) {
    if (entry.kind === 'file' && !staged.has(stagePath)) {
      needed += entry.size;
    }
  }
  if (free !== undefined && needed > free) {
    throw diskTooSmall(needed, free);
  }
}
