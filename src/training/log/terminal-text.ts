/** Most of an unfinished line that waits for its end, in characters. */
const MAX_HELD = 8 * 1024;

// Colours, erasing and cursor moves stay. What could retitle, query or write to
// the clipboard of a terminal goes: strings (OSC, DCS, APC, PM, SOS) in their
// seven- and eight-bit forms, reports, and the eight-bit introducer of the rest.
const HARMFUL = new RegExp(
  [
    String.raw`(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?`,
    String.raw`\u001b\[[0-9;?>=]*[cnxtqp]`,
    String.raw`[\u0005\u0080-\u009f]`,
  ].join('|'),
  'g',
);

/**
 * Makes a log safe for a terminal, piece by piece. It gives out whole lines
 * and frames, so that neither a secret nor a sequence is cut by the edge of a
 * piece and passes in two halves.
 */
export class TerminalText {
  private readonly mask: (text: string) => string;
  private held = '';

  /**
   * @param mask - hides secrets in whole lines
   */
  constructor(mask: (text: string) => string) {
    this.mask = mask;
  }

  /**
   * Takes the next piece.
   *
   * @param text - decoded, as the program wrote it
   * @returns what can be written, with `\r\n` line ends
   */
  push(text: string): string {
    const all = this.held + text;
    const end = Math.max(all.lastIndexOf('\n'), all.lastIndexOf('\r')) + 1;
    const cut = all.length - end > MAX_HELD ? all.length : end;
    this.held = all.slice(cut);
    return this.clean(all.slice(0, cut));
  }

  /**
   * Gives out the unfinished last line.
   *
   * @returns what can be written
   */
  end(): string {
    const rest = this.held;
    this.held = '';
    return this.clean(rest);
  }

  private clean(text: string): string {
    return this.mask(text).replace(HARMFUL, '').replaceAll(/\r?\n/g, '\r\n');
  }
}
