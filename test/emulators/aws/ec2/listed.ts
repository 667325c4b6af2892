import type { Call } from '../core/call.ts';
import type { Instance, Resource, StateName } from '../core/resources.ts';
import { stateOf } from '../core/resources.ts';

/** What a list shows of all there is: not what is too new for it. */
export function listed<T extends Resource>({ world, staleMs }: Call, all: Iterable<T>): T[] {
  const horizon = world.clock.now() - staleMs - world.switches.listLagMs;
  return [...all].filter(({ createdAt }) => createdAt <= horizon);
}

/** The state a list shows, which may be older than the true one. */
export function shownState({ world, staleMs }: Call, instance: Instance): StateName {
  return stateOf(instance, world.clock.now() - staleMs - world.switches.stateLagMs);
}
