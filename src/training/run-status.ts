import { MachineError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Machine } from '../providers/training-provider.ts';
import type { RunStatus } from '../remote/agent/agent-answers.ts';
import { isRefusal } from '../remote/agent/agent-failure.ts';

/**
 * Reads where runs stand. A machine without its folder of runs knows nothing
 * of any: where a run was started before, its disk is not mounted, and that
 * is no answer; where none ever was, all of them are missing.
 *
 * @param ledger - remembers what was started
 * @param machine - to ask
 * @param ids - the runs
 * @returns one status each, in the same order
 * @throws {MachineError} `no-home` when nothing can be told
 */
export async function statusOf(
  ledger: Ledger,
  machine: Machine,
  ids: readonly RunId[],
): Promise<readonly RunStatus[]> {
  try {
    return await machine.agent.status(ids);
  } catch (error) {
    if (isHomeless(error) && !(await ledger.runs.hasStartedOn(machine.provider, machine.id))) {
      return ids.map((id) => ({ id, state: 'missing' }));
    }
    throw error;
  }
}

/**
 * Reads where a run stands whose start may still be under way to the machine.
 *
 * @param ledger - remembers what was started
 * @param machine - to ask
 * @param id - the run
 * @param failure - what the start threw, when it is known; one that was refused is not under way
 * @returns its status; state `missing` only when it never starts from now on
 * @throws {MachineError} `no-home` when nothing can be told
 */
export async function settledStatusOf(
  ledger: Ledger,
  machine: Machine,
  id: RunId,
  failure?: unknown,
): Promise<RunStatus | undefined> {
  const [status] = await statusOf(ledger, machine, [id]);
  return status?.state === 'missing' && !isRefusal(failure) ? machine.agent.forbid(id) : status;
}

/**
 * Refuses to start beside runs that are under way and cannot be seen: the
 * folder would be made anew, and they would read as lost.
 *
 * @param ledger - remembers what was started
 * @param machine - where a run is to start
 * @throws {MachineError} `no-home`
 */
export async function requireHome(ledger: Ledger, machine: Machine): Promise<void> {
  const active = await ledger.runs.list({ active: true });
  const other = active.find(
    (run) =>
      run.state !== 'queued' && run.provider === machine.provider && run.machine === machine.id,
  );
  if (other === undefined) {
    return;
  }
  try {
    await machine.agent.status([other.id]);
  } catch (error) {
    // Whatever else is wrong with the machine, the start itself tells.
    if (isHomeless(error)) {
      throw error;
    }
  }
}

/**
 * Tells whether a machine could not say anything for want of its folder of runs.
 *
 * @param error - what asking it threw
 * @returns true for `no-home`
 */
export function isHomeless(error: unknown): error is MachineError {
  return error instanceof MachineError && error.code === 'no-home';
}
