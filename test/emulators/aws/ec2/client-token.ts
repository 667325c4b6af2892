import type { Call } from '../core/call.ts';
import { Refusal } from '../core/refusal.ts';
import type { Raw } from '../core/shape.ts';
import { fingerprint } from '../core/shape.ts';

/**
 * Does something once for each client token of a region, as long as the token is remembered.
 * What failed is not remembered: the same token may try again.
 *
 * @returns ids of what was made, now or then
 */
export function once(call: Call, token: string | undefined, make: () => string[]): readonly string[] {
  if (token === undefined) return make();
  const { region, world, action, parameters } = call;
  const name = `${action} ${token}`;
  const now = world.clock.now();
  const { ClientToken: _, ...rest } = parameters as Readonly<Record<string, Raw>>;
  const print = fingerprint(rest);
  const known = region.tokens.get(name);
  if (known !== undefined && now < known.at + world.switches.tokenMs) {
    if (known.fingerprint !== print) {
      throw new Refusal(
        'IdempotentParameterMismatch',
        'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
      );
    }
    return known.ids;
  }
  const ids = make();
  region.tokens.set(name, { fingerprint: print, at: now, ids });
  return ids;
}
