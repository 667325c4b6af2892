import type { Clock } from '../../core/clock.ts';

import { completeLength, erases, movesUp, stripControls } from './control-stripper.ts';
import type { LogLine } from './line-splitter.ts';

/** A live bar is shown at most once in this time, in milliseconds. */
export const BAR_INTERVAL_MS = 2000;

/**
 * Turns log lines into text for a view that can only append. Of a bar redrawn
 * by `\r` it shows a frame now and then and always the final one; control
 * sequences are taken out. A shown frame stays an unfinished line, so that the
 * same frame ended by `\n` does not appear twice.
 */
export class ScreenFolder {
  private readonly clock: Clock;
  // Text of the unfinished line at the end of the view.
  private open = '';
  // The newest frame that is not shown yet; '' wipes, undefined is none.
  private held: string | undefined;
  private lastShown = Number.NEGATIVE_INFINITY;
  // Inside a line cut into pieces, and what of it waits for the next piece.
  private inLong = false;
  private carry = '';
  private keptLong = '';
  private readonly holdBack: (text: string) => number;

  /**
   * @param clock - tells when a bar may be shown again
   * @param holdBack - characters at the end of an unfinished line that must
   *   not be shown before what follows them is known; none unless told
   */
  constructor(clock: Clock, holdBack: (text: string) => number = () => 0) {
    this.clock = clock;
    this.holdBack = holdBack;
  }

  /** True when `tick()` may have something to show later. */
  get waiting(): boolean {
    const text = this.showable;
    return text !== '' && text !== this.open;
  }

  /**
   * Shows what is still held back, as nothing more comes.
   *
   * @returns text to append
   */
  end(): string {
    const text = this.held ?? this.open;
    const out = this.keptLong + this.append(text);
    this.open = text;
    this.held = undefined;
    this.keptLong = '';
    return out;
  }

  /**
   * Ends the unfinished line, so that a notice can stand on its own.
   *
   * @returns text to append
   */
  breakLine(): string {
    const out = this.end();
    const broken = out !== '' || this.open !== '' || this.inLong;
    this.open = '';
    this.inLong = false;
    this.carry = '';
    return broken ? `${out}\n` : '';
  }

  /**
   * Takes the next lines.
   *
   * @param lines - as the splitter gives them
   * @returns text to append, with no control character but `\n` and `\t`
   */
  push(lines: readonly LogLine[]): string {
    let out = '';
    for (const line of lines) {
      out += this.take(line);
    }
    return out;
  }

  /**
   * Shows the newest frame of a bar that stands still, or an unfinished line.
   *
   * @param unfinished - the splitter's `peek()`
   * @returns text to append, empty before its time
   */
  tick(unfinished = ''): string {
    if (!this.inLong && unfinished !== '') {
      const text = stripControls(unfinished.slice(0, completeLength(unfinished)));
      this.held = text === '' ? this.held : text;
    }
    return this.showHeld();
  }

  private take(line: LogLine): string {
    if (this.inLong || line.end === 'piece') {
      return this.takeLong(line);
    }
    const text = stripControls(line.text);
    if (text !== '' || erases(line.text)) {
      this.held = text.trimEnd() === '' && line.end !== 'line' ? '' : text;
    }
    // Nested bars end their frames by `\n` and go up again.
    if (line.end === 'frame' || (line.end === 'line' && movesUp(line.text))) {
      return this.showHeld();
    }
    const final = this.held ?? this.open;
    const out = this.append(final) + (line.end === 'line' ? '\n' : '');
    this.open = line.end === 'line' ? '' : final;
    this.held = undefined;
    return out;
  }

  private takeLong(line: LogLine): string {
    const raw = this.carry + line.text;
    const size = line.end === 'piece' ? completeLength(raw) : raw.length;
    const all = this.keptLong + stripControls(raw.slice(0, size));
    const text = line.end === 'piece' ? this.sayable(all) : all;
    this.keptLong = all.slice(text.length);
    this.carry = raw.slice(size);
    const out = this.inLong ? text : this.append(text);
    this.inLong = line.end === 'piece';
    this.open = '';
    this.held = undefined;
    return this.inLong ? out : `${out}\n`;
  }

  private showHeld(): string {
    const now = this.clock.monotonic();
    if (!this.waiting || now - this.lastShown < BAR_INTERVAL_MS) {
      return '';
    }
    const text = this.showable;
    const out = this.append(text);
    this.open = text;
    // What was kept back of it shows when the line ends.
    this.held = this.held === text ? undefined : this.held;
    this.lastShown = now;
    return out;
  }

  private get showable(): string {
    return this.sayable(this.held ?? '');
  }

  private sayable(text: string): string {
    return text.slice(0, text.length - this.holdBack(text));
  }

  // What must be added so that the last line of the view reads `text`.
  private append(text: string): string {
    if (text.startsWith(this.open)) {
      return text.slice(this.open.length);
    }
    return text === '' ? '' : `\n${text}`;
  }
}
