/** A call as it came in and what became of it. */
export interface JournalEntry {
  /** Milliseconds of the emulator's clock. */
  readonly at: number;
  readonly service: string;
  readonly region: string;
  readonly action: string;
  /** Parameters as they were sent, without the secret parts of the signature. */
  readonly parameters: unknown;
  /** HTTP status, or how the connection was cut. */
  outcome: number | 'dropped before' | 'dropped after';
  /** Code of the refusal, when it was one. */
  code?: string;
}

/** Every call, and every one that an honest client would not have made. */
export class Journal {
  readonly entries: JournalEntry[] = [];
  readonly violations: string[] = [];

  /** Names of the actions in order, optionally of one service. */
  actions(service?: string): string[] {
    return this.entries.filter((entry) => service === undefined || entry.service === service).map(({ action }) => action);
  }

  /** How many calls of an action there were. */
  count(action: string): number {
    return this.entries.filter((entry) => entry.action === action).length;
  }

  violation(text: string): void {
    this.violations.push(text);
  }

  /** Throws when there was a call that the emulator did not understand. */
  assertClean(): void {
    if (this.violations.length > 0) {
      throw new Error(`The emulator was called in ways it does not know:\n${this.violations.join('\n')}`);
    }
  }
}
