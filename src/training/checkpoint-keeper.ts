import * as l10n from '@vscode/l10n';
import type { CleanupReport } from '../checkpoints/cleanup.ts';
import { cleanUpCheckpoints } from '../checkpoints/cleanup.ts';
import type { RetentionGuards, RetentionPlan, RetentionPolicy } from '../checkpoints/retention.ts';
import { planRetention } from '../checkpoints/retention.ts';
import { CleanupError } from '../core/errors.ts';
import type { Checkpoint } from '../core/model/records.ts';
import type { Run } from '../core/model/run.ts';
import { isActive } from '../core/model/run.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ProviderRegistry } from '../providers/provider-registry.ts';
import type { Machine } from '../providers/training-provider.ts';
import type { CheckpointSettler } from './checkpoint-settler.ts';

/** Plans and carries out the removal of checkpoints. */
export class CheckpointKeeper {
  private readonly ledger: Ledger;
  private readonly registry: ProviderRegistry;
  private readonly settler: CheckpointSettler;

  /**
   * @param ledger - knows the runs and what is kept
   * @param registry - the way to the machines
   * @param settler - tells what is whole
   */
  constructor(ledger: Ledger, registry: ProviderRegistry, settler: CheckpointSettler) {
    this.ledger = ledger;
    this.registry = registry;
    this.settler = settler;
  }

  /**
   * Plans a clean-up of a run's own checkpoints, looking at them anew. Those
   * of other runs in the directory, and what changed since the run was
   * watched, are left out of it.
   *
   * @param run - whose checkpoints
   * @param policy - what stays
   * @returns the plan; nothing has happened yet
   */
  async plan(run: Run, policy: RetentionPolicy): Promise<RetentionPlan> {
    const { checkpoints, others } = await this.settler.settle(run);
    const found = await this.withCopies(run, checkpoints);
    return { ...planRetention(found, policy, await this.guards(run)), others };
  }

  /**
   * Plans the removal of one checkpoint the user pointed at.
   *
   * @param run - whose checkpoint
   * @param checkpoint - as the ledger has it
   * @returns the plan
   * @throws {CleanupError} when a run went on from it, or it is protected
   */
  async planOne(run: Run, checkpoint: Checkpoint): Promise<RetentionPlan> {
    const { resumedFrom, protectedPaths } = await this.guards(run);
    const details = { run: run.id };
    if (resumedFrom.includes(checkpoint.path)) {
      const text = l10n.t('{0} is kept: a run went on from it', checkpoint.path);
      throw new CleanupError('resumed-from', text, { details });
    }
    if (protectedPaths.includes(checkpoint.path)) {
      const text = l10n.t('{0} is kept: it is protected', checkpoint.path);
      throw new CleanupError('protected', text, { details });
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

  // A look at the files themselves does not know of their copies.
  private async withCopies(run: Run, found: readonly Checkpoint[]): Promise<readonly Checkpoint[]> {
    const stored = await this.ledger.checkpoints.list(run.id);
    const copies = new Map(stored.map(({ path, durable }) => [path, durable]));
    return found.map((item) => {
      const durable = copies.get(item.path);
      return durable === undefined ? item : { ...item, durable };
    });
  }

  private async guards(run: Run): Promise<RetentionGuards> {
    const runs = await this.ledger.runs.list({});
    const stored = await this.ledger.checkpoints.guards();
    const inUse: string[] = [];
    for (const other of runs.filter((item) => item.id !== run.id && isActive(item))) {
      inUse.push(...(await this.ledger.checkpoints.list(other.id)).map(({ path }) => path));
    }
    return {
      // The stored ones outlive the run that went on.
      resumedFrom: [
        ...runs.flatMap((item) => item.resumedFrom?.checkpointPath ?? []),
        ...stored.filter((item) => item.resumedFrom).map(({ path }) => path),
      ],
      protectedPaths: stored.filter((item) => item.protected).map(({ path }) => path),
      inUse,
    };
  }

  private connect(run: Run): Promise<Machine> {
    return this.registry.get(run.provider).connect(run.machine);
  }
}
