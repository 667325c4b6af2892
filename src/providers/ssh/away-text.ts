import * as l10n from '@vscode/l10n';
import { formatDate } from '../../core/locale.ts';
import type { MachineTrouble } from '../../resources/account-snapshot.ts';

/**
 * Says why a machine tells nothing of itself.
 *
 * @param trouble - of the last attempt
 * @param seenAt - when it last answered in this window, ms since the epoch
 * @returns a text for people, the same for as long as it stays away
 */
export function awayText(trouble: MachineTrouble, seenAt: number | undefined): string {
  const { kind, reason } = trouble;
  return kind === 'away' && seenAt !== undefined
    ? l10n.t('{0}; not reachable since {1}', reason, formatDate(seenAt))
    : reason;
}

/**
 * Says that a machine let a question stand.
 *
 * @returns a text for people
 */
export function silenceText(): string {
  return l10n.t('It does not answer');
}
