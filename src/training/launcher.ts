import * as l10n from '@vscode/l10n';
import type { Clock } from '../core/clock.ts';
import { describeError } from '../core/error-chain.ts';
import { CancelledError, MachineError, NotFoundError, RunError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import { newRunId } from '../core/ids.ts';
import type { Logger } from '../core/logger.ts';
import type { Checkpoint } from '../core/model/records.ts';
import type { Run, Starter } from '../core/model/run.ts';
import { isActive } from '../core/model/run.ts';
import type { MicroDollarsPerHour } from '../core/money.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ProviderRegistry } from '../providers/provider-registry.ts';
import type { Machine, MovedFile } from '../providers/training-provider.ts';
import type { RunStatus } from '../remote/agent/agent-answers.ts';
import type { RunView } from '../resources/account-snapshot.ts';
import type { TransferProgress } from '../sync/model.ts';
import { agentAfter } from './after/agent-after.ts';
import type { CheckpointSettler } from './checkpoint-settler.ts';
import type { CodeKeeper } from './code-keeper.ts';
import type { FoundRuns } from './found-runs.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { planResume } from './launch-plan.ts';
import type { LogFiles } from './log/log-files.ts';
import { newRun } from './new-run.ts';
import { withPlacedCode } from './place-code.ts';
import { recordTransition } from './record-transition.ts';
import { checkResumable } from './resume.ts';
import { runLockName } from './run-locks.ts';
import { recordOf } from './run-record.ts';
import { requireHome, settledStatusOf } from './run-status.ts';
import { transitionFor } from './run-transition.ts';
import { setupStep } from './setup-key.ts';

/** What launching needs from the rest. */
export interface LauncherParts {
  readonly ledger: Ledger;
  readonly registry: ProviderRegistry;
  readonly code: CodeKeeper;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Price of a machine at launch; `null` when unknown. */
  readonly rateOf: (provider: string, machine: string) => Promise<MicroDollarsPerHour | null>;
  readonly logs: LogFiles;
  /** Written beside each run, for whoever finds it. */
  readonly starter: Starter;
  /** Asks before an act on a run that another installation started. */
  readonly found: Pick<FoundRuns, 'agree'>;
  /** Tells what was whole when a run ended. */
  readonly settler: Pick<CheckpointSettler, 'toResume'>;
}

/** What may vary between launches of the same plan. */
export interface LaunchOptions {
  /** Values of the plan's secrets by name; never stored. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Credentials and endpoint of the durable place by their AWS names; never stored. */
  readonly storeSecrets?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Hears how far the code is on its way to another machine. */
  readonly onProgress?: (progress: TransferProgress) => void;
  /** Hears of what a run had changed there, and where it is kept. */
  readonly onMoved?: (moved: MovedFile) => void;
}

/**
 * Starts runs, each at most once. The wish is in the ledger before the
 * machine hears of it; when the answer is lost the run is looked up by its
 * id, never started again.
 */
export class Launcher {
  private readonly parts: LauncherParts;

  constructor(parts: LauncherParts) {
    this.parts = parts;
  }

  /**
   * Launches a plan, bringing its code to the machine first where that is needed.
   *
   * @param plan - what to run and where
   * @param options - secrets, cancellation, progress
   * @returns the run as the ledger has it after the start
   * @throws {ExistsError} when another run is active in the same directory
   * @throws {MachineError} when the machine could not start it, or runs of it cannot be seen
   * @throws {TransferError} when its code could not be brought there
   * @throws {RunError} when it came too late, and was ended again
   */
  async launch(plan: LaunchPlan, options: LaunchOptions): Promise<Run> {
    const { ledger, registry } = this.parts;
    const machine = await registry.get(plan.provider).connect(plan.machine);
    await requireHome(ledger, machine);
    return machine.placer === null
      ? this.startPlan(plan, machine, options)
      : withPlacedCode(ledger, plan, machine.placer, options, (placed) =>
          this.startPlan(placed, machine, options),
        );
  }

  private async startPlan(
    plan: LaunchPlan,
    machine: Machine,
    options: LaunchOptions,
  ): Promise<Run> {
    const id = newRunId(this.parts.clock.now());
    try {
      return await this.startAs(id, plan, machine, options);
    } catch (error) {
      await this.forgetUnlessKept(id);
      throw error;
    }
  }

  private async startAs(
    id: RunId,
    plan: LaunchPlan,
    machine: Machine,
    options: LaunchOptions,
  ): Promise<Run> {
    const { ledger, clock } = this.parts;
    const run = await newRun(this.parts, id, plan, machine, options.signal);
    return ledger.locks.withLock(runLockName(run.id), async () => {
      cancelledBy(options.signal);
      await ledger.runs.insertWithIntent(run, {
        id: intentId(run.id),
        kind: 'launch-run',
        subject: `run:${run.id}`,
        request: { spec: run.spec },
        createdAt: clock.now(),
      });
      await this.guardOrigin(run);
      const status = await this.start(run, machine, options);
      const stored = await this.settle(run, status, machine);
      // A user who gave up waiting does not want it to run.
      if (options.signal?.aborted === true) {
        await machine.agent.stop(run.id, run.spec.graceSeconds);
        throw new CancelledError();
      }
      return stored;
    });
  }

  /**
   * Plans a run that goes on from a checkpoint, after checking that it is
   * still what the user saw.
   *
   * @param view - the earlier run
   * @param picked - the one the user picked; the newest whole one unless told
   * @returns the plan
   * @throws {RunError} when it would go on from something else
   */
  async planResume(
    view: Pick<RunView, 'run' | 'checkpoints'>,
    picked?: Checkpoint,
  ): Promise<LaunchPlan> {
    const { run } = view;
    await this.parts.found.agree(run, 'resume');
    const checkpoint = await this.parts.settler.toResume(view, picked);
    const machine = await this.parts.registry.get(run.provider).connect(run.machine);
    await checkResumable(run, checkpoint, machine);
    return planResume(run, checkpoint);
  }

  // What a run went on from is kept by every clean-up, also once that run is deleted.
  private async guardOrigin({ resumedFrom }: Run): Promise<void> {
    const { ledger } = this.parts;
    if (resumedFrom !== null && (await ledger.runs.get(resumedFrom.runId)) !== undefined) {
      const { runId, checkpointPath } = resumedFrom;
      await ledger.checkpoints.mark(runId, checkpointPath, 'resumedFrom', true);
    }
  }

  // The code of a launch that left no run behind is of no use to anyone.
  private async forgetUnlessKept(id: RunId): Promise<void> {
    const { ledger, code, logger } = this.parts;
    try {
      if ((await ledger.runs.get(id)) === undefined) {
        await code.forget(id);
      }
    } catch (error) {
      logger.warn(`the code of ${id} was not forgotten: ${describeError(error)}`);
    }
  }

  private async start(run: Run, machine: Machine, options: LaunchOptions): Promise<RunStatus> {
    const { spec } = run;
    try {
      return await machine.agent.start(run.id, {
        argv: spec.argv,
        env: spec.env,
        secrets: options.secrets,
        directory: spec.directory,
        graceSeconds: spec.graceSeconds,
        leaseSeconds: spec.leaseSeconds,
        idleSeconds: spec.idleSeconds,
        sharedDirectory: spec.sharedDirectory,
        setup: spec.setup,
        setupKey: spec.setupKey,
        setupStep: setupStep(spec.setup, spec.directory),
        setupOutputs: spec.setupOutputs,
        record: recordOf(run),
        ...agentAfter(run, options.storeSecrets ?? {}),
      });
    } catch (error) {
      // The answer may be lost although the run started: the machine decides.
      const found = await this.lookUp(run, machine, error);
      if (found !== undefined && found.state !== 'missing') {
        return found;
      }
      await this.giveUp(run, error);
      throw error;
    }
  }

  private async lookUp(run: Run, machine: Machine, failure: unknown): Promise<RunStatus | undefined> {
    try {
      return await settledStatusOf(this.parts.ledger, machine, run.id, failure);
    } catch (error) {
      this.parts.logger.warn(`look-up of ${run.id} failed: ${describeError(error)}`);
      throw new MachineError(
        'start-unknown',
        l10n.t('It is not known whether the run started. runctl keeps looking for it.'),
        { cause: error },
      );
    }
  }

  // Nothing ran: a row that never was would only clutter the list.
  private async giveUp(run: Run, error: unknown): Promise<void> {
    const { ledger, clock } = this.parts;
    await ledger.intents.close(
      intentId(run.id),
      'failed',
      { error: error instanceof Error ? error.message : String(error) },
      clock.now(),
    );
    // Another window may have called it failed: its row then stays to tell so.
    await ledger.runs.discard(run.id).catch(ignoreSettled);
  }

  private async settle(run: Run, status: RunStatus, machine: Machine): Promise<Run> {
    const { ledger, clock } = this.parts;
    const transition = transitionFor(run, status, clock.now());
    // An end is recorded by whoever watches the run, once its log is read.
    if (transition !== undefined && isActive(transition)) {
      await recordTransition(ledger, run, transition, clock.now()).catch(ignoreGone);
    }
    const stored = await ledger.runs.get(run.id);
    if (stored !== undefined && (isActive(stored) || stored.startedAt !== null)) {
      return stored;
    }
    // This window slept so long that another one took the run for never started.
    await machine.agent.stop(run.id, 0);
    throw new RunError(
      'start-late',
      l10n.t('The start took so long that it was given up meanwhile; the run was ended at once'),
    );
  }
}

function cancelledBy(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new CancelledError();
  }
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof NotFoundError)) {
    throw error;
  }
}

function ignoreSettled(error: unknown): void {
  if (!(error instanceof RunError)) {
    throw error;
  }
}

/**
 * Names the intent of a launch.
 *
 * @param id - the run
 * @returns the intent's id
 */
export function intentId(id: RunId): string {
  return `launch:${id}`;
}
