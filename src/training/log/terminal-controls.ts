// Text up to here needs no look at all. C1 controls, DEL and most of C0 go;
// an escape begins a sequence.
// eslint-disable-next-line no-control-regex -- control characters are its whole subject
const SPECIAL = /[\u0000-\u0007\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/** Sequences that only place, erase, colour, or show and hide the cursor. */
const HARMLESS = /^(?:[0-9;:]*[A-HJ-MPSTXdfm@]|\?(?:7|25)[hl])$/;
/** Longest sequence that is still looked at, in characters. */
const LONGEST = 128;

type State = 'text' | 'escape' | 'csi' | 'string';

/**
 * Lets of a log's control sequences only those through that colour, erase and
 * move the cursor. Whatever could retitle, query or reconfigure a terminal or
 * write to the clipboard goes, in its seven- and eight-bit form. Where a piece
 * was cut makes no difference: an unfinished sequence waits for the next one.
 */
export class TerminalControls {
  private state: State = 'text';
  // What followed the introducer of a CSI.
  private sequence = '';

  /**
   * Takes the next piece.
   *
   * @param text - decoded, as the program wrote it
   * @returns what may be written to a terminal
   */
  push(text: string): string {
    let out = '';
    let index = 0;
    while (index < text.length) {
      if (this.state === 'text') {
        const next = nextSpecial(text, index);
        out += text.slice(index, next);
        index = next;
      }
      const character = text[index];
      if (character !== undefined) {
        out += this.take(character);
        index++;
      }
    }
    return out;
  }

  private take(character: string): string {
    switch (this.state) {
      case 'escape':
        return this.afterEscape(character);
      case 'csi':
        return this.inCsi(character);
      case 'string':
        return this.inString(character);
      case 'text':
        return this.inText(character);
    }
  }

  private inText(character: string): string {
    this.state = 'text';
    if (character === '\u001b') {
      this.state = 'escape';
    } else if (character === '\u009b') {
      this.beginCsi();
    } else if ('\u0090\u0098\u009d\u009e\u009f'.includes(character)) {
      this.state = 'string';
    } else if (!isControl(character)) {
      return character;
    }
    return '';
  }

  private afterEscape(character: string): string {
    if (character === '[') {
      this.beginCsi();
    } else if (']PX^_'.includes(character)) {
      this.state = 'string';
    } else if (character >= '0' && character <= '~') {
      this.state = 'text';
    } else if (character < ' ' || character > '/') {
      return this.inText(character);
    }
    return '';
  }

  private inCsi(character: string): string {
    if (character < ' ' || character > '~') {
      // Malformed: the sequence goes, what broke it is read on its own.
      return this.inText(character);
    }
    if (this.sequence.length < LONGEST) {
      this.sequence += character;
    }
    if (character < '@') {
      return '';
    }
    this.state = 'text';
    return HARMLESS.test(this.sequence) ? `\u001b[${this.sequence}` : '';
  }

  private inString(character: string): string {
    if ('\u0007\u0018\u001a\u009c'.includes(character)) {
      this.state = 'text';
    } else if ('\u001b\n\r'.includes(character)) {
      // A line end too: without its introducer the rest is mere text, and a
      // string that is never ended must not swallow the whole log.
      return this.inText(character);
    }
    return '';
  }

  private beginCsi(): void {
    this.state = 'csi';
    this.sequence = '';
  }
}

function nextSpecial(text: string, from: number): number {
  SPECIAL.lastIndex = from;
  return SPECIAL.exec(text)?.index ?? text.length;
}

function isControl(character: string): boolean {
  SPECIAL.lastIndex = 0;
  return SPECIAL.test(character);
}
