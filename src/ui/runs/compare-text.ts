import * as l10n from '@vscode/l10n';
import type { RunView } from '../../resources/account-snapshot.ts';
import { compareFacts } from './compare-facts.ts';

/** More of a patch is no comparison but a read. */
const MAX_PATCH_LINES = 5000;

/**
 * Writes one run in a form made for a line-by-line diff with another: the
 * same keys in the same order, one fact a line.
 *
 * @param view - the run
 * @param patch - its code that was not committed; empty when there was none, `null` when it
 *   is on another computer
 * @returns text
 */
export function comparableText(view: RunView, patch: string | null): string {
  const lines = compareFacts(view).flatMap(({ kind, title, facts }) => [
    '',
    `## ${title}`,
    ...facts.map(([name, value]) => `${name}: ${value}`),
    ...(kind === 'code' ? patchLines(patch) : []),
  ]);
  return `${[`# ${view.run.name}`, ...lines].join('\n')}\n`;
}

// As it is: a diff of two patches shows what code really differed.
function patchLines(patch: string | null): readonly string[] {
  if (patch === null) {
    return [l10n.t('(what was not committed is not on this computer)')];
  }
  const lines = patch === '' ? [] : patch.trimEnd().split('\n');
  const shown = lines.slice(0, MAX_PATCH_LINES);
  const rest = lines.length - shown.length;
  return rest > 0 ? [...shown, l10n.t('… and {0} more lines', rest)] : shown;
}
