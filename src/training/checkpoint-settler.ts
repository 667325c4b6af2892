import type { ScanResult } from '../checkpoints/checkpoint-scanner.ts';
import { SETTLE_MS } from '../checkpoints/completeness.ts';
import type { CheckpointCandidate } from '../checkpoints/discovery.ts';
import { writtenAt } from '../checkpoints/written-at.ts';
import type { Clock } from '../core/clock.ts';
import { RunctlError } from '../core/errors.ts';
import type { Checkpoint } from '../core/model/records.ts';
import type { Run } from '../core/model/run.ts';
import { isActive } from '../core/model/run.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ProviderRegistry } from '../providers/provider-registry.ts';
import type { Machine } from '../providers/training-provider.ts';
import type { RunStatus } from '../remote/agent/agent-answers.ts';
import type { RunView } from '../resources/account-snapshot.ts';
import { scannerOf } from './create-observer.ts';
import { newestWhole } from './resume.ts';
import { statusOf } from './run-status.ts';

/** What a look at the checkpoints of a run found, and whether another is worth it. */
export interface Settlement extends ScanResult {
  /** Nothing is too fresh any more: what is not whole now never will be. */
  readonly final: boolean;
}

/**
 * Between the look at the end of a run and the one that settles its
 * checkpoints, in ms: a file system on the network may show old sizes for a moment.
 */
export const STOOD_MS = 2000;

/**
 * Says of what a run has left behind whether it is whole. A file of a format
 * that proves nothing counts once it has stood still: ten seconds while
 * somebody may still write to it, but two looks when no process of the run is left.
 */
export class CheckpointSettler {
  private readonly ledger: Ledger;
  private readonly registry: ProviderRegistry;
  private readonly clock: Clock;

  /**
   * @param ledger - has what was found at the end of each run
   * @param registry - the way to the machines
   * @param clock - source of time
   */
  constructor(ledger: Ledger, registry: ProviderRegistry, clock: Clock) {
    this.ledger = ledger;
    this.registry = registry;
    this.clock = clock;
  }

  /**
   * Looks anew at what a run is known to have written, and stores the verdicts
   * once it has ended.
   *
   * @param run - whose checkpoints
   * @param status - what its machine says of it; asked for unless told
   * @returns those that are still what they were, and the paths of all others
   * @throws {RunctlError} when the machine or the directory cannot be read
   */
  async settle(run: Run, status?: RunStatus): Promise<Settlement> {
    const stored = await this.ledger.checkpoints.list(run.id);
    const known = new Map(stored.map((item) => [item.path, item]));
    const machine = await this.registry.get(run.provider).connect(run.machine);
    const stands = !isActive(run) && (await this.isUnwritten(run, machine, status));
    const now = this.clock.now();
    const { clockAhead } = machine.agent;
    // The stored look was taken after the end: the same now is two looks alike.
    const scanner = scannerOf(run, machine, stands ? Number.NEGATIVE_INFINITY : SETTLE_MS);
    const result = await scanner.scan(now, {
      clockAhead,
      own: (candidate) => isSame(candidate, known.get(candidate.path)),
    });
    if (!isActive(run)) {
      await this.ledger.checkpoints.settle(run.id, result.checkpoints);
    }
    const isOld = (item: Checkpoint): boolean => now - writtenAt(item) >= SETTLE_MS;
    const final = stands || result.checkpoints.every((item) => item.complete || isOld(item));
    return { ...result, final };
  }

  /**
   * Finds what a run goes on from, after settling what is still in doubt; this
   * takes up to two seconds right after its end.
   *
   * @param view - the earlier run, with its checkpoints as the user sees them
   * @param picked - the one the user picked; the newest whole one unless told
   * @returns the checkpoint, with what is known of it now
   * @throws {RunError} when no checkpoint is whole
   */
  async toResume(
    view: Pick<RunView, 'run' | 'checkpoints'>,
    picked?: Checkpoint,
  ): Promise<Checkpoint> {
    const { run, checkpoints } = view;
    let seen = await this.known(run, picked === undefined ? checkpoints : [picked]);
    if (!isActive(run) && seen.some((item) => !item.complete)) {
      // A timer may come a moment early.
      while (this.sinceEnd(run) < STOOD_MS) {
        await this.clock.sleep(STOOD_MS - this.sinceEnd(run));
      }
      await this.settle(run);
      seen = await this.known(run, seen);
    }
    return picked === undefined ? newestWhole(seen) : (seen[0] ?? picked);
  }

  // What was changed since it was seen is no other checkpoint to the user.
  private async known<T extends Checkpoint>(run: Run, seen: readonly T[]): Promise<readonly T[]> {
    const stored = await this.ledger.checkpoints.list(run.id);
    const byPath = new Map(stored.map((item) => [item.path, item]));
    return seen.map((item) => {
      const now = byPath.get(item.path);
      const isKnown = now !== undefined && isSame(item, now);
      return isKnown ? { ...item, complete: now.complete, marks: now.marks } : item;
    });
  }

  private async isUnwritten(run: Run, machine: Machine, given?: RunStatus): Promise<boolean> {
    if (this.sinceEnd(run) < STOOD_MS) {
      return false;
    }
    const status = given ?? (await this.lastWord(run, machine));
    // A process left behind may be the one that saves.
    return (status?.state === 'ended' || status?.state === 'lost') && status.orphans === 0;
  }

  // What the agent cannot tell any more leaves the files' age to go by.
  private async lastWord(run: Run, machine: Machine): Promise<RunStatus | undefined> {
    try {
      const [status] = await statusOf(this.ledger, machine, [run.id]);
      return status;
    } catch (error) {
      if (error instanceof RunctlError) {
        return undefined;
      }
      throw error;
    }
  }

  // At most what matters, and never less than nothing: a wall clock can be set back.
  private sinceEnd(run: Run): number {
    return Math.min(STOOD_MS, Math.max(0, this.clock.now() - run.stateSince));
  }
}

function isSame(
  found: Pick<CheckpointCandidate, 'kind' | 'size' | 'modifiedAt'>,
  known: Checkpoint | undefined,
): boolean {
  return (
    found.kind === known?.kind &&
    found.size === known.size &&
    Math.round(found.modifiedAt) === Math.round(known.modifiedAt)
  );
}
