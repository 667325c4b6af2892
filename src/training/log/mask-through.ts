import { replaceSpans } from '../../core/mask-spans.ts';
import { MASK, type TextMasker } from '../../core/mask.ts';

// As the filter of a terminal's text lets them through.
// eslint-disable-next-line no-control-regex -- control sequences are its subject
const SEQUENCE = /\u001b\[[0-?]*[ -/]*[@-~]/g;
// eslint-disable-next-line no-control-regex -- as above
const COLOUR = /\u001b\[[0-9;:]*m/g;
/** Most of a shown line that may begin a secret, in characters. */
const LONGEST_SHOWN = 1024;

/**
 * Hides secrets in a text that comes in pieces: every one that reads out of it
 * once its control sequences are obeyed, wherever these stand, also where the
 * first characters of an unfinished line were shown already. Colours set inside
 * a secret go on after it.
 */
export class MaskedPieces {
  private readonly masker: TextMasker;
  // The end of what was given out, when it was in the middle of a line.
  private shown = '';

  /**
   * @param masker - knows the secrets
   */
  constructor(masker: TextMasker) {
    this.masker = masker;
  }

  /**
   * Takes the next piece. A secret that it breaks off in is not found.
   *
   * @param piece - text whose control sequences are whole
   * @returns the piece with `***` in place of each secret
   */
  mask(piece: string): string {
    const before = this.shown.length;
    const raw = this.shown + piece;
    this.shown = /[\r\n]$/.test(piece) ? '' : raw.slice(-LONGEST_SHOWN);
    if (before === 0 && !raw.includes('\u001b')) {
      return this.masker.mask(raw);
    }
    const { text, places } = visibleText(raw);
    const spans = this.masker.spans(text).flatMap(({ start, end }) => {
      const last = (places[end - 1] ?? raw.length) + 1 - before;
      return last > 0 ? [{ start: Math.max(0, (places[start] ?? 0) - before), end: last }] : [];
    });
    return replaceSpans(piece, spans, (part) => MASK + (part.match(COLOUR) ?? []).join(''));
  }

  /**
   * Tells how much of the next piece may belong to a secret that goes on.
   *
   * @param piece - text whose control sequences are whole
   * @returns number of characters at its end to keep for now, often 0
   */
  holdBack(piece: string): number {
    const raw = this.shown + piece;
    if (!raw.includes('\u001b')) {
      return Math.min(piece.length, this.masker.holdBack(raw));
    }
    const { text, places } = visibleText(raw);
    const kept = this.masker.holdBack(text);
    const from = kept === 0 ? raw.length : (places[text.length - kept] ?? 0);
    return Math.min(piece.length, raw.length - from);
  }
}

// The text without its control sequences, and where each character stood.
function visibleText(raw: string): { text: string; places: readonly number[] } {
  const places: number[] = [];
  let text = '';
  let from = 0;
  const take = (end: number): void => {
    text += raw.slice(from, end);
    for (let place = from; place < end; place++) {
      places.push(place);
    }
  };
  for (const { 0: sequence, index } of raw.matchAll(SEQUENCE)) {
    take(index);
    from = index + sequence.length;
  }
  take(raw.length);
  return { text, places };
}
