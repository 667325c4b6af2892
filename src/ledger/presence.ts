import type { LedgerError } from '../core/errors.ts';
import { Emitter, type Event } from '../core/events.ts';
import { fileIdentity } from './ledger-file.ts';
import { goneError } from './sqlite.ts';

/** Notices that an open file was deleted or replaced, which SQLite itself may not. */
export class Presence {
  private readonly path: string;
  private readonly identity: string | undefined;
  private readonly loseEmitter = new Emitter<LedgerError>();
  private lost: LedgerError | undefined;

  /** Fires once. */
  readonly onDidLose: Event<LedgerError> = this.loseEmitter.event;

  /**
   * @param path - just opened
   */
  constructor(path: string) {
    this.path = path;
    this.identity = fileIdentity(path);
  }

  /**
   * Compares the open file with the one at its path.
   *
   * @returns the loss, which is for good, or `undefined` while all is well
   */
  check(): LedgerError | undefined {
    if (this.lost === undefined && fileIdentity(this.path) !== this.identity) {
      this.lost = goneError(this.path);
      this.loseEmitter.fire(this.lost);
    }
    return this.lost;
  }

  /**
   * Recalls what `check` found, without looking.
   *
   * @returns the loss, if one was seen
   */
  known(): LedgerError | undefined {
    return this.lost;
  }

  dispose(): void {
    this.loseEmitter.dispose();
  }
}
