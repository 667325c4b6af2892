import * as l10n from '@vscode/l10n';
import type { RunState } from '../../core/model/run.ts';

const ICONS: Readonly<Record<RunState, { readonly name: string; readonly color?: string }>> = {
  queued: { name: 'circle-outline' },
  starting: { name: 'loading~spin' },
  running: { name: 'play-circle', color: 'charts.blue' },
  stopping: { name: 'loading~spin' },
  succeeded: { name: 'pass-filled', color: 'testing.iconPassed' },
  failed: { name: 'error', color: 'testing.iconFailed' },
  // No colour: the user wanted it, and the themes' orange is too dark on dark.
  stopped: { name: 'stop-circle' },
  lost: { name: 'question', color: 'problemsWarningIcon.foreground' },
};

/**
 * Icon of a run's state.
 *
 * @param state - the state
 * @returns codicon and theme colour
 */
export function runStateIcon(state: RunState): { readonly name: string; readonly color?: string } {
  return ICONS[state];
}

/**
 * Word for a run's state.
 *
 * @param state - the state
 * @returns translated, lower case
 */
export function runStateLabel(state: RunState): string {
  switch (state) {
    case 'queued':
      return l10n.t('queued');
    case 'starting':
      return l10n.t('starting');
    case 'running':
      return l10n.t('running');
    case 'stopping':
      return l10n.t('stopping');
    case 'succeeded':
      return l10n.t('succeeded');
    case 'failed':
      return l10n.t('failed');
    case 'stopped':
      return l10n.t('stopped');
    case 'lost':
      return l10n.t('lost');
  }
}
