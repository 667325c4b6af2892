import * as l10n from '@vscode/l10n';
import { toRunctlError } from '../../core/error-chain.ts';
import { CancelledError, MachineError } from '../../core/errors.ts';
import { formatDate } from '../../core/locale.ts';

/** Failures that say nothing of the machine but that there is no way to it now. */
const AWAY: ReadonlySet<string> = new Set([
  'connection-lost',
  'dns',
  'refused',
  'timeout',
  'unreachable',
]);

/**
 * Says why a machine tells nothing of itself.
 *
 * @param error - what asking it threw; a cancel is a wait that was too long
 * @param seenAt - when it last answered in this window, ms since the epoch
 * @returns a text for people, the same for as long as it stays away
 */
export function awayText(error: unknown, seenAt: number | undefined): string {
  const isSilent = error instanceof CancelledError;
  const message = isSilent ? l10n.t('It does not answer') : toRunctlError(error).message;
  const isAway = isSilent || (error instanceof MachineError && AWAY.has(error.code));
  return isAway && seenAt !== undefined
    ? l10n.t('{0}; not reachable since {1}', message, formatDate(seenAt))
    : message;
}
