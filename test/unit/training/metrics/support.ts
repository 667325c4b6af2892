import { LineSplitter, type LogLine } from '../../../../src/training/log/line-splitter.ts';

/** Turns text into lines as a log would give them. */
export function linesOf(text: string): LogLine[] {
  const splitter = new LineSplitter();
  return [...splitter.push(Buffer.from(text)), ...splitter.end()];
}
