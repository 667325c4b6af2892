import * as l10n from '@vscode/l10n';
import { ownCheckpoints } from '../../checkpoints/overwritten.ts';
import { formatMetric } from '../../core/format.ts';
import type { RunView } from '../../resources/account-snapshot.ts';
import { runStateLabel } from '../tree/run-state-icons.ts';

/** Facts of one run under one heading, in an order all runs share. */
export interface FactSection {
  readonly kind: 'outcome' | 'code' | 'configuration' | 'metrics' | 'checkpoints';
  readonly title: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** Stands for what a run has not. */
export const NONE = '—';

/**
 * Collects what two runs may differ in.
 *
 * @param view - the run
 * @returns sections in reading order
 */
export function compareFacts(view: RunView): readonly FactSection[] {
  const { run } = view;
  const env = Object.entries(run.spec.env).sort(byName);
  const metrics = Object.values(view.latest).map(
    ({ name, value }) => [name, formatMetric(value)] as const,
  );
  return [
    section('outcome', l10n.t('Outcome'), [
      ['state', runStateLabel(run.state)],
      ['exit code', run.exitCode],
      ['machine', `${run.provider}/${run.machine}`],
    ]),
    section('code', l10n.t('Code'), [
      ['commit', run.code?.commit],
      ['branch', run.code?.branch],
      ['uncommitted changes', run.code?.dirty],
    ]),
    section('configuration', l10n.t('Configuration'), [
      ['profile', run.profile],
      ['directory', run.spec.directory],
      ...run.spec.argv.map((argument, index) => [`argument ${index}`, argument] as const),
      ...env.map(([name, value]) => [`env ${name}`, value] as const),
      ['secrets', run.spec.secrets.join(', ')],
      ['setup', run.spec.setup.join(' ')],
      ['resumed from', run.resumedFrom?.checkpointPath],
    ]),
    section('metrics', l10n.t('Metrics (last value)'), [...metrics].sort(byName)),
    section('checkpoints', l10n.t('Checkpoints'), [
      ['checkpoints', ownCheckpoints(view.checkpoints).length],
      ['last checkpoint step', view.checkpoints.find((item) => item.marks.includes('newest'))?.step],
    ]),
  ];
}

type Value = string | number | boolean | null | undefined;

function section(
  kind: FactSection['kind'],
  title: string,
  facts: readonly (readonly [string, Value])[],
): FactSection {
  return { kind, title, facts: facts.map(([name, value]) => [name, textOf(value)]) };
}

function textOf(value: Value): string {
  return value === null || value === undefined || value === '' ? NONE : String(value);
}

function byName([left]: readonly [string, string], [right]: readonly [string, string]): number {
  return left < right ? -1 : 1;
}
