import type { Clock } from '../../core/clock.ts';

/** What pacing needs. */
export interface PacedTextOptions {
  readonly clock: Clock;
  /** Nothing is written any more once aborted. */
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
  /** Characters at the end of a text to keep for now; none unless told. */
  readonly holdBack?: (text: string) => number;
}

const BATCH_MS = 50;
const BATCH_CHARACTERS = 256 * 1024;

/** Hands text on in batches of bounded size, with time to breathe between them. */
export class PacedText {
  private readonly options: PacedTextOptions;
  private batch = '';
  private lastWrite = Number.NEGATIVE_INFINITY;
  private scheduled = false;
  private ended = false;

  /**
   * @param options - see the fields
   */
  constructor(options: PacedTextOptions) {
    this.options = options;
  }

  /**
   * Takes text that is written now or soon.
   *
   * @param text - goes on with what came before
   */
  add(text: string): void {
    this.batch += text;
    if (this.batch === '' || this.scheduled || this.options.signal.aborted) {
      return;
    }
    const wait = this.untilNext();
    if (wait === 0) {
      this.flush();
      return;
    }
    this.scheduled = true;
    void this.pause(wait).then(() => {
      this.scheduled = false;
      // Somebody who waited for room may have written meanwhile.
      this.add('');
    });
  }

  /**
   * Waits while more has come than one batch holds: the back-pressure for whoever adds.
   *
   * @returns when there is room again
   */
  async room(): Promise<void> {
    if (this.batch.length >= BATCH_CHARACTERS) {
      await this.pause(this.untilNext());
      this.flush();
    }
  }

  /** Writes all that is left at once, as nothing more comes. */
  end(): void {
    this.ended = true;
    this.flush();
  }

  private flush(): void {
    const { signal, holdBack, clock, write } = this.options;
    if (this.batch === '' || signal.aborted) {
      return;
    }
    const kept = this.ended ? 0 : (holdBack?.(this.batch) ?? 0);
    const text = this.batch.slice(0, this.batch.length - kept);
    this.batch = this.batch.slice(text.length);
    if (text !== '') {
      this.lastWrite = clock.monotonic();
      write(text);
    }
  }

  private untilNext(): number {
    return Math.max(0, this.lastWrite + BATCH_MS - this.options.clock.monotonic());
  }

  private pause(ms: number): Promise<void> {
    const { clock, signal } = this.options;
    return ms === 0 ? Promise.resolve() : clock.sleep(ms, signal).catch(() => undefined);
  }
}
