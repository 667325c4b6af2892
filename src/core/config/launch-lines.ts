import { fullPath } from './line-scan.ts';
import type { EntryLine, HeaderLine, TomlOutline } from './line-scan.ts';

/** Where a run profile begins in a document. */
export interface LaunchLine {
  readonly profile: string;
  /** Offset of its first line. */
  readonly start: number;
}

/**
 * Finds the first line of each run profile, whether it is written as
 * `[runs.NAME]`, as `[runs]` with `NAME = { … }`, or with dotted keys.
 *
 * @param outline - the document
 * @returns in the order of the document
 */
export function launchLines(outline: TomlOutline): readonly LaunchLine[] {
  const found = new Map<string, LaunchLine>();
  for (const line of outline.lines) {
    const [section, profile] = fullPath(line);
    if (section === 'runs' && profile !== undefined && !found.has(profile) && isDone(line)) {
      found.set(profile, { profile, start: line.start });
    }
  }
  return [...found.values()];
}

// While a header or key is being typed, its name is not yet the profile's.
function isDone(line: HeaderLine | EntryLine): boolean {
  return line.kind === 'header' ? line.closing !== null : line.equals !== null;
}
