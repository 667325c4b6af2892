import { MachineError } from '../../core/errors.ts';
import { AttemptGuard } from './attempts.ts';
import { LookAhead } from './look-ahead.ts';
import type { SyncOutcome, SyncRequest } from './transfer-types.ts';
import { TreeSync } from './tree-sync.ts';

/**
 * Makes a tree on a machine hold what it should: finds what differs, sends that
 * and no more, proves it, then switches. Nothing is half switched, whatever
 * breaks; what has arrived is not sent again.
 *
 * @param request - tree, machine and what to leave alone
 * @returns where the tree is and what was done
 * @throws {TransferError} when the machine or the source refuses
 * @throws {MachineError} when the way to the machine stays broken
 */
export async function syncTree(request: SyncRequest): Promise<SyncOutcome> {
  const sync = await startOf(request);
  const guard = new AttemptGuard(request);
  for (;;) {
    try {
      const outcome = await sync.attempt();
      if (outcome !== undefined) {
        return outcome;
      }
      guard.again(sync.sentBytes);
    } catch (error) {
      if (!(error instanceof MachineError)) {
        throw error;
      }
      sync.breaks += 1;
      await guard.broken(error, sync.sentBytes);
    }
  }
}

async function startOf(request: SyncRequest): Promise<TreeSync> {
  const ahead = request.tree instanceof Promise ? new LookAhead(request) : undefined;
  try {
    return await TreeSync.of({ ...request, tree: await request.tree }, ahead);
  } catch (error) {
    await ahead?.giveUp();
    throw error;
  }
}
