import { existsSync } from 'node:fs';
import * as l10n from '@vscode/l10n';
import { formatBytes } from '../../core/format.ts';
import type { MissingImport } from '../../sync/import-check.ts';
import type { SourceTree } from '../../sync/model.ts';
import type { SelectOptions } from '../../sync/own-rules.ts';
import type { SyncSurvey } from '../../sync/survey.ts';
import type { LaunchPlan } from '../../training/launch-plan.ts';
import type { App } from '../app.ts';

/** What is about to be sent to another machine, for a row of the summary. */
export interface CodeFacts {
  readonly files: number;
  readonly bytes: number;
  /** What to look at first, for people. */
  readonly warnings: readonly string[];
  /** The largest files with their sizes, at most ten. */
  readonly largest: readonly string[];
}

const MOST_WARNINGS = 3;

/**
 * Looks at the code a plan sends to its machine; reads no file but scripts.
 *
 * @param app - the window's parts
 * @param plan - about to be launched
 * @returns `null` when the code stays where it is
 */
export async function codeFacts(app: App, plan: LaunchPlan): Promise<CodeFacts | null> {
  const tree = await codeToSend(app, plan);
  const { ssh } = await app.engine();
  if (tree === null || ssh === null) {
    return null;
  }
  const { scriptOf, surveyOf } = await import('../late.ts');
  const { source, options } = await sentBy(plan);
  const script = scriptOf(plan.spec, source);
  const missing =
    script === null ? [] : await ssh.reader.missingImports(source, options, { script });
  return factsOf(surveyOf(tree, missing));
}

/**
 * Finds the files a plan sends to its machine.
 *
 * @param app - the window's parts
 * @param plan - about to be launched
 * @returns `null` when the code stays where it is
 */
export async function codeToSend(app: App, plan: LaunchPlan): Promise<SourceTree | null> {
  const { registry, ssh } = await app.engine();
  if (plan.provider !== ssh?.id) {
    return null;
  }
  const { placer } = await registry.get(plan.provider).connect(plan.machine);
  const { source, options } = await sentBy(plan);
  // A run that goes on may come from a folder that is gone: its code is there already.
  return placer === null || !existsSync(source) ? null : ssh.reader.select(source, options);
}

async function sentBy(plan: LaunchPlan): Promise<{ source: string; options: SelectOptions }> {
  const { keptFolders } = await import('../late.ts');
  const source = plan.spec.place?.source ?? plan.workspaceFolder ?? plan.spec.directory;
  return {
    source,
    options: { exclude: plan.exclude, persistent: keptFolders(plan.spec, source) },
  };
}

/**
 * Sums a survey up.
 *
 * @param survey - of the tree
 * @returns what a row can hold
 */
export function factsOf(survey: SyncSurvey): CodeFacts {
  const warnings = [
    ...survey.missingImports.map(missingText),
    ...survey.problems.map(({ message }) => message),
  ];
  const more = warnings.length - MOST_WARNINGS;
  return {
    files: survey.files,
    bytes: survey.bytes,
    warnings: [
      ...warnings.slice(0, MOST_WARNINGS),
      ...(more > 0 ? [l10n.t('{0} more: see “Show What Would Sync”', more)] : []),
    ],
    largest: survey.largestFiles.map(({ path, bytes }) => `${formatBytes(bytes)}  ${path}`),
  };
}

/**
 * Says how much is sent.
 *
 * @param facts - of the code
 * @returns one line
 */
export function codeText(facts: CodeFacts): string {
  return facts.files === 1
    ? l10n.t('1 file, {0}; only what changed is sent', formatBytes(facts.bytes))
    : l10n.t('{0} files, {1}; only what changed is sent', facts.files, formatBytes(facts.bytes));
}

function missingText({ importer, path }: MissingImport): string {
  return importer === ''
    ? l10n.t('{0} is to be run, but is not sent', path)
    : l10n.t('{0} is imported by {1}, but is not sent', path, importer);
}
