import type { Row } from './handle.ts';
import { integer } from './rows.ts';

/**
 * Tells whether a lease row no longer binds anyone. Expiry is on the host's
 * monotonic clock: a lease that seems to have been granted in the future
 * comes from before a reboot.
 *
 * @param row - with `expires_at` and `ttl`, in milliseconds
 * @param now - the monotonic clock, read inside the transaction
 * @returns true when anyone may take it
 */
export function isExpired(row: Row, now: number): boolean {
  const expiresAt = integer(row, 'expires_at');
  return expiresAt <= now || expiresAt - integer(row, 'ttl') > now;
}
