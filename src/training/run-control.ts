import * as l10n from '@vscode/l10n';
import type { Clock } from '../core/clock.ts';
import { notFoundWithSuggestions } from '../core/error-helpers.ts';
import { RunError } from '../core/errors.ts';
import { asRunId } from '../core/ids.ts';
import type { Run } from '../core/model/run.ts';
import { isActive } from '../core/model/run.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ProviderRegistry } from '../providers/provider-registry.ts';
import type { CodeKeeper } from './code-keeper.ts';
import { runLockName } from './run-locks.ts';
import { transitionFor } from './run-transition.ts';

/** What a user does to a run once it exists. Each act holds the run's lock. */
export class RunControl {
  private readonly ledger: Ledger;
  private readonly registry: ProviderRegistry;
  private readonly code: CodeKeeper;
  private readonly clock: Clock;

  constructor(ledger: Ledger, registry: ProviderRegistry, code: CodeKeeper, clock: Clock) {
    this.ledger = ledger;
    this.registry = registry;
    this.code = code;
    this.clock = clock;
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
   */
  async stop(id: string, graceSeconds?: number): Promise<void> {
    const run = await this.get(id);
    const grace = graceSeconds ?? run.spec.graceSeconds;
    await this.ledger.locks.withLock(runLockName(run.id), async () => {
      await this.ledger.events.append(run.id, 'stop-requested', { grace }, this.clock.now());
      const machine = await this.registry.get(run.provider).connect(run.machine);
      const status = await machine.agent.stop(run.id, grace);
      const transition = transitionFor(run, status, this.clock.now());
      // An end is recorded by whoever watches the run, once its log is read.
      if (transition?.state === 'stopping') {
        await this.ledger.runs.transition(run.id, transition, this.clock.now());
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
   * @throws {RunError} when it is still active, here or on its machine
   */
  async delete(id: string): Promise<void> {
    const run = await this.get(id);
    if (isActive(run)) {
      throw new RunError('run-active', l10n.t('A run that is still active cannot be deleted'), {
        nextAction: { title: l10n.t('Stop Run'), command: 'runctl.stopRun', arguments: [run.id] },
      });
    }
    await this.ledger.locks.withLock(runLockName(run.id), async () => {
      const machine = await this.registry.get(run.provider).connect(run.machine);
      const [status] = await machine.agent.status([run.id]);
      if (status !== undefined && status.state !== 'missing') {
        await machine.agent.remove(run.id);
      }
      await this.ledger.runs.delete(run.id);
      await this.code.forget(run.id);
    });
  }
}
