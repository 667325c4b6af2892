import * as l10n from '@vscode/l10n';
import { formatDate } from '../../core/locale.ts';
import type { MachineTrouble, TroubleKind } from '../../resources/account-snapshot.ts';
import type { TreeNode } from './tree-node.ts';

// Each another shape: no state is told by its colour alone.
const ICONS: Readonly<Record<TroubleKind, TreeNode['icon']>> = {
  'away': { name: 'debug-disconnect', color: 'disabledForeground' },
  'host-key': { name: 'shield', color: 'problemsErrorIcon.foreground' },
  'host-key-unknown': { name: 'shield', color: 'problemsWarningIcon.foreground' },
  'locked': { name: 'key', color: 'problemsWarningIcon.foreground' },
  'login': { name: 'lock', color: 'problemsErrorIcon.foreground' },
  'other': { name: 'warning', color: 'problemsWarningIcon.foreground' },
};

/**
 * Icon of a machine that cannot be used.
 *
 * @param trouble - of the last attempt
 * @returns codicon and theme colour
 */
export function troubleIcon(trouble: MachineTrouble): TreeNode['icon'] {
  return ICONS[trouble.kind];
}

/**
 * Names the trouble of a machine in a few words.
 *
 * @param trouble - of the last attempt
 * @returns translated, lower case
 */
export function troubleText(trouble: MachineTrouble): string {
  const { kind, since, reason } = trouble;
  switch (kind) {
    case 'away':
      return l10n.t('unreachable since {0}', formatDate(since, { dateStyle: 'short', timeStyle: 'short' }));
    case 'host-key':
      return l10n.t('host key changed');
    case 'host-key-unknown':
      return l10n.t('host key not accepted');
    case 'locked':
      return l10n.t('key is locked');
    case 'login':
      return l10n.t('login refused');
    case 'other':
      return reason;
  }
}

/**
 * Rows of a tooltip: what happened, and the way out.
 *
 * @param trouble - of the last attempt
 * @returns label and value
 */
export function troubleRows(trouble: MachineTrouble): readonly (readonly [string, string])[] {
  return [
    [l10n.t('State'), troubleText(trouble)],
    [l10n.t('Reason'), trouble.reason],
    [l10n.t('What to do'), trouble.steps.join(' ')],
    [l10n.t('Then'), l10n.t('“Connect” tries again; “Check Machine” says which step fails.')],
  ];
}
