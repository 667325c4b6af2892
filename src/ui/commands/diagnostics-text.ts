import { formatAge, formatBytes } from '../../core/format.ts';
import type { AccountSnapshot, RunView } from '../../resources/account-snapshot.ts';

/** One line: what, and what it is. */
export type Fact = readonly [name: string, value: string];

/** Facts under a heading. */
export interface FactGroup {
  readonly title: string;
  readonly facts: readonly Fact[];
}

const MAX_RUNS = 20;
const MAX_LOG_LINES = 200;
const MAX_LINE = 2000;

/**
 * Writes a bug report's facts; English, whatever the display language.
 *
 * @param note - what the reader must know first
 * @param groups - the facts; a group without any says so
 * @param log - lines of our own log, the newest last
 * @returns markdown
 */
export function diagnosticsMarkdown(
  note: string,
  groups: readonly FactGroup[],
  log: readonly string[],
): string {
  const parts = groups.map(({ title, facts }) => {
    const lines = facts.map(([name, value]) => `- ${name}: ${oneLine(value)}`);
    return `## ${title}\n\n${lines.length === 0 ? '- none' : lines.join('\n')}\n`;
  });
  const shown = log.slice(-MAX_LOG_LINES).map((line) => line.slice(0, MAX_LINE));
  return [
    `# runctl diagnostics\n\n${note}\n`,
    ...parts,
    `## Log of runctl, the last ${shown.length} lines\n\n${fenced(shown)}\n`,
  ].join('\n');
}

/**
 * Tells of runs: how many are in each state, and the newest.
 *
 * @param runs - newest first
 * @returns facts
 */
export function runFacts(runs: readonly RunView[]): readonly Fact[] {
  const counts = new Map<string, number>();
  for (const { run } of runs) {
    counts.set(run.state, (counts.get(run.state) ?? 0) + 1);
  }
  return [
    ['Runs', String(runs.length)],
    ...[...counts].sort().map(([state, count]): Fact => [state, String(count)]),
    ...runs
      .slice(0, MAX_RUNS)
      .map(({ run }): Fact => [`Run ${run.id}`, `${run.state}: ${run.stateReason}`]),
  ];
}

/**
 * Tells of providers: what they list, how old that is, and what is wrong.
 *
 * @param snapshot - what is known
 * @param now - milliseconds since the epoch
 * @returns facts
 */
export function providerFacts(snapshot: AccountSnapshot, now: number): readonly Fact[] {
  return snapshot.providers.flatMap(({ id, seenAt, problem, machines, resources }): Fact[] => [
    [
      `Provider ${id}`,
      [
        `${machines.length} machines`,
        `${resources.length} resources`,
        seenAt === null ? 'never seen' : `seen ${formatAge(now - seenAt)}`,
        ...(problem === null ? [] : [`problem: ${problem}`]),
      ].join(', '),
    ],
    ...machines.flatMap((machine): Fact[] =>
      machine.problem === null ? [] : [[`Machine ${id}/${machine.id}`, machine.problem]],
    ),
  ]);
}

/** What VS Code knows of one setting. */
export interface SettingValues {
  readonly name: string;
  readonly values: Readonly<Record<'default' | 'user' | 'workspace' | 'folder', unknown>>;
}

/**
 * Lists settings that somebody has changed.
 *
 * @param settings - all of ours
 * @returns name and value, with where it was set
 */
export function changedSettings(settings: readonly SettingValues[]): readonly Fact[] {
  return settings.flatMap(({ name, values }) =>
    (['user', 'workspace', 'folder'] as const).flatMap((scope): Fact[] => {
      const value = values[scope];
      const same = JSON.stringify(value) === JSON.stringify(values.default);
      return value === undefined || same ? [] : [[name, `${JSON.stringify(value)} (${scope})`]];
    }),
  );
}

/**
 * Tells of the ledger's file.
 *
 * @param path - absolute path
 * @param facts - what it says of itself
 * @param facts.bytes - its size
 * @param facts.journal - how SQLite keeps it whole
 * @param facts.schema - version of its tables
 * @param facts.elected - which window works in the background
 * @returns facts
 */
export function ledgerFacts(
  path: string,
  facts: {
    readonly bytes: number;
    readonly journal: string;
    readonly schema: number;
    readonly elected: string;
  },
): readonly Fact[] {
  return [
    ['Ledger', path],
    ['Size', formatBytes(facts.bytes)],
    ['Journal', facts.journal],
    ['Schema', String(facts.schema)],
    ['Elected', facts.elected],
  ];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim() || '—';
}

// Longer than any fence in the text.
function fenced(lines: readonly string[]): string {
  const longest = Math.max(3, ...(lines.join('\n').match(/`+/g) ?? []).map((run) => run.length + 1));
  const fence = '`'.repeat(longest);
  return `${fence}text\n${lines.join('\n')}\n${fence}`;
}
