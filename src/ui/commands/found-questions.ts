import * as l10n from '@vscode/l10n';
import type { Run } from '../../core/model/run.ts';
import type { FoundAct } from '../../training/found-runs.ts';
import type { Question } from './many-texts.ts';
import { namesOf } from './many.ts';

/**
 * Asks before an act on a run that another installation started.
 *
 * @param run - the run
 * @param act - what is about to be done
 * @returns the question, and the button that goes on
 */
export function foundQuestion(run: Run, act: FoundAct): Question & { readonly yes: string } {
  const { name } = run;
  const detail = l10n.t('{0} Whoever started it may still count on it.', originText(run));
  switch (act) {
    case 'delete':
      return { question: l10n.t('Delete {0}, which was not started here?', name), detail, yes: l10n.t('Delete') };
    case 'extend':
      return { question: l10n.t('Extend {0}, which was not started here?', name), detail, yes: l10n.t('Extend') };
    case 'resume':
      return { question: l10n.t('Resume {0}, which was not started here?', name), detail, yes: l10n.t('Resume') };
    case 'save':
      return { question: l10n.t('Save the results of {0}, which was not started here?', name), detail, yes: l10n.t('Save') };
    case 'stop':
      return { question: l10n.t('Stop {0}, which was not started here?', name), detail, yes: l10n.t('Stop') };
  }
}

/**
 * Asks before a run that another installation started is taken over.
 *
 * @param run - the run
 * @returns the question
 */
export function adoptQuestion(run: Run): Question {
  const does = l10n.t('From then on this computer treats it as its own: nothing is asked any more, and results that go to the computer of the run are brought here. The other computer is not told, and keeps it too.');
  return { question: l10n.t('Adopt {0}?', run.name), detail: `${originText(run)}\n${does}` };
}

/**
 * Names those of several runs that another installation started.
 *
 * @param runs - any
 * @returns a line for a question, or none
 */
export function foundLines(runs: readonly Run[]): readonly string[] {
  const found = runs.filter(({ foundAt }) => foundAt !== null);
  const names = found.map(({ name, starter }) => (starter === null ? name : l10n.t('{0} ({1})', name, starter.host)));
  return found.length === 0 ? [] : [l10n.t('Started by another computer: {0}', namesOf(names))];
}

function originText({ machine, starter }: Run): string {
  return starter === null
    ? l10n.t('It was found on {0}; by which computer it was started is not known.', machine)
    : l10n.t('It was found on {0} and was started from {1}.', machine, starter.host);
}
