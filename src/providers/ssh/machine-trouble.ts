import { toRunctlError } from '../../core/error-chain.ts';
import { CancelledError, MachineError } from '../../core/errors.ts';
import type { MachineTrouble, TroubleKind } from '../../resources/account-snapshot.ts';
import { silenceText } from './away-text.ts';

/** What each failure of the way to a machine means for who looks at it. */
const KINDS: Readonly<Record<string, TroubleKind>> = {
  'auth-failed': 'login',
  'connection-lost': 'away',
  'dns': 'away',
  'host-key-changed': 'host-key',
  'host-key-unknown': 'host-key-unknown',
  'key-passphrase': 'locked',
  'refused': 'away',
  'timeout': 'away',
  'unreachable': 'away',
};

/**
 * Sorts a failed attempt to reach a machine.
 *
 * @param error - what the attempt threw; a cancel is a wait that was too long
 * @param since - when it was last seen well, else when it first failed; ms since the epoch
 * @returns what the machine's row shows
 */
export function troubleOf(error: unknown, since: number): MachineTrouble {
  if (error instanceof CancelledError) {
    return { kind: 'away', since, reason: silenceText(), steps: [] };
  }
  const { message, steps, code } = toRunctlError(error);
  const kind = error instanceof MachineError ? KINDS[code] : undefined;
  return { kind: kind ?? 'other', since, reason: message, steps };
}
