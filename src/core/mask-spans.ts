/** A part of a text, from its first character to the one after its last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A text whose parts are replaced one after another, and where they were. */
export class SpanText {
  private readonly original: string;
  private readonly replacement: string;
  private found: readonly Span[] = [];
  private current: string;

  /**
   * @param original - any text
   * @param replacement - stands for each part that is replaced
   */
  constructor(original: string, replacement: string) {
    this.original = original;
    this.replacement = replacement;
    this.current = original;
  }

  /**
   * The text with what was replaced so far.
   *
   * @returns as `String.replace` would have left it
   */
  get text(): string {
    return this.current;
  }

  /**
   * What was replaced, in places of the original.
   *
   * @returns in order, none over another
   */
  get spans(): readonly Span[] {
    return this.found;
  }

  /**
   * Replaces what a pattern finds in the present text.
   *
   * @param pattern - global; its first group, if any, stays
   */
  replace(pattern: RegExp): void {
    const added = [...this.current.matchAll(pattern)].map(({ 0: match, 1: kept = '', index }) => ({
      start: this.place(index + kept.length, 'start'),
      end: this.place(index + match.length, 'end'),
    }));
    if (added.length > 0) {
      const untouched = this.found.filter(
        (old) => !added.some(({ start, end }) => start <= old.start && old.end <= end),
      );
      this.found = [...untouched, ...added].sort((a, b) => a.start - b.start);
      this.current = replaceSpans(this.original, this.found, () => this.replacement);
    }
  }

  // Where a place of the present text is in the original; inside a replacement
  // the edge of what it stands for.
  private place(index: number, edge: keyof Span): number {
    let shift = 0;
    for (const span of this.found) {
      const start = span.start - shift;
      if (index <= start) {
        break;
      }
      if (index < start + this.replacement.length) {
        return span[edge];
      }
      shift += span.end - span.start - this.replacement.length;
    }
    return index + shift;
  }
}

/**
 * Replaces parts of a text.
 *
 * @param text - any text
 * @param spans - in order, none over another
 * @param replace - given each part, says what stands for it
 * @returns the new text
 */
export function replaceSpans(
  text: string,
  spans: readonly Span[],
  replace: (part: string) => string,
): string {
  let out = '';
  let from = 0;
  for (const { start, end } of spans) {
    out += text.slice(from, start) + replace(text.slice(start, end));
    from = end;
  }
  return out + text.slice(from);
}
