import * as l10n from '@vscode/l10n';
import type { Strings } from './messages.ts';

/**
 * Every text of the page in the user's language.
 *
 * @returns texts by name; `{0}` in them stands for a value the page fills in
 */
export function dashboardStrings(): Strings {
  return {
    title: l10n.t('Training runs'),
    launch: l10n.t('Launch Training…'),
    loading: l10n.t('Loading runs…'),
    emptyTitle: l10n.t('No runs yet'),
    emptyText: l10n.t(
      'Launch a training to see its progress, its cost and its loss here. It goes on when you close this window.',
    ),
    totals: l10n.t('Totals'),
    runs: l10n.t('Runs'),
    filter: l10n.t('Filter runs'),
    filterPlaceholder: l10n.t('Filter by name, machine or state'),
    show: l10n.t('Show'),
    showAll: l10n.t('All runs'),
    showActive: l10n.t('Active runs'),
    showEnded: l10n.t('Ended runs'),
    noMatch: l10n.t('No run matches.'),
    rowsShown: l10n.t('{0}–{1} of {2}'),
    page: l10n.t('Pages of runs'),
    previousPage: l10n.t('Previous page'),
    nextPage: l10n.t('Next page'),
    chartColumn: l10n.t('Chart'),
    chartRun: l10n.t('Chart {0}'),
    chartFull: l10n.t('At most {0} runs fit into one chart.'),
    run: l10n.t('Run'),
    state: l10n.t('State'),
    machine: l10n.t('Machine'),
    started: l10n.t('Started'),
    duration: l10n.t('Duration'),
    cost: l10n.t('Cost'),
    costUnknown: l10n.t('cost unknown'),
    loss: l10n.t('Loss'),
    progress: l10n.t('Progress'),
    checkpoints: l10n.t('Checkpoints'),
    actions: l10n.t('Actions'),
    stop: l10n.t('Stop {0}'),
    resume: l10n.t('Resume {0}'),
    log: l10n.t('Show log of {0}'),
    details: l10n.t('Show details of {0}'),
    metrics: l10n.t('Metrics'),
    series: l10n.t('Series'),
    over: l10n.t('Over'),
    overStep: l10n.t('Step'),
    overTime: l10n.t('Time since start'),
    logarithmic: l10n.t('Logarithmic'),
    chartTab: l10n.t('Charts'),
    valuesTab: l10n.t('Values'),
    noRunChosen: l10n.t('Tick a run in the table to chart it.'),
    noSeries: l10n.t('No metrics in the log so far.'),
    last: l10n.t('Last'),
    lowest: l10n.t('Lowest'),
    highest: l10n.t('Highest'),
    points: l10n.t('Points'),
    chartLabel: l10n.t('Line chart of {0} over {1}.'),
    chartLine: l10n.t('{0}: last {1}, lowest {2}, highest {3}.'),
    valuesOf: l10n.t('{0} of {1}'),
    failed: l10n.t('That did not work: {0}'),
  };
}
