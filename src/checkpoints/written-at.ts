import type { Checkpoint } from '../core/model/records.ts';

/**
 * Tells when a checkpoint was written, by this host's clock: ages are reckoned
 * from this. What a file is told apart by stays as its machine has it.
 *
 * @param checkpoint - as it was found
 * @returns ms since the epoch
 */
export function writtenAt(checkpoint: Pick<Checkpoint, 'modifiedAt' | 'clockAhead'>): number {
  return checkpoint.modifiedAt - (checkpoint.clockAhead ?? 0);
}
