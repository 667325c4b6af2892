import type { Clock } from '../../core/clock.ts';
import type { TextMasker } from '../../core/mask.ts';

import { MaskedPieces } from './mask-through.ts';
import { TerminalControls } from './terminal-controls.ts';

/** Most text that waits for its end, in characters. */
const MAX_HELD = 8 * 1024;
/** An unfinished line, such as a prompt, is shown after this time, in ms. */
const PAUSE_MS = 300;

/** What the text of a terminal needs. */
export interface TerminalTextOptions {
  readonly masker: TextMasker;
  readonly clock: Clock;
  /** Nothing is written any more once aborted. */
  readonly signal: AbortSignal;
  /** Takes text with `\r\n` line ends and no harmful sequences. */
  readonly write: (text: string) => void;
}

/**
 * Makes a log safe for a terminal, piece by piece. It gives out whole lines
 * and frames, and of an unfinished one after a pause what cannot be the
 * beginning of a secret, so that none passes in two halves.
 */
export class TerminalText {
  private readonly options: TerminalTextOptions;
  private readonly controls = new TerminalControls();
  private readonly masked: MaskedPieces;
  private held = '';
  private pausing = false;

  /**
   * @param options - see the fields
   */
  constructor(options: TerminalTextOptions) {
    this.options = options;
    this.masked = new MaskedPieces(options.masker);
  }

  /**
   * Takes the next piece and writes what can be written.
   *
   * @param text - decoded, as the program wrote it
   */
  push(text: string): void {
    this.held += this.controls.push(text);
    const end = Math.max(this.held.lastIndexOf('\n'), this.held.lastIndexOf('\r')) + 1;
    this.show(this.held.length - end > MAX_HELD ? this.held.length : end);
    if (this.held !== '' && !this.pausing) {
      this.pausing = true;
      void this.showAfterPause();
    }
  }

  /** Writes the rest, as nothing more comes. */
  end(): void {
    const rest = this.held;
    this.held = '';
    this.write(rest);
  }

  private async showAfterPause(): Promise<void> {
    const { clock, signal } = this.options;
    await clock.sleep(PAUSE_MS, signal).catch(() => undefined);
    this.pausing = false;
    this.show(this.held.length);
  }

  // Writes the held text up to there, save what may begin a secret.
  private show(end: number): void {
    const text = this.held.slice(0, end);
    const kept = Math.min(MAX_HELD, this.masked.holdBack(text));
    const size = end - kept;
    this.held = this.held.slice(size);
    this.write(text.slice(0, size));
  }

  private write(text: string): void {
    if (text !== '' && !this.options.signal.aborted) {
      this.options.write(this.masked.mask(text).replaceAll(/\r?\n/g, '\r\n'));
    }
  }
}
