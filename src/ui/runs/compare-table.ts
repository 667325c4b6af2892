import * as l10n from '@vscode/l10n';
import { shortRunId } from '../../core/ids.ts';
import type { RunView } from '../../resources/account-snapshot.ts';
import { compareFacts, NONE } from './compare-facts.ts';

/** A longer cell would push the other runs off the screen. */
const MAX_CELL = 40;

/**
 * Writes several runs side by side, what differs first: two columns of a diff
 * are not enough for three runs.
 *
 * @param views - the runs, in the order of the columns
 * @returns markdown with two tables, aligned to be read as text
 */
export function compareTable(views: readonly RunView[]): string {
  const names = views.map(({ run }) => `${run.name} (${shortRunId(run.id)})`);
  const rows = rowsOf(views);
  const differing = rows.filter(([, ...values]) => new Set(values).size > 1);
  const same = rows.filter(([, ...values]) => new Set(values).size === 1);
  return [
    `# ${l10n.t('Comparison of {0} runs', views.length)}`,
    `## ${l10n.t('Different')}`,
    differing.length === 0 ? l10n.t('Nothing.') : table(['', ...names], differing),
    `## ${l10n.t('The same in all')}`,
    same.length === 0 ? l10n.t('Nothing.') : table(['', ''], same.map((row) => row.slice(0, 2))),
    '',
  ].join('\n\n');
}

type Row = readonly string[];

// Runs need not have the same facts: the union of them, in the order of the first that has each.
function rowsOf(views: readonly RunView[]): readonly Row[] {
  const perRun = views.map(
    (view) =>
      new Map(
        compareFacts(view).flatMap(({ kind, facts }) =>
          facts.map(([name, value]) => [keyOf(kind, name), value] as const),
        ),
      ),
  );
  const order = ['outcome', 'metrics', 'configuration', 'code', 'checkpoints'];
  const keys = [...new Set(perRun.flatMap((facts) => [...facts.keys()]))].sort(
    (left, right) => order.indexOf(kindOf(left)) - order.indexOf(kindOf(right)),
  );
  return keys.map((key) => [
    key.slice(key.indexOf(' ') + 1),
    ...perRun.map((facts) => facts.get(key) ?? NONE),
  ]);
}

function keyOf(kind: string, name: string): string {
  return `${kind} ${name}`;
}

function kindOf(key: string): string {
  return key.slice(0, key.indexOf(' '));
}

function table(head: Row, rows: readonly Row[]): string {
  const cells = [head, ...rows].map((row) => row.map(cell));
  const widths = head.map((_, column) =>
    Math.max(3, ...cells.map((row) => (row[column] ?? '').length)),
  );
  const rule = widths.map((width) => '-'.repeat(width));
  const [first = [], ...rest] = cells;
  return [first, rule, ...rest]
    .map((row) => `| ${widths.map((width, at) => (row[at] ?? '').padEnd(width)).join(' | ')} |`)
    .join('\n');
}

function cell(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').replaceAll('|', String.raw`\|`);
  return line.length > MAX_CELL ? `${line.slice(0, MAX_CELL - 1)}…` : line;
}
