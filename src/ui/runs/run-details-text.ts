import * as l10n from '@vscode/l10n';
import { formatDuration, formatMetric } from '../../core/format.ts';
import type { RunEvent } from '../../core/model/records.ts';
import { formatDollars } from '../../core/money.ts';
import type { RunView } from '../../resources/account-snapshot.ts';
import { resultsText } from '../tree/after-text.ts';
import { foundText } from '../tree/found-text.ts';
import { runStateLabel } from '../tree/run-state-icons.ts';

/**
 * Writes everything known of a run as a markdown document.
 *
 * @param view - the run
 * @param events - its timeline, oldest first
 * @param now - milliseconds since the epoch
 * @returns markdown
 */
export function runDetailsText(view: RunView, events: readonly RunEvent[], now: number): string {
  const { run } = view;
  const duration =
    run.startedAt === null ? '—' : formatDuration((run.endedAt ?? now) - run.startedAt);
  const facts = [
    [l10n.t('State'), `${runStateLabel(run.state)} — ${run.stateReason}`],
    [l10n.t('Id'), run.id],
    [l10n.t('Machine'), `${run.provider} / ${run.machine}`],
    [l10n.t('Started from'), startedFrom(view)],
    [l10n.t('Duration'), duration],
    [l10n.t('Cost'), view.cost === null ? l10n.t('unknown') : formatDollars(view.cost)],
    [l10n.t('Directory'), run.spec.directory],
    [l10n.t('Checkpoints in'), run.spec.checkpointDirectory],
    [l10n.t('Results'), resultsText(run) ?? l10n.t('on its machine alone')],
    [l10n.t('Log'), run.logPath ?? '—'],
    [l10n.t('Profile'), run.profile ?? '—'],
    [l10n.t('Commit'), run.code?.commit ?? l10n.t('unknown')],
    [l10n.t('Uncommitted changes'), dirtyText(view)],
    [l10n.t('Resumed from'), run.resumedFrom?.checkpointPath ?? '—'],
  ] as const;
  return [
    `# ${run.name}`,
    run.note,
    facts.map(([label, value]) => `- **${label}**: ${value}`).join('\n'),
    `## ${l10n.t('Command')}`,
    fence(run.spec.argv.map((part) => JSON.stringify(part)).join(' ')),
    `## ${l10n.t('Environment')}`,
    fence(environment(view)),
    `## ${l10n.t('Metrics')}`,
    metrics(view),
    `## ${l10n.t('Timeline')}`,
    events.map(eventLine).join('\n'),
    '',
  ]
    .filter((part, index) => part !== '' || index > 8)
    .join('\n\n');
}

function environment({ run }: RunView): string {
  const own = Object.entries(run.spec.env).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const secrets = run.spec.secrets.map((name) => `${name}=${l10n.t('(secret)')}`);
  return [...own, ...secrets].join('\n');
}

function metrics({ latest }: RunView): string {
  const lines = Object.values(latest).map((point) => {
    const step = point.step === null ? '' : ` (${l10n.t('step {0}', point.step)})`;
    return `- ${point.name}: ${formatMetric(point.value)}${step}`;
  });
  return lines.length === 0 ? l10n.t('None found in the log.') : lines.join('\n');
}

function startedFrom({ run }: RunView): string {
  return foundText(run) ?? run.starter?.host ?? l10n.t('unknown');
}

function dirtyText({ run }: RunView): string {
  if (run.code === null) {
    return l10n.t('unknown');
  }
  return run.code.dirty ? l10n.t('yes') : l10n.t('no');
}

function eventLine(event: RunEvent): string {
  const data = Object.entries(event.data)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
  return `- ${new Date(event.at).toISOString()} **${event.kind}** ${data}`;
}

function fence(text: string): string {
  return `\`\`\`\`text\n${text}\n\`\`\`\``;
}
