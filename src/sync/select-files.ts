import type { SourceTree } from './model.ts';
import type { SelectOptions } from './own-rules.ts';
import { describeProblem } from './problem-texts.ts';
import type { RawTree } from './raw-source.ts';
import { scanTree } from './scan-tree.ts';

/**
 * Finds what is sent of a workspace folder, on this thread: for tools and
 * tests. The extension asks a `SourceReader`, which works on another.
 *
 * @param root - absolute path of a directory
 * @param options - what a person chose
 * @param signal - gives up
 * @returns the tree
 */
export async function selectFiles(
  root: string,
  options: SelectOptions = {},
  signal?: AbortSignal,
): Promise<SourceTree> {
  return describeTree(await scanTree(root, options, signal));
}

/**
 * Makes of what a thread found what the rest works with.
 *
 * @param raw - what was found
 * @returns the tree
 */
export function describeTree(raw: RawTree): SourceTree {
  return {
    root: raw.root,
    rule: raw.rule,
    entries: raw.entries.map((entry) => {
      if (entry.kind === 'link') {
        return entry;
      }
      const { kind, path, size, modifiedAt, mode, identity } = entry;
      return { kind, path, size, modifiedAt, mode, identity };
    }),
    problems: raw.problems.map(describeProblem),
    bytes: raw.entries.reduce((sum, one) => sum + (one.kind === 'file' ? one.size : 0), 0),
  };
}
