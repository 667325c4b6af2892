import type { Clock } from '../core/clock.ts';
import { CancelledError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { Run } from '../core/model/run.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { withRunLock } from './run-locks.ts';

/** What a user is about to do to a run that another installation started. */
export type FoundAct = 'delete' | 'extend' | 'resume' | 'save' | 'stop';

/**
 * Asks whether to act on a run that this installation did not start.
 *
 * @param run - the run; `starter` says whose it is, as far as known
 * @param act - what is about to be done
 * @returns true to go on
 */
export type AskAboutFound = (run: Run, act: FoundAct) => Promise<boolean>;

/** What care for runs of other installations takes. */
export interface FoundRunsParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly ask: AskAboutFound;
}

/**
 * Stands between users and runs that another installation started: the first
 * act on one is asked about, and adopting it makes it one of this installation.
 */
export class FoundRuns {
  private readonly parts: FoundRunsParts;
  private readonly agreed = new Set<RunId>();

  /**
   * @param parts - see the fields
   */
  constructor(parts: FoundRunsParts) {
    this.parts = parts;
  }

  /**
   * Asks before the first act on a run of another installation; one's own, an
   * adopted one, and one already agreed on by this window pass.
   *
   * @param run - as the ledger has it
   * @param act - what is about to be done
   * @throws {CancelledError} when the user does not want it
   */
  async agree(run: Run, act: FoundAct): Promise<void> {
    if (!this.mustAsk(run)) {
      return;
    }
    if (!(await this.parts.ask(run, act))) {
      throw new CancelledError();
    }
    this.agreed.add(run.id);
  }

  /**
   * Tells whether an act on a run would be asked about.
   *
   * @param run - as the ledger has it
   * @returns false for one's own, and once agreed on
   */
  mustAsk(run: Run): boolean {
    return run.foundAt !== null && !this.agreed.has(run.id);
  }

  /**
   * Notes that the user agreed, for who asked about the run already.
   *
   * @param runs - named in the question
   */
  noteAgreed(runs: readonly Run[]): void {
    for (const { id } of runs) {
      this.agreed.add(id);
    }
  }

  /**
   * Makes a found run one of this installation: from now on what runs of its
   * own get by themselves this one gets too.
   *
   * @param run - the run
   * @returns false when it is gone, or is one of this installation already
   * @throws {RunError} `run-busy` when another command is at work on it
   */
  async adopt(run: Run): Promise<boolean> {
    const { ledger, clock } = this.parts;
    return withRunLock(ledger, run, 'runctl.adoptRun', ({ guard }) =>
      ledger.adoptions.adopt(run.id, run.starter, clock.now(), { guard, durable: true }),
    );
  }
}
