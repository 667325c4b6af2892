import * as l10n from '@vscode/l10n';
import { formatRate } from '../../core/format.ts';
import { isActive } from '../../core/model/run.ts';
import type { CurrentRate } from '../../costs/summary.ts';
import type { AccountSnapshot } from '../../resources/account-snapshot.ts';
import { COMMANDS } from '../commands/ids.ts';
import { escapeMarkdown } from '../tree/markdown.ts';
import { runStateLabel } from '../tree/run-state-icons.ts';

/** What the status bar item shows. */
export interface StatusText {
  readonly text: string;
  /** Trusted markdown; all text from outside is escaped. */
  readonly tooltip: string;
  readonly spoken: string;
}

const MAX_RUNS = 8;

/**
 * Writes the status bar item.
 *
 * @param snapshot - what is known
 * @param cost - what is spent right now
 * @returns text, hover menu and spoken label
 */
export function statusText(snapshot: AccountSnapshot, cost: CurrentRate): StatusText {
  const active = snapshot.runs.filter(({ run }) => isActive(run));
  const rate = rateText(cost);
  const icon = active.length > 0 ? '$(pulse)' : '$(server-process)';
  const count = active.length === 1 ? l10n.t('1 run') : l10n.t('{0} runs', active.length);
  return {
    text: active.length === 0 ? `${icon} ${rate}` : `${icon} ${rate} · ${count}`,
    tooltip: menu(active.slice(0, MAX_RUNS), rate),
    spoken: spokenText(active.length, rate),
  };
}

function rateText({ known, unknown }: CurrentRate): string {
  const rate = formatRate(known);
  return unknown === 0 ? rate : l10n.t('{0} + {1} unknown', rate, unknown);
}

function spokenText(active: number, rate: string): string {
  switch (active) {
    case 0:
      return l10n.t('runctl: {0}, no run is active', rate);
    case 1:
      return l10n.t('runctl: {0}, 1 run is active', rate);
    default:
      return l10n.t('runctl: {0}, {1} runs are active', rate, active);
  }
}

function menu(active: AccountSnapshot['runs'], rate: string): string {
  const lines = [`**runctl** · ${escapeMarkdown(rate)}`, ''];
  for (const { run } of active) {
    const argument = encodeURIComponent(JSON.stringify([run.id]));
    const log = `[$(output)](command:${COMMANDS.showLog}?${argument} "${l10n.t('Show Log')}")`;
    const stop = `[$(debug-stop)](command:${COMMANDS.stopRun}?${argument} "${l10n.t('Stop Run')}")`;
    lines.push(`${escapeMarkdown(run.name)} · ${runStateLabel(run.state)} ${log} ${stop}`, '');
  }
  lines.push(
    '---',
    '',
    [
      `[$(rocket) ${l10n.t('Launch Training…')}](command:${COMMANDS.launch})`,
      `[$(dashboard) ${l10n.t('Open Dashboard')}](command:${COMMANDS.openDashboard})`,
      `[$(refresh) ${l10n.t('Refresh')}](command:${COMMANDS.refresh})`,
    ].join(' · '),
  );
  return lines.join('\n');
}
