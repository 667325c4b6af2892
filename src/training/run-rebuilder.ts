import type { Clock } from '../core/clock.ts';
import { LedgerError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import { asRunId } from '../core/ids.ts';
import type { Logger } from '../core/logger.ts';
import type { Run } from '../core/model/run.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { HeldLock } from '../ledger/locks.ts';
import type { Machine } from '../providers/training-provider.ts';
import type { LogFiles } from './log/log-files.ts';
import { runLockName } from './run-locks.ts';
import { runFromRecord } from './run-record.ts';

/** Runs asked about once more at a time, far within the life of their locks. */
const CHUNK = 20;

/** Runs read at a time: well within the time limit of a verb. */
const LIST_CHUNK = 200;

/** What putting runs back takes. */
export interface RebuildParts {
  readonly ledger: Ledger;
  /** Where logs are on this host. */
  readonly logs: LogFiles;
  readonly clock: Clock;
  /** Hears of records that cannot be read. */
  readonly logger: Logger;
  /** Names this installation; runs of others are marked as found. */
  readonly installation: string;
}

/**
 * Puts runs that a machine knows and the ledger does not back into it: after
 * the ledger was lost, or, marked as found, when another computer started them.
 *
 * @param machine - to ask
 * @param parts - see the fields
 * @returns how many were put back
 */
export async function rebuildRuns(machine: Machine, parts: RebuildParts): Promise<number> {
  const { ledger } = parts;
  // Names first: statuses of thousands of runs take their time, and rarely is one unknown.
  const ids = await unknownIds(ledger, await machine.agent.ids());
  const unknown: Run[] = [];
  for (let from = 0; from < ids.length; from += LIST_CHUNK) {
    const chunk = ids.slice(from, from + LIST_CHUNK);
    unknown.push(...(await readUnknown(chunk, machine, parts)));
  }
  let added = 0;
  for (let from = 0; from < unknown.length; from += CHUNK) {
    added += await putBack(ledger, machine, unknown.slice(from, from + CHUNK));
  }
  return added;
}

async function readUnknown(
  ids: readonly RunId[],
  machine: Machine,
  parts: RebuildParts,
): Promise<Run[]> {
  const { logs, logger, clock } = parts;
  const unknown: Run[] = [];
  for (const status of await machine.agent.list(ids)) {
    const id = asRunId(status.id);
    if (id === undefined || status.state === 'missing') {
      continue;
    }
    const run = runFromRecord(status.run, logs.pathOf(machine, id));
    if (run?.id === id) {
      // Whoever started it may call the machine by another name.
      const { provider, id: on } = machine;
      const foundAt = isOurs(run, machine, parts.installation) ? null : clock.now();
      unknown.push({ ...run, provider, machine: on, foundAt });
    } else {
      logger.warn(`the record of ${status.id} cannot be read; it is left alone`);
    }
  }
  return unknown;
}

// What was started here and is here was started by this computer, be it before
// everything of ours on it was lost. Elsewhere only the installation can tell.
function isOurs(run: Run, machine: Machine, installation: string): boolean {
  const isHere = run.provider === 'local' && machine.provider === 'local';
  return isHere || run.starter?.installation === installation;
}

// A run can have been deleted since it was listed. Whoever deletes one holds its
// lock until both directory and row are gone, so under the lock the machine's word holds.
async function putBack(ledger: Ledger, machine: Machine, runs: readonly Run[]): Promise<number> {
  const locked: { readonly run: Run; readonly lock: HeldLock }[] = [];
  let added = 0;
  try {
    for (const run of runs) {
      const lock = await ledger.locks.acquire(runLockName(run.id));
      if (lock !== undefined) {
        locked.push({ run, lock });
      }
    }
    const statuses = await machine.agent.status(locked.map(({ run }) => run.id));
    const present = new Set(
      statuses.filter(({ state }) => state !== 'missing').map(({ id }) => id),
    );
    for (const { run, lock } of locked) {
      if (present.has(run.id) && (await insertUnder(ledger, run, lock))) {
        added += 1;
      }
    }
  } finally {
    for (const { lock } of locked) {
      await ledger.locks.release(lock);
    }
  }
  return added;
}

// Another window may be doing the same; the first row stays.
async function insertUnder(ledger: Ledger, run: Run, lock: HeldLock): Promise<boolean> {
  try {
    return await ledger.runs.insertIfMissing(run, {
      guard: (handle) => ledger.locks.assertHeld(handle, lock),
    });
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'lock-lost') {
      return false;
    }
    throw error;
  }
}

async function unknownIds(ledger: Ledger, ids: readonly string[]): Promise<RunId[]> {
  const unknown: RunId[] = [];
  for (const text of ids) {
    const id = asRunId(text);
    if (id !== undefined && (await ledger.runs.get(id)) === undefined) {
      unknown.push(id);
    }
  }
  return unknown;
}
