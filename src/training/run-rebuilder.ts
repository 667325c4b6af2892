import { asRunId } from '../core/ids.ts';
import type { Logger } from '../core/logger.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Machine } from '../providers/training-provider.ts';
import { runFromRecord } from './run-record.ts';

/**
 * Puts runs that a machine knows and the ledger does not back into it: after
 * the ledger was lost, or when another computer started them.
 *
 * @param ledger - the ledger
 * @param machine - to ask
 * @param logger - hears of records that cannot be read
 * @returns how many were put back
 */
export async function rebuildRuns(
  ledger: Ledger,
  machine: Machine,
  logger: Logger,
): Promise<number> {
  // Names first: statuses of thousands of runs take their time, and rarely is one unknown.
  if (!(await hasUnknown(ledger, await machine.agent.ids()))) {
    return 0;
  }
  let added = 0;
  for (const status of await machine.agent.list()) {
    const id = asRunId(status.id);
    if (id === undefined || (await ledger.runs.get(id)) !== undefined) {
      continue;
    }
    const logPath = machine.sameHost ? `${machine.agent.runDirectory(id)}/log` : null;
    const run = runFromRecord(status.run, logPath);
    if (run?.id !== id) {
      logger.warn(`the record of ${status.id} cannot be read; it is left alone`);
      continue;
    }
    // Another window may be doing the same; the first row stays.
    if (await ledger.runs.insertIfMissing(run)) {
      added += 1;
    }
  }
  return added;
}

async function hasUnknown(ledger: Ledger, ids: readonly string[]): Promise<boolean> {
  for (const text of ids) {
    const id = asRunId(text);
    if (id !== undefined && (await ledger.runs.get(id)) === undefined) {
      return true;
    }
  }
  return false;
}
