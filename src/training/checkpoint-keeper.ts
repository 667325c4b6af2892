import * as l10n from '@vscode/l10n';
import type { ScanOptions } from '../checkpoints/checkpoint-scanner.ts';
import { CheckpointScanner } from '../checkpoints/checkpoint-scanner.ts';
import type { CleanupReport } from '../checkpoints/cleanup.ts';
import { cleanUpCheckpoints } from '../checkpoints/cleanup.ts';
import type { RetentionPlan, RetentionPolicy } from '../checkpoints/retention.ts';
import { planRetention } from '../checkpoints/retention.ts';
import type { Clock } from '../core/clock.ts';
import { CleanupError } from '../core/errors.ts';
import type { Checkpoint } from '../core/model/records.ts';
import type { Run } from '../core/model/run.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ProviderRegistry } from '../providers/provider-registry.ts';
import type { Machine } from '../providers/training-provider.ts';

/** Plans and carries out the removal of checkpoints. */
export class CheckpointKeeper {
  private readonly ledger: Ledger;
  private readonly registry: ProviderRegistry;
  private readonly clock: Clock;

  constructor(ledger: Ledger, registry: ProviderRegistry, clock: Clock) {
    this.ledger = ledger;
    this.registry = registry;
    this.clock = clock;
  }

  /**
   * Plans a clean-up of a run's checkpoint directory, looking at it anew.
   *
   * @param run - whose directory
   * @param policy - what stays
   * @returns the plan; nothing has happened yet
   */
  async plan(run: Run, policy: RetentionPolicy): Promise<RetentionPlan> {
    const machine = await this.connect(run);
    const { checkpoints } = await scannerOf(run, machine).scan(this.clock.now());
    return planRetention(checkpoints, policy, await this.guards());
  }

  /**
   * Plans the removal of one checkpoint the user pointed at.
   *
   * @param run - whose checkpoint
   * @param checkpoint - as the ledger has it
   * @returns the plan
   * @throws {CleanupError} when a run went on from it
   */
  async planOne(run: Run, checkpoint: Checkpoint): Promise<RetentionPlan> {
    const { resumedFrom } = await this.guards();
    if (resumedFrom.includes(checkpoint.path)) {
      throw new CleanupError(
        'resumed-from',
        l10n.t('{0} is kept: a run went on from it', checkpoint.path),
        { details: { run: run.id } },
      );
    }
    return { keep: [], remove: [checkpoint], bytesFreed: checkpoint.size };
  }

  /**
   * Carries a plan out and looks again.
   *
   * @param run - whose directory
   * @param plan - what to remove
   * @param signal - stops before the next checkpoint
   * @returns what was really deleted
   */
  async carryOut(run: Run, plan: RetentionPlan, signal?: AbortSignal): Promise<CleanupReport> {
    const machine = await this.connect(run);
    const directory = run.spec.checkpointDirectory;
    const report = await cleanUpCheckpoints(machine.files, directory, plan, signal);
    // What somebody else removed is no more in the list than what went now.
    const missing = report.skipped.filter(({ reason }) => reason === 'gone');
    const gone = [...report.deleted, ...missing.map(({ checkpoint }) => checkpoint)];
    await this.ledger.checkpoints.forgetPaths(gone.map(({ path }) => path));
    return report;
  }

  private async guards(): Promise<{ resumedFrom: string[]; protectedPaths: string[] }> {
    const runs = await this.ledger.runs.list({});
    const resumedFrom = runs.flatMap((run) => run.resumedFrom?.checkpointPath ?? []);
    return { resumedFrom, protectedPaths: [] };
  }

  private connect(run: Run): Promise<Machine> {
    return this.registry.get(run.provider).connect(run.machine);
  }
}

/**
 * Makes a scanner of a run's checkpoints.
 *
 * @param run - whose directory and globs
 * @param machine - where it is
 * @returns a scanner that has not looked yet
 */
export function scannerOf(run: Run, machine: Machine): CheckpointScanner {
  const options: ScanOptions = {
    runId: run.id,
    directory: run.spec.checkpointDirectory,
    globs: run.spec.checkpointGlobs,
    best: run.spec.best,
  };
  return new CheckpointScanner(machine.files, options);
}
