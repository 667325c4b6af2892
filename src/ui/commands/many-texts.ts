import * as l10n from '@vscode/l10n';
import { formatBytes } from '../../core/format.ts';
import type { Checkpoint } from '../../core/model/records.ts';
import type { RunView } from '../../resources/account-snapshot.ts';
import { foundLines } from './found-questions.ts';
import { namesOf } from './many.ts';

/** What is asked once before an act on several things. */
export interface Question {
  readonly question: string;
  /** What is lost, and what is not. */
  readonly detail: string;
}

/** What was downloaded for one run. */
export interface FoundResults {
  readonly name: string;
  readonly place: string;
  readonly bytes: number;
}

/**
 * Asks before several runs are stopped.
 *
 * @param views - the runs that would be
 * @param now - true when they get no time to save
 * @returns the question
 */
export function stopQuestion(views: readonly RunView[], now: boolean): Question {
  const lines = [
    now
      ? l10n.t('They get no time to save: what they did since their last checkpoint is lost.')
      : l10n.t('Each gets its time to save; what it does not save is lost.'),
  ];
  const unsaved = views.filter(({ checkpoints }) => !checkpoints.some(({ complete }) => complete));
  if (unsaved.length > 0) {
    lines.push(l10n.t('Without any checkpoint so far: {0}', runNames(unsaved)));
  }
  lines.push(...foundLines(views.map(({ run }) => run)));
  return { question: stopText(views, now), detail: lines.join('\n') };
}

function stopText(views: readonly RunView[], now: boolean): string {
  const [only] = views;
  if (views.length === 1 && only !== undefined) {
    return now ? l10n.t('End {0} now?', only.run.name) : l10n.t('Stop {0}?', only.run.name);
  }
  return now ? l10n.t('End {0} runs now?', views.length) : l10n.t('Stop {0} runs?', views.length);
}

/**
 * Asks before runs are deleted.
 *
 * @param ended - the runs that would be
 * @param active - selected too, but they stay because they are active
 * @returns the question
 */
export function deleteQuestion(ended: readonly RunView[], active: readonly RunView[]): Question {
  const [only] = ended;
  const one = ended.length === 1 && only !== undefined;
  const question = one
    ? l10n.t('Delete {0} with its log and metrics?', only.run.name)
    : l10n.t('Delete {0} runs with their logs and metrics?', ended.length);
  const lines = one ? [l10n.t('Its checkpoints stay where they are.')] : [
    runNames(ended),
    l10n.t('Their checkpoints stay where they are.'),
  ];
  lines.push(...foundLines(ended.map(({ run }) => run)));
  if (active.length > 0) {
    lines.push(l10n.t('Left alone because still active: {0}', runNames(active)));
  }
  return { question, detail: lines.join('\n') };
}

/**
 * Asks before checkpoints are deleted.
 *
 * @param checkpoints - one or more
 * @returns the question
 */
export function deleteCheckpointsQuestion(checkpoints: readonly Checkpoint[]): Question {
  const [only] = checkpoints;
  const bytes = checkpoints.reduce((total, { size }) => total + size, 0);
  return {
    question:
      checkpoints.length === 1 && only !== undefined
        ? l10n.t('Delete {0}?', only.path)
        : l10n.t('Delete {0} checkpoints?', checkpoints.length),
    detail: [
      ...(checkpoints.length === 1 ? [] : [namesOf(checkpoints.map(({ path }) => path))]),
      l10n.t('This frees {0} and cannot be undone.', formatBytes(bytes)),
    ].join('\n'),
  };
}

/**
 * Asks what becomes of checkpoints that were downloaded for runs.
 *
 * @param found - what there is of each
 * @returns the question; `null` when there is nothing
 */
export function resultsQuestion(found: readonly FoundResults[]): Question | null {
  const [only] = found;
  if (only === undefined) {
    return null;
  }
  if (found.length === 1) {
    return {
      question: l10n.t('What of the checkpoints of {0} on this computer?', only.name),
      detail: l10n.t('{0} in {1}. This may be their only copy.', formatBytes(only.bytes), only.place),
    };
  }
  const bytes = found.reduce((total, one) => total + one.bytes, 0);
  return {
    question: l10n.t('What of the checkpoints of {0} runs on this computer?', found.length),
    detail: [
      namesOf(found.map(({ name }) => name)),
      l10n.t('{0} in all. This may be their only copy.', formatBytes(bytes)),
    ].join('\n'),
  };
}

function runNames(views: readonly RunView[]): string {
  return namesOf(views.map(({ run }) => run.name));
}
