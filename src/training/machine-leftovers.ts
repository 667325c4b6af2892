import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import * as l10n from '@vscode/l10n';
import { describeError } from '../core/error-chain.ts';
import { CleanupError, MachineError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { Run } from '../core/model/run.ts';
import { isActive } from '../core/model/run.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { PooledMachine } from '../providers/ssh/machine-pool.ts';
import type { RunStatus } from '../remote/agent/agent-answers.ts';
import { diskUse } from '../remote/disk-use.ts';
import type { WorkPart, WorkWeight } from '../sync/transfer/discard-trees.ts';
import { isUnfinished } from './after/after-state.ts';
import { withRunLock } from './run-locks.ts';

/** Something of ours on a machine that can be deleted by itself. */
export type LeftoverKind = 'code' | 'keep' | 'runs' | 'agent';

/** What there is of one kind. */
export interface Leftover {
  readonly kind: LeftoverKind;
  /** Files; of `runs` the runs. */
  readonly count: number;
  /** As the machine's disk counts them. */
  readonly bytes: number;
}

/** What this installation has left on a machine, as it was at one look. */
export interface Leftovers {
  readonly items: readonly Leftover[];
  readonly works: readonly WorkWeight[];
  /** Those of them whose folders of runs may go, too. */
  readonly kept: readonly WorkWeight[];
  /** Ended, and their logs whole on this host. */
  readonly runs: readonly Run[];
}

/** What else is to be deleted: folders of this host that were sent, maybe without a run. */
export interface LeftoverScope {
  /** Absolute paths. */
  readonly folders: readonly string[];
}

/** Statuses asked for at once, well within the time limit of a verb. */
const CHUNK = 200;
const TREE = /^[a-z]$/u;
const OVER: ReadonlySet<RunStatus['state']> = new Set(['ended', 'lost', 'missing']);

/**
 * Looks at what this installation has left on a machine. Only what can go
 * safely is named: no run that is active or whose log is not whole here, no
 * tree that an active run uses, no agent that others need.
 *
 * @param ledger - knows our runs
 * @param machine - is asked
 * @param scope - see the field
 * @returns what there is
 * @throws {MachineError} when the machine cannot tell
 */
export async function lookForLeftovers(
  ledger: Ledger,
  machine: PooledMachine,
  scope: LeftoverScope,
): Promise<Leftovers> {
  const statuses = await statusesOn(machine);
  const all = await ledger.runs.list({});
  const ours = all.filter((run) => isOurs(run, machine));
  const runs = await removable(ours, new Map(statuses.map((status) => [status.id, status])));
  const inUse = statuses.filter((status) => !isOver(status)).map(({ cwd }) => cwd ?? '');
  const works = (await machine.trees.weigh(worksOf(ours, machine, scope.folders))).filter(
    ({ work }) =>
      !inUse.some((cwd) => isWithin(cwd, work)) &&
      // The machine may say it by another way there.
      !ours.some((run) => isActive(run) && isWithin(run.spec.directory, work)),
  );
  // What is still to be saved from there stays.
  const unsaved = ours.filter(isUnfinished).map(({ spec }) => spec.place?.keep ?? '');
  const kept = works.filter(({ work }) => !unsaved.some((keep) => isWithin(keep, work)));
  const items = [sum('code', works), sum('keep', kept)];
  const size = await diskUse(machine.shell, runs.map(({ id }) => machine.agent.runDirectory(id)));
  items.push({ kind: 'runs', count: runs.length, bytes: size });
  const going = new Set<string>(runs.map(({ id }) => id));
  if (statuses.every(({ id }) => going.has(id))) {
    items.push({ kind: 'agent', count: 1, bytes: 0 });
  }
  return { items: items.filter(({ count }) => count > 0), works, kept, runs };
}

/**
 * Deletes what was picked, looking again right before.
 *
 * @param ledger - forgets checkpoints that went
 * @param machine - where
 * @param scope - as of the look
 * @param kinds - what goes
 * @throws {CleanupError} when something could not be deleted; the rest may be gone
 * @throws {MachineError} when the machine cannot tell
 */
export async function removeLeftovers(
  ledger: Ledger,
  machine: PooledMachine,
  scope: LeftoverScope,
  kinds: ReadonlySet<LeftoverKind>,
): Promise<void> {
  const failures: unknown[] = [];
  const attempt = async (action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      failures.push(error);
    }
  };
  const found = await lookForLeftovers(ledger, machine, scope);
  for (const run of kinds.has('runs') ? found.runs : []) {
    await attempt(() =>
      withRunLock(ledger, run, 'runctl.forgetMachine', () => machine.agent.remove(run.id)),
    );
  }
  for (const work of found.works) {
    const may = { code: true, keep: found.kept.includes(work) };
    const parts = (['code', 'keep'] as const).filter((part) => kinds.has(part) && may[part]);
    if (parts.length > 0) {
      await attempt(() => discard(ledger, machine, work.work, parts));
    }
  }
  // Last: whatever is asked of the machine brings it again.
  if (kinds.has('agent') && failures.length === 0) {
    await attempt(() => removeAgent(machine));
  }
  if (failures.length > 0) {
    throw cannot(machine, failures);
  }
}

async function discard(
  ledger: Ledger,
  machine: PooledMachine,
  work: string,
  parts: readonly WorkPart[],
): Promise<void> {
  await machine.trees.discard(work, parts);
  const gone: string[] = [];
  for (const run of parts.includes('keep') ? await ledger.runs.list({}) : []) {
    if (isOurs(run, machine)) {
      const paths = (await ledger.checkpoints.list(run.id)).map(({ path }) => path);
      gone.push(...paths.filter((path) => isWithin(path, posix.join(work, 'keep'))));
    }
  }
  await ledger.checkpoints.forgetPaths(gone);
}

async function removeAgent(machine: PooledMachine): Promise<void> {
  const left = await statusesOn(machine);
  if (left.length > 0) {
    throw new MachineError('agent-in-use', l10n.t('The agent stays: runs are left on the machine ({0})', left.length));
  }
  await machine.agent.script.remove();
}

async function statusesOn({ agent }: PooledMachine): Promise<readonly RunStatus[]> {
  const found: RunStatus[] = [];
  const ids = await agent.ids().catch((error: unknown) => {
    if (error instanceof MachineError && error.code === 'no-home') {
      return [];
    }
    throw error;
  });
  for (let from = 0; from < ids.length; from += CHUNK) {
    const chunk = ids.slice(from, from + CHUNK);
    // Those that cannot be read may be anything.
    const told = new Map((await agent.status(chunk as RunId[])).map((status) => [status.id, status]));
    found.push(...chunk.map((id) => told.get(id) ?? { id, state: 'elsewhere' as const }));
  }
  return found;
}

// Trees of another installation have other names, whatever their runs' records say.
function isOurs({ provider, machine: id, spec: { place } }: Run, machine: PooledMachine): boolean {
  if (place === null || provider !== machine.provider || id !== machine.id) {
    return false;
  }
  const work = posix.dirname(place.tree);
  const directory = posix.dirname(posix.dirname(work));
  return TREE.test(posix.basename(place.tree)) && machine.trees.workOf(place.source, directory) === work;
}

function worksOf(
  runs: readonly Run[],
  machine: PooledMachine,
  folders: readonly string[],
): readonly string[] {
  const works = runs.flatMap(({ spec: { place } }) => (place === null ? [] : [posix.dirname(place.tree)]));
  return [...new Set([...works, ...folders.map((folder) => machine.trees.workOf(folder))])];
}

async function removable(
  runs: readonly Run[],
  statuses: ReadonlyMap<string, RunStatus>,
): Promise<readonly Run[]> {
  const found: Run[] = [];
  for (const run of runs) {
    const status = statuses.get(run.id);
    const isDone = !isActive(run) && status?.state !== 'missing' && !isUnfinished(run) && (run.after?.error ?? null) === null;
    if (isDone && status !== undefined && isOver(status) && (await isLogHere(run, status))) {
      found.push(run);
    }
  }
  return found;
}

function isOver({ state, orphans, after }: RunStatus): boolean {
  const isQuiet = after == null || after.state === 'done' || after.state === 'lost';
  return OVER.has(state) && (orphans ?? 0) === 0 && isQuiet;
}

async function isLogHere({ logPath }: Run, { log }: RunStatus): Promise<boolean> {
  const size = logPath === null ? undefined : await stat(logPath).then((facts) => facts.size, () => undefined);
  return log != null && size === log;
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function sum(kind: WorkPart, works: readonly WorkWeight[]): Leftover {
  const count = works.reduce((total, work) => total + work[kind].files, 0);
  return { kind, count, bytes: works.reduce((total, work) => total + work[kind].bytes, 0) };
}

function cannot(machine: PooledMachine, failures: readonly unknown[]): CleanupError {
  return new CleanupError(
    'leftovers',
    l10n.t('Not all of it could be deleted on {0}, so the machine stays in the list', machine.id),
    {
      cause: failures[0],
      steps: failures.slice(0, 3).map((failure) => describeError(failure)),
      details: { failures: failures.length },
    },
  );
}
