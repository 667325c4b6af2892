import { mkdir } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { RunError } from '../../core/errors.ts';
import type { Checkpoint } from '../../core/model/records.ts';
import type { RunAfter } from '../../core/model/run-after.ts';
import type { Run } from '../../core/model/run.ts';
import type { Guard } from '../../ledger/handle.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Machine } from '../../providers/training-provider.ts';
import type { RunStatus } from '../../remote/agent/agent-answers.ts';
import type { CheckpointSettler } from '../checkpoint-settler.ts';
import { newestWhole } from '../resume.ts';
import { NOT_BEGUN } from './after-state.ts';
import type { ResultFiles } from './result-files.ts';

/** What saving to this host takes. */
export interface WindowSaverParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly files: ResultFiles;
  readonly settler: Pick<CheckpointSettler, 'settle'>;
}

/** A run whose results are to be brought here, and by what right. */
export interface SaveRequest {
  readonly run: Run;
  readonly status: RunStatus;
  readonly machine: Machine;
  /** Refuses writes when this window no longer watches. */
  readonly guard: Guard;
  readonly signal: AbortSignal;
  /** Hears where it goes, before the first byte. */
  readonly began: (after: RunAfter) => Promise<void>;
}

/** Brings the newest whole checkpoint of an ended run to this host. */
export class WindowSaver {
  private readonly parts: WindowSaverParts;

  constructor(parts: WindowSaverParts) {
    this.parts = parts;
  }

  /**
   * Downloads it, proved by hash; what an earlier try brought is not fetched again.
   *
   * @param request - see the fields
   * @returns `done`, or `waiting` while it is not known which checkpoint is whole
   * @throws {TransferError} when it cannot be read, or changes all the time
   * @throws {MachineError} when the way to the machine stays broken
   */
  async save(request: SaveRequest): Promise<RunAfter> {
    const { run, status, machine, guard, signal, began } = request;
    const { ledger, clock, files, settler } = this.parts;
    const { fetcher } = machine;
    if (fetcher === null) {
      return { ...NOT_BEGUN, state: 'done' };
    }
    const { final } = await settler.settle(run, status);
    if (!final) {
      return NOT_BEGUN;
    }
    const checkpoint = await this.pick(run, machine);
    if (checkpoint === undefined) {
      return { ...NOT_BEGUN, state: 'done' };
    }
    const destination = files.copyOf(run.id, checkpoint.path);
    const saving: RunAfter = { ...NOT_BEGUN, state: 'saving', place: destination };
    await began(saving);
    await mkdir(files.placeOf(run.id), { recursive: true });
    await fetcher.fetch({ source: checkpoint.path, destination, replace: true, signal });
    // It is the copy of what the ledger has only if it was that to the end.
    if (!(await isSame(machine, checkpoint))) {
      return NOT_BEGUN;
    }
    await ledger.checkpoints.addCopy(run.id, checkpoint, destination, clock.now(), { guard });
    const saved = [{ name: basename(checkpoint.path), bytes: checkpoint.size }];
    return { ...saving, state: 'done', saved };
  }

  // What another run has written over since is no result of this one.
  private async pick(run: Run, machine: Machine): Promise<Checkpoint | undefined> {
    let rest: readonly Checkpoint[] = await this.parts.ledger.checkpoints.list(run.id);
    for (;;) {
      const newest = newestOf(rest);
      if (newest === undefined || (await isSame(machine, newest))) {
        return newest;
      }
      rest = rest.filter((item) => item !== newest);
    }
  }
}

async function isSame(machine: Machine, { path, size, modifiedAt }: Checkpoint): Promise<boolean> {
  const found = await machine.files.inspect(path);
  return found?.size === size && Math.round(found.modifiedAt) === Math.round(modifiedAt);
}

function newestOf(checkpoints: readonly Checkpoint[]): Checkpoint | undefined {
  try {
    return newestWhole(checkpoints);
  } catch (error) {
    if (error instanceof RunError && error.code === 'no-checkpoint') {
      return undefined;
    }
    throw error;
  }
}
