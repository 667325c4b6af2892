import * as l10n from '@vscode/l10n';
import { ownCheckpoints } from '../../checkpoints/overwritten.ts';
import { formatAge, formatBytes, formatDuration, formatMetric, formatRate } from '../../core/format.ts';
import { formatDate, formatNumber } from '../../core/locale.ts';
import type { Checkpoint } from '../../core/model/records.ts';
import { isActive } from '../../core/model/run.ts';
import { formatCost, sum } from '../../core/money.ts';
import { currentRate } from '../../costs/summary.ts';
import type { CurrentRate } from '../../costs/summary.ts';
import type { AccountSnapshot, RunView } from '../../resources/account-snapshot.ts';
import { lossOf } from '../../resources/loss.ts';
import { isStale } from '../../resources/stale.ts';
import { foundText } from '../tree/found-text.ts';
import { runStateLabel } from '../tree/run-state-icons.ts';
import { chartsOf } from './chart-model.ts';
import type { ChartData } from './chart-model.ts';
import type { DashboardModel, RunRow, Total, Totals } from './messages.ts';

/** More rows than this are no table any more, and slow every message down. */
export const MAX_ROWS = 1000;

/**
 * Makes everything the page shows.
 *
 * @param snapshot - what is known of all providers
 * @param selected - ids of the charted runs
 * @param data - series of these runs
 * @param now - wall clock, ms since the epoch
 * @returns texts and figures, ready to show
 */
export function dashboardModel(
  snapshot: AccountSnapshot,
  selected: readonly string[],
  data: ChartData,
  now: number,
): DashboardModel {
  return {
    rows: rowsOf(snapshot, now),
    totals: totalsOf(snapshot, now),
    charts: chartsOf(snapshot, selected, data),
  };
}

/**
 * Makes the rows.
 *
 * @param snapshot - what is known of all providers
 * @param now - wall clock, ms since the epoch
 * @returns active runs and the newest others, at most `MAX_ROWS` of these
 */
export function rowsOf(snapshot: AccountSnapshot, now: number): RunRow[] {
  const machines = new Map(
    snapshot.providers.flatMap(({ machines: list }) =>
      list.map((machine) => [`${machine.provider}:${machine.id}`, machine.name] as const),
    ),
  );
  return listed(snapshot).map((view) => rowOf(view, machines, now));
}

/**
 * Makes the totals.
 *
 * @param snapshot - what is known of all providers
 * @param now - wall clock, ms since the epoch
 * @returns four tiles, what to speak, and what is wrong
 */
export function totalsOf(snapshot: AccountSnapshot, now: number): Totals {
  const states = snapshot.runs.map(({ run }) => run.state);
  const active = snapshot.runs.filter(({ run }) => isActive(run)).length;
  const failed = states.filter((state) => state === 'failed' || state === 'lost').length;
  const notListed = snapshot.runs.length - listed(snapshot).length;
  return {
    tiles: [
      {
        id: 'active',
        label: l10n.t('Active runs'),
        value: formatNumber(active),
        detail: l10n.t('{0} in all, {1} failed', formatNumber(states.length), formatNumber(failed)),
      },
      rateTile(snapshot),
      costTile(snapshot),
      checkpointsTile(snapshot),
    ],
    spoken: l10n.t(
      'Active runs: {0}, ended: {1}, of these failed: {2}',
      active,
      states.length - active,
      failed,
    ),
    problems: problemsOf(snapshot, now),
    notListed: notListedText(notListed),
  };
}

function notListedText(count: number): string {
  if (count === 0) {
    return '';
  }
  return count === 1
    ? l10n.t('1 older run is not listed.')
    : l10n.t('{0} older runs are not listed.', formatNumber(count));
}

function listed(snapshot: AccountSnapshot): readonly RunView[] {
  return snapshot.runs.length <= MAX_ROWS
    ? snapshot.runs
    : snapshot.runs.filter((view, index) => index < MAX_ROWS || isActive(view.run));
}

function rowOf(view: RunView, machines: ReadonlyMap<string, string>, now: number): RunRow {
  const { run, progress } = view;
  const checkpoints = ownCheckpoints(view.checkpoints);
  const active = isActive(run);
  const end = run.endedAt ?? (active ? now : run.stateSince);
  // Whole seconds: finer ones change the row at every look, and nobody sees it.
  const durationMs =
    run.startedAt === null ? null : Math.max(0, Math.floor((end - run.startedAt) / 1000) * 1000);
  const loss = lossOf(view)?.value ?? null;
  const whole = checkpoints.filter((checkpoint) => checkpoint.complete);
  const fraction = progress?.fraction ?? null;
  const machine = machines.get(`${run.provider}:${run.machine}`) ?? run.machine;
  return {
    id: run.id,
    name: run.name,
    state: run.state,
    active,
    stateText: view.busy ?? runStateLabel(run.state),
    why: run.stateReason,
    machine: foundText(run, machine) ?? machine,
    started: run.startedAt,
    startedText: startedText(view, now),
    durationMs,
    durationText: durationMs === null ? '' : formatDuration(durationMs),
    cost: view.cost,
    costText: view.cost === null ? l10n.t('unknown') : formatCost(view.cost),
    loss: loss !== null && Number.isFinite(loss) ? loss : null,
    lossText: loss === null ? '' : formatMetric(loss),
    fraction: fraction === null ? null : Math.min(1, Math.max(0, fraction)),
    progressText: progressText(view),
    stepText: stepText(view),
    etaText:
      !active || progress?.remainingMs == null
        ? ''
        : l10n.t('{0} left', formatDuration(progress.remainingMs)),
    checkpoints: checkpoints.length,
    checkpointsText: checkpointsText(checkpoints),
    checkpointsCountText: checkpointsCountText(checkpoints.length),
    canStop: active && run.state !== 'stopping',
    canResume: !active && whole.length > 0,
  };
}

function progressText(view: RunView): string {
  const { progress } = view;
  const fraction = progress?.fraction ?? null;
  if (progress !== null && fraction !== null && fraction < 1 && view.run.state === 'succeeded') {
    // It may have ended early or not told its last step: neither is a part of the way.
    return l10n.t('step {0}', formatNumber(progress.step));
  }
  return fraction === null ? stepText(view) : `${Math.floor(Math.min(1, fraction) * 100)}%`;
}

function stepText({ progress }: RunView): string {
  if (progress === null) {
    return '';
  }
  const step = formatNumber(progress.step);
  return progress.total === null
    ? l10n.t('step {0}', step)
    : l10n.t('step {0} of {1}', step, formatNumber(progress.total));
}

function checkpointsCountText(count: number): string {
  if (count === 0) {
    return '';
  }
  return count === 1 ? l10n.t('1 checkpoint') : l10n.t('{0} checkpoints', formatNumber(count));
}

function checkpointsText(checkpoints: readonly Checkpoint[]): string {
  const newest = checkpoints.find((checkpoint) => checkpoint.marks.includes('newest'));
  const writing = checkpoints.filter((checkpoint) => !checkpoint.complete).length;
  const saved = checkpoints.filter((checkpoint) => checkpoint.durable !== undefined).length;
  const parts = [];
  if (newest?.step != null) {
    parts.push(l10n.t('step {0}', formatNumber(newest.step)));
  }
  if (writing > 0) {
    parts.push(l10n.t('{0} being written', writing));
  }
  if (saved > 0) {
    parts.push(l10n.t('{0} saved', saved));
  }
  return parts.join(', ');
}

const TIME: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };
const DATE: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric' };
const THIS_YEAR = { ...DATE, ...TIME };
const OLDER: Intl.DateTimeFormatOptions = { ...DATE, year: 'numeric' };

function startedText({ run }: RunView, now: number): string {
  const at = run.startedAt;
  if (at === null) {
    return isActive(run) ? l10n.t('not yet') : l10n.t('never');
  }
  const then = new Date(at);
  const today = new Date(now);
  if (then.toDateString() === today.toDateString()) {
    return formatDate(at, TIME);
  }
  return formatDate(at, then.getFullYear() === today.getFullYear() ? THIS_YEAR : OLDER);
}

function rateTile(snapshot: AccountSnapshot): Total {
  const rate = currentRate({
    runs: snapshot.runs,
    machines: snapshot.providers.flatMap(({ machines }) => machines),
    resources: snapshot.providers.flatMap(({ resources }) => resources),
  });
  const { known, unknown, billing } = rate;
  return {
    id: 'rate',
    label: l10n.t('Running cost'),
    value: unknown > 0 && unknown === billing ? l10n.t('unknown') : formatRate(known),
    detail: rateDetail(rate),
  };
}

// A machine of one's own may be in use and cost nothing: that is not "billing".
function rateDetail({ unknown, billing, paid }: CurrentRate): string {
  if (unknown > 0) {
    if (unknown === billing) {
      return billing === 1
        ? l10n.t('1 in use, its price is unknown')
        : l10n.t('{0} in use, their prices are unknown', billing);
    }
    return unknown === 1
      ? l10n.t('and 1 at an unknown price')
      : l10n.t('and {0} at unknown prices', unknown);
  }
  if (paid > 0) {
    return paid === 1 ? l10n.t('1 billed now') : l10n.t('{0} billed now', paid);
  }
  if (billing === 0) {
    return l10n.t('nothing billed');
  }
  return billing === 1
    ? l10n.t('1 machine in use, nothing billed')
    : l10n.t('{0} machines in use, nothing billed', billing);
}

function costTile({ runs }: AccountSnapshot): Total {
  const known = runs.flatMap(({ cost }) => (cost === null ? [] : [cost]));
  const unknown = runs.length - known.length;
  const noFigure = unknown > 0 && known.length === 0;
  return {
    id: 'cost',
    label: l10n.t('Cost of these runs'),
    value: noFigure ? l10n.t('unknown') : formatCost(sum(known)),
    detail:
      unknown > 0 && !noFigure
        ? andUnknown(unknown)
        : l10n.t('time on machines'),
  };
}

function andUnknown(count: number): string {
  return count === 1
    ? l10n.t('and 1 of unknown cost')
    : l10n.t('and {0} of unknown cost', formatNumber(count));
}

function checkpointsTile({ runs }: AccountSnapshot): Total {
  // Two runs of one directory see the same files.
  const byPlace = new Map(
    runs.flatMap(({ run, checkpoints }) =>
      ownCheckpoints(checkpoints).map((one) => [`${run.provider}:${run.machine}:${one.path}`, one.size] as const),
    ),
  );
  const bytes = [...byPlace.values()].reduce((total, size) => total + size, 0);
  return {
    id: 'checkpoints',
    label: l10n.t('Checkpoints'),
    value: formatNumber(byPlace.size),
    detail: l10n.t('{0} on disk', formatBytes(bytes)),
  };
}

function problemsOf(snapshot: AccountSnapshot, now: number): string[] {
  return snapshot.providers.flatMap(({ name, problem, seenAt }) => {
    const age = seenAt === null ? '' : formatAge(now - seenAt);
    if (problem !== null) {
      return [
        age === ''
          ? `${name}: ${problem}`
          : l10n.t('{0}: {1} What is shown was last seen {2}.', name, problem, age),
      ];
    }
    return seenAt !== null && isStale(seenAt, now)
      ? [l10n.t('{0}: last seen {1}.', name, age)]
      : [];
  });
}
