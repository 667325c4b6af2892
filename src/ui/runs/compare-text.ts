import * as l10n from '@vscode/l10n';
import { formatMetric } from '../../core/format.ts';
import type { RunView } from '../../resources/account-snapshot.ts';
import { runStateLabel } from '../tree/run-state-icons.ts';

/** More of a patch is no comparison but a read. */
const MAX_PATCH_LINES = 5000;

/**
 * Writes one run in a form made for a line-by-line diff with another: the
 * same keys in the same order, one fact a line.
 *
 * @param view - the run
 * @param patch - its code that was not committed; empty when there was none
 * @returns text
 */
export function comparableText(view: RunView, patch: string): string {
  const { run } = view;
  const lines = [
    `# ${run.name}`,
    '',
    section(l10n.t('Outcome')),
    fact('state', runStateLabel(run.state)),
    fact('exit code', run.exitCode),
    fact('machine', `${run.provider}/${run.machine}`),
    '',
    section(l10n.t('Code')),
    fact('commit', run.code?.commit),
    fact('branch', run.code?.branch),
    fact('uncommitted changes', run.code?.dirty),
    ...patchLines(patch),
    '',
    section(l10n.t('Configuration')),
    fact('profile', run.profile),
    fact('directory', run.spec.directory),
    ...run.spec.argv.map((argument, index) => fact(`argument ${index}`, argument)),
    ...Object.entries(run.spec.env)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, value]) => fact(`env ${name}`, value)),
    fact('secrets', run.spec.secrets.join(', ')),
    fact('setup', run.spec.setup.join(' ')),
    fact('resumed from', run.resumedFrom?.checkpointPath),
    '',
    section(l10n.t('Metrics (last value)')),
    ...Object.values(view.latest)
      .sort((left, right) => (left.name < right.name ? -1 : 1))
      .map((point) => fact(point.name, formatMetric(point.value))),
    '',
    section(l10n.t('Checkpoints')),
    fact('count', view.checkpoints.length),
    fact('last step', view.checkpoints.find((item) => item.marks.includes('newest'))?.step),
  ];
  return `${lines.join('\n')}\n`;
}

// As it is: a diff of two patches shows what code really differed.
function patchLines(patch: string): readonly string[] {
  const lines = patch === '' ? [] : patch.trimEnd().split('\n');
  const shown = lines.slice(0, MAX_PATCH_LINES);
  return shown.length < lines.length ? [...shown, l10n.t('… and {0} more lines', lines.length - shown.length)] : shown;
}

function section(title: string): string {
  return `## ${title}`;
}

function fact(name: string, value: string | number | boolean | null | undefined): string {
  return `${name}: ${value === null || value === undefined || value === '' ? '—' : String(value)}`;
}
