import type { ConfigProblem } from '../../../src/core/config/problem.ts';
import type { TextRange } from '../../../src/core/config/text-range.ts';

/** Splits a text at its cursor, written as `¦`. */
export function atCursor(marked: string): { text: string; offset: number } {
  const offset = marked.indexOf('¦');
  if (offset < 0) {
    throw new Error('the text needs a cursor');
  }
  return { text: marked.slice(0, offset) + marked.slice(offset + 1), offset };
}

/** The text a range covers. */
export function covered(text: string, range: TextRange): string {
  return text.slice(
    offsetOf(text, range.startLine, range.startColumn),
    offsetOf(text, range.endLine, range.endColumn),
  );
}

/** The text after a fix. */
export function fixed(text: string, { fix }: ConfigProblem): string {
  if (fix === null) {
    throw new Error('the problem has no fix');
  }
  const { range } = fix;
  return (
    text.slice(0, offsetOf(text, range.startLine, range.startColumn)) +
    fix.text +
    text.slice(offsetOf(text, range.endLine, range.endColumn))
  );
}

/** Whether both ends are places of the text, in order. */
export function isInside(text: string, range: TextRange): boolean {
  const lines = text.split(/\r\n|\n|\r/);
  const fits = (line: number, column: number): boolean =>
    line >= 0 && column >= 0 && column <= (lines[line]?.length ?? -1);
  const ordered =
    range.startLine < range.endLine ||
    (range.startLine === range.endLine && range.startColumn <= range.endColumn);
  return (
    ordered && fits(range.startLine, range.startColumn) && fits(range.endLine, range.endColumn)
  );
}

// Counts lines on its own, so that a mistake of the core's line index shows.
function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split('\n');
  return lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0) + column;
}
