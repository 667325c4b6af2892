import * as l10n from '@vscode/l10n';
import type { SeenCheckpoint } from '../../checkpoints/overwritten.ts';
import { isLive } from '../../checkpoints/overwritten.ts';
import { writtenAt } from '../../checkpoints/written-at.ts';
import { commandText } from '../../core/command-text.ts';
import { formatAge, formatBytes, formatDuration, formatMetric } from '../../core/format.ts';
import { shortRunId } from '../../core/ids.ts';
import { formatDate } from '../../core/locale.ts';
import type { CheckpointMark } from '../../core/model/records.ts';
import type { Run } from '../../core/model/run.ts';
import { isActive } from '../../core/model/run.ts';
import { formatCost, formatDollars } from '../../core/money.ts';
import type { AccountSnapshot, RunView } from '../../resources/account-snapshot.ts';
import { lossOf } from '../../resources/loss.ts';
import { afterParts, canSaveAgain, endOf, resultsText } from './after-text.ts';
import { foundText } from './found-text.ts';
import { escapeMarkdown, markdownTable } from './markdown.ts';
import { paged } from './paging.ts';
import { runStateIcon, runStateLabel } from './run-state-icons.ts';
import type { TreeNode } from './tree-node.ts';

/** Longest reason in a row; the tooltip has it whole. */
const MAX_REASON = 60;

/** What decides which runs the tree shows, and how much of a list. */
export interface RunTreeOptions {
  /** Words that must all occur in name, state, profile, machine or note. */
  readonly filter: string;
  /** Rows shown so far, by parent id. */
  readonly shown: ReadonlyMap<string, number>;
}

/**
 * Rows of the Runs view.
 *
 * @param snapshot - what is known
 * @param options - filter and paging
 * @returns one row per run, newest first
 */
export function runNodes(snapshot: AccountSnapshot, options: RunTreeOptions): readonly TreeNode[] {
  const words = wordsOf(options.filter);
  const views = words.length === 0
    ? snapshot.runs
    : snapshot.runs.filter(({ run }) => matches(run, words));
  return paged('runs', views, options.shown, (view) => runNode(view, snapshot.at));
}

/**
 * The row of one run.
 *
 * @param view - the run
 * @param now - milliseconds since the epoch
 * @param prefix - makes the id unique where a run shows in two places of a tree
 * @returns the row, its checkpoints as children
 */
export function runNode(view: RunView, now: number, prefix = ''): TreeNode {
  const { run } = view;
  const id = `${prefix}run:${run.id}`;
  const description = runDescription(view, now);
  return {
    id,
    label: run.name,
    description,
    icon: runIcon(view),
    context: runContext(view),
    spoken: l10n.t('Run {0}, {1}', run.name, description),
    tooltip: () => runTooltip(view, now),
    expand: view.checkpoints.length > 0 ? 'collapsed' : 'none',
    children: () => view.checkpoints.map((item) => checkpointNode(view, item, now, id)),
    target: { kind: 'run', runId: run.id },
    command: 'runctl.showLog',
  };
}

function runIcon({ run, busy }: RunView): TreeNode['icon'] {
  if (busy !== null) {
    return { name: 'loading~spin' };
  }
  // The only copy of its results may be at stake, whatever the run itself came to.
  return canSaveAgain(run)
    ? { name: 'warning', color: 'problemsWarningIcon.foreground' }
    : runStateIcon(run.state);
}

function runContext({ run, checkpoints }: RunView): string {
  const flags = ['run', run.state, isActive(run) ? 'active' : 'ended'];
  if (checkpoints.some(isLive)) {
    flags.push('resumable');
  }
  if (endOf(run) !== null) {
    flags.push('lease');
  }
  if (canSaveAgain(run)) {
    flags.push('unsaved');
  }
  if (run.spec.place !== null) {
    flags.push('there');
  }
  if (run.foundAt !== null) {
    flags.push('found');
  }
  return flags.join(';');
}

function runDescription(view: RunView, now: number): string {
  const { run } = view;
  const parts = [view.busy ?? runStateLabel(run.state)];
  if (view.busy === null && (run.state === 'failed' || run.state === 'lost')) {
    parts.push(shortened(run.stateReason));
  }
  const found = foundText(run);
  if (found !== null) {
    parts.push(found);
  }
  parts.push(...afterParts(run));
  if (view.progress?.fraction != null && isActive(run)) {
    parts.push(`${Math.floor(view.progress.fraction * 100)}%`);
  }
  const loss = lossOf(view);
  if (loss !== undefined) {
    parts.push(l10n.t('loss {0}', formatMetric(loss.value)));
  }
  if (run.startedAt !== null) {
    parts.push(formatDuration((run.endedAt ?? now) - run.startedAt));
  }
  if (isActive(run) && run.leaseUntil !== null && run.state !== 'stopping') {
    parts.push(l10n.t('ends in {0}', formatDuration(run.leaseUntil - now)));
  }
  if (view.cost !== null && view.cost > 0) {
    parts.push(formatCost(view.cost));
  }
  if (run.endedAt !== null) {
    parts.push(formatAge(now - run.endedAt));
  }
  return parts.join(' · ');
}

function runTooltip(view: RunView, now: number): string {
  const { run, progress } = view;
  const rows: [string, string | null][] = [
    [l10n.t('State'), `${runStateLabel(run.state)}: ${run.stateReason}`],
    [l10n.t('Machine'), `${run.provider} / ${run.machine}`],
    [l10n.t('Not of this computer'), foundText(run)],
    [l10n.t('Profile'), run.profile],
    [l10n.t('Command'), commandText(run.spec.argv)],
    [l10n.t('Directory'), run.spec.directory],
    [l10n.t('Started'), run.startedAt === null ? null : formatDate(run.startedAt)],
    [l10n.t('Ended'), run.endedAt === null ? null : formatDate(run.endedAt)],
    [l10n.t('Ends by its lease'), leaseText(run, now)],
    [l10n.t('Ends when idle for'), idleText(run)],
    [l10n.t('Results'), resultsText(run)],
    [l10n.t('Webhook'), webhookText(run)],
    [l10n.t('Cost'), view.cost === null ? l10n.t('unknown') : formatDollars(view.cost)],
    [l10n.t('Step'), progress === null ? null : stepText(progress.step, progress.total)],
    [l10n.t('Time left'), remaining(view)],
    [l10n.t('Resumed from'), run.resumedFrom?.checkpointPath ?? null],
    [l10n.t('Commit'), commitText(view)],
    [l10n.t('Id'), run.id],
  ];
  const metrics = Object.values(view.latest)
    .slice(0, 8)
    .map((point): [string, string] => [point.name, formatMetric(point.value)]);
  const note = run.note === '' ? '' : `\n\n${escapeMarkdown(run.note)}`;
  const age = formatAge(now - run.createdAt);
  const title = `**${escapeMarkdown(run.name)}** ${escapeMarkdown(`(${shortRunId(run.id)}, ${age})`)}`;
  return `${title}${note}\n\n${markdownTable([...rows, ...metrics])}`;
}

function stepText(step: number, total: number | null): string {
  return total === null ? String(step) : l10n.t('{0} of {1}', step, total);
}

function leaseText(run: Run, now: number): string | null {
  if (run.leaseUntil === null || !isActive(run)) {
    return null;
  }
  const left = formatDuration(run.leaseUntil - now);
  return l10n.t('{0}, in {1}', formatDate(run.leaseUntil), left);
}

function idleText(run: Run): string | null {
  const seconds = run.spec.idleSeconds;
  return seconds === null || !isActive(run) ? null : formatDuration(seconds * 1000);
}

function webhookText({ after }: Run): string | null {
  if (after?.webhook == null) {
    return null;
  }
  return after.webhook === 'sent' ? l10n.t('called') : l10n.t('not reached');
}

function remaining(view: RunView): string | null {
  const ms = view.progress?.remainingMs ?? null;
  return ms === null || !isActive(view.run) ? null : l10n.t('about {0}', formatDuration(ms));
}

function commitText({ run }: RunView): string | null {
  if (run.code?.commit == null) {
    return null;
  }
  const short = run.code.commit.slice(0, 10);
  return run.code.dirty ? l10n.t('{0} with uncommitted changes', short) : short;
}

function checkpointNode(view: RunView, item: SeenCheckpoint, now: number, parent: string): TreeNode {
  const label = item.path.split(/[\\/]/).at(-1) ?? item.path;
  const marks = item.marks.map(markLabel);
  const parts = [
    item.step === null ? null : l10n.t('step {0}', item.step),
    item.epoch === null ? null : l10n.t('epoch {0}', item.epoch),
    formatBytes(item.size),
    checkpointState(item, now),
    ...marks,
    item.durable === undefined ? null : l10n.t('saved'),
  ];
  const description = parts.filter((part) => part !== null).join(' · ');
  return {
    id: `${parent}/checkpoint:${item.path}`,
    label,
    description,
    icon: checkpointIcon(item),
    context: ['checkpoint', checkpointFlag(item), view.run.spec.place === null ? 'here' : 'there'].join(';'),
    spoken: l10n.t('Checkpoint {0}, {1}', label, description),
    tooltip: () =>
      markdownTable([
        [l10n.t('Path'), item.path],
        [l10n.t('Overwritten by'), item.overwrittenBy?.name ?? null],
        [l10n.t('Copy'), item.durable ?? null],
        [l10n.t('Size'), formatBytes(item.size)],
        [l10n.t('Written'), formatDate(writtenAt(item))],
        [l10n.t('Step'), item.step === null ? null : String(item.step)],
        [l10n.t('Epoch'), item.epoch === null ? null : String(item.epoch)],
        [l10n.t('Loss'), item.loss === null ? null : formatMetric(item.loss)],
      ]),
    expand: 'none',
    children: () => [],
    target: { kind: 'checkpoint', runId: view.run.id, path: item.path },
    command: null,
  };
}

function checkpointState(item: SeenCheckpoint, now: number): string {
  if (item.overwrittenBy !== undefined) {
    return l10n.t('overwritten');
  }
  return item.complete ? formatAge(now - writtenAt(item)) : l10n.t('being written');
}

function checkpointFlag(item: SeenCheckpoint): string {
  if (item.overwrittenBy !== undefined) {
    return 'overwritten';
  }
  return item.complete ? 'complete' : 'partial';
}

function checkpointIcon(item: SeenCheckpoint): { name: string; color?: string } {
  if (item.overwrittenBy !== undefined) {
    return { name: 'circle-slash', color: 'disabledForeground' };
  }
  if (!item.complete) {
    return { name: 'loading~spin' };
  }
  return item.marks.includes('best')
    ? { name: 'star-full', color: 'charts.yellow' }
    : { name: item.kind === 'directory' ? 'folder' : 'save' };
}

function markLabel(mark: CheckpointMark): string {
  switch (mark) {
    case 'newest':
      return l10n.t('newest');
    case 'best':
      return l10n.t('best');
    case 'final':
      return l10n.t('final');
  }
}

function shortened(reason: string): string {
  return reason.length > MAX_REASON ? `${reason.slice(0, MAX_REASON)}…` : reason;
}

/**
 * Tells whether a filter shows a run.
 *
 * @param run - the run
 * @param filter - words that must all occur
 * @returns true also when there is no filter
 */
export function isShown(run: Run, filter: string): boolean {
  return matches(run, wordsOf(filter));
}

function wordsOf(filter: string): readonly string[] {
  return filter.toLowerCase().split(/\s+/).filter((word) => word !== '');
}

function matches(run: Run, words: readonly string[]): boolean {
  const text = [run.name, run.state, run.profile ?? '', run.machine, run.note, run.id]
    .join(' ')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}
