import { relative } from 'node:path';
import * as l10n from '@vscode/l10n';
import { commandText } from '../../core/command-text.ts';
import { formatDuration, formatRate } from '../../core/format.ts';
import type { MachineView } from '../../resources/account-snapshot.ts';
import type { LaunchPlan } from '../../training/launch-plan.ts';
import { setupText } from '../../training/python-setup.ts';
import type { PickRow } from '../multi-step.ts';
import type { CodeFacts } from './code-facts.ts';
import { codeText } from './code-facts.ts';
import { resultsRow } from './results-row.ts';

/**
 * Sums a plan up for the user, who agrees to it by choosing a row that has one.
 *
 * @param plan - what is about to be launched
 * @param machine - where, and at what price
 * @param code - what is sent there; `null` when nothing is
 * @param other - where its profile asks to be run, when that is elsewhere
 * @returns the rows: the plan, its variant that sets up again, and facts
 */
export function summaryRows(
  plan: LaunchPlan,
  machine: MachineView,
  code: CodeFacts | null,
  other: { readonly provider: string; readonly machine: string } | null,
): PickRow<LaunchPlan>[] {
  const price = machine.rate === null ? l10n.t('unknown') : formatRate(machine.rate);
  const { spec } = plan;
  const rows: PickRow<LaunchPlan>[] = [
    {
      value: plan,
      label: `$(rocket) ${l10n.t('Launch {0} on {1}', plan.name, machine.name)}`,
      detail: commandText(spec.argv),
    },
  ];
  // A step without a key runs at each launch anyway.
  if (spec.setup.length > 0 && spec.setupKey !== null) {
    rows.push({
      value: { ...plan, spec: { ...spec, setupKey: null } },
      label: `$(refresh) ${l10n.t('Launch, running the set-up step again')}`,
      detail: l10n.t('Also when nothing it is made from has changed'),
    });
  }
  if (other !== null) {
    const own = `${other.provider} ${other.machine}`.trim();
    rows.push(fact('warning', l10n.t('Its profile says'), own));
  }
  if (code !== null) {
    rows.push(fact('cloud-upload', l10n.t('Code'), codeText(code)));
    rows.push(...code.warnings.map((text) => fact('warning', l10n.t('Look at this'), text)));
  }
  rows.push(
    fact('credit-card', l10n.t('Price'), l10n.t('{0}, from {1}', price, machine.rateSource)),
    fact(
      'folder',
      l10n.t('Directory'),
      plan.provider === 'local'
        ? spec.directory
        : l10n.t('{0}, sent to {1}', spec.directory, machine.name),
    ),
    fact('save', l10n.t('Checkpoints'), checkpointsText(plan, machine)),
  );
  const results = resultsRow(plan, machine.name);
  if (results !== null) {
    rows.push(fact(results.isRisky ? 'warning' : 'archive', results.label, results.text));
  }
  if (spec.leaseSeconds !== null) {
    rows.push(fact('watch', l10n.t('Time limit'), formatDuration(spec.leaseSeconds * 1000)));
  }
  if (spec.idleSeconds !== null) {
    rows.push(fact('watch', l10n.t('Idle limit'), formatDuration(spec.idleSeconds * 1000)));
  }
  if (spec.setup.length > 0) {
    rows.push(fact('tools', l10n.t('Set-up'), setupText(spec.setup)));
  }
  if (spec.secrets.length > 0) {
    rows.push(fact('key', l10n.t('Secrets'), spec.secrets.join(', ')));
  }
  return rows;
}

// Those of another machine lie beside its copy of the code.
function checkpointsText({ provider, spec }: LaunchPlan, machine: MachineView): string {
  const { directory, checkpointDirectory } = spec;
  const inside = relative(directory, checkpointDirectory);
  return provider === 'local' || inside.startsWith('..')
    ? checkpointDirectory
    : l10n.t('{0}, kept on {1}', inside, machine.name);
}

// No value: it informs, and choosing it by mistake starts nothing.
function fact(icon: string, label: string, text: string): PickRow<LaunchPlan> {
  return { label: `$(${icon}) ${label}`, description: text };
}
