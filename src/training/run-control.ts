import * as l10n from '@vscode/l10n';
import type { Clock } from '../core/clock.ts';
import { notFoundWithSuggestions } from '../core/error-helpers.ts';
import { MachineError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import { asRunId } from '../core/ids.ts';
import type { RunAfter } from '../core/model/run-after.ts';
import type { Run } from '../core/model/run.ts';
import { isActive } from '../core/model/run.ts';
import type { Guard } from '../ledger/handle.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ProviderRegistry } from '../providers/provider-registry.ts';
import type { Machine } from '../providers/training-provider.ts';
import { afterOf, isForWindow, NOT_BEGUN } from './after/after-state.ts';
import type { ResultFiles } from './after/result-files.ts';
import type { CodeKeeper } from './code-keeper.ts';
import type { FoundRuns } from './found-runs.ts';
import { neverStarted } from './launch-reconciler.ts';
import type { LogFiles } from './log/log-files.ts';
import { leaseUntil } from './run-lease.ts';
import { withRunLock } from './run-locks.ts';
import { isOutOfReach, outOfReach, refuseActive, refuseForOther } from './run-refusals.ts';
import { statusOf } from './run-status.ts';
import { transitionFor } from './run-transition.ts';

/** What acting on runs takes. */
export interface RunControlParts {
  readonly ledger: Ledger;
  readonly registry: ProviderRegistry;
  readonly code: CodeKeeper;
  readonly logs: LogFiles;
  readonly results: ResultFiles;
  readonly clock: Clock;
  /** Asks before an act on a run that another installation started. */
  readonly found: Pick<FoundRuns, 'agree'>;
}

/** What goes with a run that is deleted. */
export interface DeleteOptions {
  /** Also what of its results was brought to this host. */
  readonly results?: boolean;
}

/** What a user does to a run once it exists. Each act holds the run's lock. */
export class RunControl {
  private readonly ledger: Ledger;
  private readonly registry: ProviderRegistry;
  private readonly code: CodeKeeper;
  private readonly logs: LogFiles;
  private readonly results: ResultFiles;
  private readonly clock: Clock;
  private readonly found: RunControlParts['found'];

  constructor(parts: RunControlParts) {
    this.ledger = parts.ledger;
    this.registry = parts.registry;
    this.code = parts.code;
    this.logs = parts.logs;
    this.results = parts.results;
    this.clock = parts.clock;
    this.found = parts.found;
  }

  /**
   * Finds a run.
   *
   * @param id - full id
   * @returns the run
   * @throws {NotFoundError} when the ledger has none
   */
  async get(id: string): Promise<Run> {
    const runId = asRunId(id);
    const run = runId === undefined ? undefined : await this.ledger.runs.get(runId);
    if (run === undefined) {
      throw notFoundWithSuggestions(l10n.t('run'), id, []);
    }
    return run;
  }

  /**
   * Asks a run to stop: TERM now, KILL when the grace is over. Returns once
   * the machine has taken the request. An ended run stays as it is.
   *
   * @param id - the run
   * @param graceSeconds - 0 ends it now; the run's own grace unless told
   * @throws {RunError} `run-busy` when another command is at work on it
   * @throws {MachineError} `no-home` when its machine cannot tell anything of it
   */
  async stop(id: string, graceSeconds?: number): Promise<void> {
    const before = await this.get(id);
    await this.found.agree(before, 'stop');
    const grace = graceSeconds ?? before.spec.graceSeconds;
    const command = graceSeconds === 0 ? 'runctl.killRun' : 'runctl.stopRun';
    await withRunLock(this.ledger, before, command, async ({ guard }) => {
      // Much can have come between: the lock may have been waited for.
      const run = await this.get(id);
      await this.ledger.events.append(run.id, 'stop-requested', { grace }, this.clock.now());
      const machine = await this.registry.get(run.provider).connect(run.machine);
      const status = await machine.agent.stop(run.id, grace).catch(async (error: unknown) => {
        await this.settleUnknown(run, machine, error, guard);
      });
      const now = this.clock.now();
      const transition = status && transitionFor(run, status, now);
      // An end is recorded by whoever watches the run, once its log is read.
      if (transition?.state === 'stopping') {
        await this.ledger.runs.transition(run.id, transition, now);
      }
    });
  }

  /**
   * Moves the end of a run's lease. Returns once the machine has taken it.
   *
   * @param id - the run
   * @param seconds - from now; 0 takes the lease away
   * @throws {RunError} `run-busy` when another command is at work on it
   * @throws {MachineError} `ending` when it has ended or is being ended
   */
  async extend(id: string, seconds: number): Promise<void> {
    const before = await this.get(id);
    await this.found.agree(before, 'extend');
    await withRunLock(this.ledger, before, 'runctl.extendRun', async () => {
      const run = await this.get(id);
      const machine = await this.registry.get(run.provider).connect(run.machine);
      const status = await machine.agent.extend(run.id, seconds);
      const now = this.clock.now();
      await this.ledger.events.append(run.id, 'lease-extended', { seconds }, now);
      if (isActive(run)) {
        await this.ledger.runs.setLease(run.id, leaseUntil(status, now) ?? null);
        return;
      }
      const after = afterOf(run, status, now);
      if (after !== undefined) {
        await this.ledger.afters.set(run.id, after, [], now);
      }
    });
  }

  /**
   * Renames a run.
   *
   * @param id - the run
   * @param name - new name, 1 to 100 characters
   */
  async rename(id: string, name: string): Promise<void> {
    const run = await this.get(id);
    await this.ledger.runs.rename(run.id, name, this.clock.now());
  }

  /**
   * Sets the note of a run.
   *
   * @param id - the run
   * @param note - any text, may be empty
   */
  async annotate(id: string, note: string): Promise<void> {
    const run = await this.get(id);
    await this.ledger.runs.annotate(run.id, note, this.clock.now());
  }

  /**
   * Deletes a run with its log and metrics; its checkpoints stay.
   *
   * @param id - the run
   * @param options - what goes with it
   * @throws {RunError} when it is still active, here or on its machine, or
   *   `run-busy` when another command is at work on it
   * @throws {MachineError} `no-home` when its machine cannot tell anything of
   *   it, `out-of-reach` when the machine does not answer
   */
  async delete(id: string, options: DeleteOptions = {}): Promise<void> {
    const before = await this.get(id);
    refuseActive(before);
    await this.found.agree(before, 'delete');
    await withRunLock(this.ledger, before, 'runctl.deleteRun', async () => {
      const run = await this.ledger.runs.get(before.id);
      if (run === undefined) {
        return;
      }
      refuseActive(run);
      await this.removeThere(run);
      await this.forgetRow(run.id, options);
    });
  }

  /**
   * Forgets a run on this host, whatever became of it on its machine. Should
   * the machine answer again, the run is found there and comes back.
   *
   * @param id - the run
   * @param options - what goes with it
   * @throws {RunError} `run-busy` when another command is at work on it
   */
  async forget(id: string, options: DeleteOptions = {}): Promise<void> {
    const run = await this.get(id);
    await withRunLock(this.ledger, run, 'runctl.forgetRun', async () => {
      if (isActive(run)) {
        const reason = l10n.t('Forgotten here; what became of it is not known');
        const lost = { endedAt: this.clock.now(), exitCode: null, signal: null, startedAt: run.startedAt };
        await this.ledger.runs.transition(run.id, { ...lost, state: 'lost', reason }, this.clock.now());
      }
      await this.forgetRow(run.id, options);
    });
  }

  /**
   * Measures what of a run's results was brought to this host.
   *
   * @param id - the run
   * @returns where it is and its bytes; `null` when there is nothing
   */
  async resultsOf(id: RunId): Promise<{ readonly place: string; readonly bytes: number } | null> {
    const bytes = await this.results.size(id);
    return bytes === null ? null : { place: this.results.placeOf(id), bytes };
  }

  /**
   * Has the results of an ended run brought to their durable place once more.
   * Returns when that has begun, or will with the next look of whoever watches.
   *
   * @param id - the run
   * @param secrets - credentials and endpoint of the place by their AWS names
   * @throws {RunError} when it is still active, or being saved; `not-adopted`
   *   when that is for the computer that started it
   * @throws {MachineError} when its machine has no place to save it to
   */
  async saveAgain(id: string, secrets: Readonly<Record<string, string>>): Promise<void> {
    const before = await this.get(id);
    refuseActive(before);
    refuseForOther(before);
    await this.found.agree(before, 'save');
    await withRunLock(this.ledger, before, 'runctl.saveAgain', async () => {
      const run = await this.get(id);
      if (isForWindow(run)) {
        // Whoever watches sees at once that something changed.
        await this.noteAsked(run, NOT_BEGUN);
        return;
      }
      const machine = await this.registry.get(run.provider).connect(run.machine);
      const status = await machine.agent.save(run.id, secrets);
      await this.noteAsked(run, { ...NOT_BEGUN, ...afterOf(run, status, this.clock.now()), state: 'saving', error: null });
    });
  }

  private async noteAsked(run: Run, after: RunAfter): Promise<void> {
    const events = [{ kind: 'save-requested', data: {} }];
    await this.ledger.afters.set(run.id, after, events, this.clock.now());
  }

  private async removeThere(run: Run): Promise<void> {
    try {
      const machine = await this.registry.get(run.provider).connect(run.machine);
      const [status] = await statusOf(this.ledger, machine, [run.id]);
      if (status !== undefined && status.state !== 'missing') {
        await machine.agent.remove(run.id);
      }
    } catch (error) {
      throw isOutOfReach(error) ? outOfReach(run, error) : error;
    }
  }

  private async forgetRow(id: RunId, { results = false }: DeleteOptions): Promise<void> {
    await this.ledger.runs.delete(id);
    await this.code.forget(id);
    await this.logs.forget(id);
    if (results) {
      await this.results.forget(id);
    }
  }

  // A stop that its machine did not take. A launch whose window went away may
  // never have reached it; under the lock nobody can be about to.
  private async settleUnknown(
    run: Run,
    machine: Machine,
    error: unknown,
    guard: Guard,
  ): Promise<void> {
    if (!(error instanceof MachineError && error.code === 'not-found')) {
      throw error;
    }
    const [status] = await statusOf(this.ledger, machine, [run.id]);
    if (run.state !== 'queued' || status?.state !== 'missing') {
      throw error;
    }
    const now = this.clock.now();
    await this.ledger.runs.transition(run.id, neverStarted(now), now, { guard });
  }
}
