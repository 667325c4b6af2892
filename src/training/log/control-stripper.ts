// Nearly every line is free of these; one test spares it all the work. Beside
// the C0 and C1 controls: marks that reorder text, and odd line separators.
// eslint-disable-next-line no-control-regex -- control characters are its whole subject
const SUSPECT = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;

// In turn: CSI with its final byte, a string (OSC, DCS, APC, PM, SOS) up to its
// terminator, any shorter escape, and the rest one by one. A malformed CSI loses
// its introducer only, so the text behind it stays to be read.
const CONTROLS = new RegExp(
  [
    String.raw`(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]`,
    String.raw`(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])` +
      String.raw`[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?`,
    String.raw`\u001b[ -/]*[0-~]?`,
    String.raw`[\u0000-\u0007\u000b-\u001a\u001c-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]`,
  ].join('|'),
  'g',
);

// An escape sequence that the end of a piece has cut in two.
// eslint-disable-next-line no-control-regex -- as above
const CUT_SEQUENCE = /(?:\u001b|\u001b\[[0-?]{0,64}[ -/]{0,8}|\u001b[ -/]{1,8})$/;

// eslint-disable-next-line no-control-regex -- as above
const ERASES = /\u001b\[[0-3]?[JK]/;
// eslint-disable-next-line no-control-regex -- as above
const MOVES_UP = /\u001b\[\d*[AF]/;

/**
 * Makes text safe to show: no colours, cursor moves, titles, links or other
 * control sequences, no character that reorders what is read.
 *
 * @param text - one line without its end
 * @returns the text with no control character but `\t`
 */
export function stripControls(text: string): string {
  if (!SUSPECT.test(text)) {
    return text;
  }
  const plain = text.replace(CONTROLS, '');
  return plain.includes('\b') ? overstrike(plain) : plain;
}

/**
 * Finds the part of a cut line that must wait for the next piece.
 *
 * @param text - a piece of a line
 * @returns index where an unfinished escape sequence starts, else the length
 */
export function completeLength(text: string): number {
  const match = CUT_SEQUENCE.exec(text.slice(-80));
  return match === null ? text.length : text.length - match[0].length;
}

/**
 * Tells whether a line clears what was shown in its place.
 *
 * @param text - raw line
 * @returns true when it carries an erase sequence
 */
export function erases(text: string): boolean {
  return text.includes('\u001b') && ERASES.test(text);
}

/**
 * Tells whether a line moves up to be drawn again, as nested bars do.
 *
 * @param text - raw line
 * @returns true when it carries a cursor-up sequence
 */
export function movesUp(text: string): boolean {
  return text.includes('\u001b') && MOVES_UP.test(text);
}

// A backspace moves left; what follows is written over what was there.
function overstrike(text: string): string {
  const cells: string[] = [];
  let column = 0;
  for (const character of text) {
    if (character === '\b') {
      column = Math.max(0, column - 1);
    } else {
      cells[column++] = character;
    }
  }
  return cells.join('');
}
