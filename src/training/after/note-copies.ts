import type { Checkpoint } from '../../core/model/records.ts';
import type { RunAfter } from '../../core/model/run-after.ts';
import type { Run } from '../../core/model/run.ts';
import type { Guard } from '../../ledger/handle.ts';
import type { Ledger } from '../../ledger/ledger.ts';

/** What the machine puts before the names of checkpoints in the durable place. */
const PREFIX = 'checkpoints/';

/**
 * Marks the checkpoints that are in the durable place as durable.
 *
 * @param ledger - the ledger
 * @param run - whose they are
 * @param after - what its machine saved, and where
 * @param at - ms since the epoch
 * @param guard - refuses the write when this window no longer watches
 */
export async function noteCopies(
  ledger: Ledger,
  run: Run,
  after: RunAfter & { readonly place: string },
  at: number,
  guard: Guard,
): Promise<void> {
  const checkpoints = await ledger.checkpoints.list(run.id);
  for (const { checkpoint, name } of copiesIn(after, checkpoints)) {
    await ledger.checkpoints.addCopy(run.id, checkpoint, `${after.place}/${name}`, at, { guard });
  }
}

/**
 * Finds the checkpoints among what was saved. One of another size is not what
 * the ledger knows, and stays as it is.
 *
 * @param after - what was saved
 * @param checkpoints - of the run
 * @returns each with its name in the durable place
 */
export function copiesIn(
  after: Pick<RunAfter, 'saved'>,
  checkpoints: readonly Checkpoint[],
): readonly { readonly checkpoint: Checkpoint; readonly name: string }[] {
  return after.saved.flatMap(({ name, bytes }) => {
    const path = name.startsWith(PREFIX) ? name.slice(PREFIX.length).replace(/\/$/, '') : '';
    const checkpoint = checkpoints.find(
      (item) => path !== '' && item.path.endsWith(`/${path}`) && item.size === bytes,
    );
    return checkpoint === undefined ? [] : [{ checkpoint, name }];
  });
}
