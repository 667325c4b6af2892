import * as l10n from '@vscode/l10n';
import { formatBytes } from '../core/format.ts';
import type { MissingImport } from './import-check.ts';
import type { LeftOutItem } from './left-out.ts';
import type { HashedTree, SourceEntry, SourceTree } from './model.ts';
import type { SecretFile } from './secret-files.ts';
import type { SizedPath, SyncSurvey } from './survey.ts';

/** What the document tells. */
export interface SyncTextFacts {
  readonly tree: SourceTree | HashedTree;
  readonly survey: SyncSurvey;
  readonly leftOut: readonly LeftOutItem[];
  /** What looks secret and is sent. */
  readonly secrets: readonly SecretFile[];
  /** The profile that would send it; `null` when that makes no difference. */
  readonly profile: string | null;
}

const MOST_LEFT_OUT = 100;
const MOST_PER_FOLDER = 500;
const SIZE_WIDTH = 9;

/**
 * Writes what a sync would send, what not, and why, for a person to read.
 *
 * @param facts - tree, survey, and what is left out
 * @returns the text of a document
 */
export function syncText(facts: SyncTextFacts): string {
  const { tree, survey, leftOut, secrets, profile } = facts;
  return [
    l10n.t('What a sync of {0} sends', shown(tree.root)),
    ...(profile === null ? [] : [l10n.t('for a run of the profile {0}', shown(profile))]),
    '',
    ...summary(tree, survey),
    ...section(l10n.t('To look at first'), [
      ...secrets.map(secretText),
      ...survey.missingImports.map(missingText),
      ...survey.problems.map(({ message }) => shown(message)),
    ]),
    ...section(l10n.t('Largest folders'), survey.largestDirectories.map(sized)),
    ...section(l10n.t('Largest files'), survey.largestFiles.map(sized)),
    ...section(l10n.t('Not sent, and why'), leftOutLines(leftOut)),
    ...section(l10n.t('Sent'), sentLines(tree.entries)),
    '',
  ].join('\n');
}

function summary(tree: SourceTree | HashedTree, survey: SyncSurvey): string[] {
  const links =
    survey.links === 0 ? [] : [l10n.t('Symbolic links kept as links: {0}', survey.links)];
  return [
    l10n.t('Files: {0}, together {1}', survey.files, formatBytes(survey.bytes)),
    ...links,
    tree.rule === 'git'
      ? l10n.t('Chosen by git: what it tracks, and what it does not ignore.')
      : l10n.t('Chosen by the .gitignore files: git gave no answer here.'),
    l10n.t('A .runctlignore file leaves out more; "!data/train.bin" in it sends what git ignores.'),
  ];
}

function missingText({ importer, line, path }: MissingImport): string {
  return importer === ''
    ? l10n.t('{0} is to be run, but is not sent.', shown(path))
    : l10n.t('{0} is not sent, but {1}:{2} imports it.', shown(path), shown(importer), line);
}

function secretText({ path, tracked }: SecretFile): string {
  return tracked
    ? l10n.t('{0} is sent and looks secret; git has it, too.', shown(path))
    : l10n.t('{0} is sent and looks secret. A line in .runctlignore leaves it out.', shown(path));
}

function leftOutLines(items: readonly LeftOutItem[]): string[] {
  const lines = items.slice(0, MOST_LEFT_OUT).map((item) => {
    const size = item.atLeast ? `≥ ${formatBytes(item.bytes)}` : formatBytes(item.bytes);
    return `${size.padStart(SIZE_WIDTH)}  ${shown(item.path)}   ${reasonText(item)}`;
  });
  return withRest(lines, items.length - MOST_LEFT_OUT);
}

function reasonText({ reason, rule }: LeftOutItem): string {
  if (rule !== undefined) {
    return `← ${shown(rule.source)}:${rule.line}  ${shown(rule.pattern)}`;
  }
  switch (reason) {
    case 'never':
      return l10n.t('← never sent');
    case 'persistent':
      return l10n.t('← written by runs, stays on each machine');
    default:
      return l10n.t('← ignored by git');
  }
}

function sentLines(entries: readonly SourceEntry[]): string[] {
  const groups = new Map<string, SourceEntry[]>();
  for (const entry of entries) {
    const top = entry.path.slice(0, entry.path.indexOf('/') + 1);
    const group = groups.get(top);
    if (group === undefined) {
      groups.set(top, [entry]);
    } else {
      group.push(entry);
    }
  }
  return [...groups].flatMap(([, group]) =>
    withRest(group.slice(0, MOST_PER_FOLDER).map(entryLine), group.length - MOST_PER_FOLDER),
  );
}

function entryLine(entry: SourceEntry): string {
  return entry.kind === 'file'
    ? `${formatBytes(entry.size).padStart(SIZE_WIDTH)}  ${shown(entry.path)}`
    : `${' '.repeat(SIZE_WIDTH)}  ${shown(entry.path)} → ${shown(entry.target)}`;
}

function sized({ path, files, bytes }: SizedPath): string {
  const size = formatBytes(bytes).padStart(SIZE_WIDTH);
  return path.endsWith('/')
    ? l10n.t('{0}  {1}  (files: {2})', size, shown(path), files)
    : `${size}  ${shown(path)}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, '', ...lines.map((line) => `  ${line}`)];
}

function withRest(lines: readonly string[], more: number): string[] {
  const rest = l10n.t('and {0} more', more);
  return more > 0 ? [...lines, `${' '.repeat(SIZE_WIDTH)}  … ${rest}`] : [...lines];
}

// A name may hold line ends and what turns the direction of writing.
function shown(text: string): string {
  const odd = /[\p{Cc}\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;
  return text.replaceAll(odd, (found) => {
    const code = found.charCodeAt(0).toString(16).padStart(4, '0');
    return found === '\n' ? String.raw`\n` : String.raw`\u`.concat(code);
  });
}
