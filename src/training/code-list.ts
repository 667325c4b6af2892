import * as l10n from '@vscode/l10n';
import type { HashedTree } from '../sync/model.ts';
import type { Manifest, ManifestEntry } from '../sync/transfer/manifest.ts';

/** Which files are not what they were. Paths relative to the folder, sorted. */
export interface ListDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/**
 * Compares what was sent for a run with a folder now, by paths and hashes.
 *
 * @param then - what was sent
 * @param now - what would be sent
 * @returns what differs; contents of then are not kept anywhere here
 */
export function listDiff(then: Manifest, now: Pick<HashedTree, 'entries'>): ListDiff {
  const before = new Map(then.entries.map((entry) => [entry.path, contentOf(entry)]));
  const after = new Map(now.entries.map((entry) => [entry.path, contentOf(entry)]));
  const paths = (of: ReadonlyMap<string, string>, holds: (path: string) => boolean): string[] =>
    [...of.keys()].filter(holds).sort();
  return {
    added: paths(after, (path) => !before.has(path)),
    removed: paths(before, (path) => !after.has(path)),
    changed: paths(after, (path) => before.has(path) && before.get(path) !== after.get(path)),
  };
}

/**
 * Writes what differs as a document.
 *
 * @param name - of the run
 * @param diff - what differs
 * @returns text; empty when nothing does
 */
export function listText(name: string, diff: ListDiff): string {
  const { added, removed, changed } = diff;
  const lines = [
    ...changed.map((path) => `M ${shown(path)}`),
    ...added.map((path) => `A ${shown(path)}`),
    ...removed.map((path) => `D ${shown(path)}`),
  ];
  if (lines.length === 0) {
    return '';
  }
  const head = [
    l10n.t('Files that are not what they were when “{0}” began: M changed, A added, D removed since.', name),
    l10n.t('Its folder was in no git repository, so only names and hashes were kept, no contents.'),
  ];
  return `${[...head, '', ...lines].join('\n')}\n`;
}

function contentOf(entry: ManifestEntry | HashedTree['entries'][number]): string {
  return entry.kind === 'file' ? `file ${entry.hash}` : `link ${entry.target}`;
}

// A name with a line break must not read as two.
function shown(path: string): string {
  return /[\p{Cc}\u2028\u2029]/u.test(path) ? JSON.stringify(path) : path;
}
