/** A place in a text; lines and columns (UTF-16 units) from 0, the end excluded. */
export interface TextRange {
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** The very first place of any text. */
export const TEXT_START: TextRange = { startLine: 0, startColumn: 0, endLine: 0, endColumn: 0 };

/** Converts between offsets and lines; lines end as in VS Code (`\n`, `\r\n`, `\r`). */
export class LineIndex {
  private readonly text: string;
  private readonly starts: readonly number[];
  private readonly ends: readonly number[];

  constructor(text: string) {
    const starts = [0];
    const ends: number[] = [];
    for (const match of text.matchAll(/\r\n|\n|\r/g)) {
      ends.push(match.index);
      starts.push(match.index + match[0].length);
    }
    ends.push(text.length);
    this.text = text;
    this.starts = starts;
    this.ends = ends;
  }

  /**
   * Converts offsets to a range.
   *
   * @param start - first offset
   * @param end - offset after the last; both are clamped to the text
   * @returns the range
   */
  range(start: number, end: number): TextRange {
    const from = this.position(start);
    const to = this.position(Math.max(start, end));
    return {
      startLine: from.line,
      startColumn: from.column,
      endLine: to.line,
      endColumn: to.column,
    };
  }

  /**
   * Converts a place to an offset, clamped to the text and its lines.
   *
   * @param line - from 0
   * @param column - from 0
   * @returns the offset
   */
  offset(line: number, column: number): number {
    const row = Math.min(Math.max(line, 0), this.starts.length - 1);
    const start = this.starts[row] ?? 0;
    return Math.min(start + Math.max(column, 0), this.ends[row] ?? this.text.length);
  }

  private position(offset: number): { line: number; column: number } {
    const at = Math.min(Math.max(offset, 0), this.text.length);
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.starts[middle] ?? 0) <= at) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    const start = this.starts[low] ?? 0;
    // Between `\r` and `\n` there is no place of its own.
    return { line: low, column: Math.min(at, this.ends[low] ?? at) - start };
  }
}
