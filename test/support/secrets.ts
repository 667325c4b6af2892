import type { Clock } from '../../src/core/clock.ts';
import type { Alone, SecretPlace } from '../../src/remote/ssh/secret-place.ts';

/**
 * The SecretStorage of several windows: each has a view of its own, which
 * learns late what another has stored.
 */
export class SharedSecrets {
  private readonly views: Map<string, string>[] = [];
  private readonly clock: Clock;
  private readonly lagMs: number;

  constructor(clock: Clock, lagMs = 0) {
    this.clock = clock;
    this.lagMs = lagMs;
  }

  window(): SecretPlace {
    const own = new Map(this.views[0]);
    this.views.push(own);
    const change = (apply: (view: Map<string, string>) => void): Promise<void> => {
      apply(own);
      const others = this.views.filter((view) => view !== own);
      if (this.lagMs === 0) others.forEach(apply);
      else void this.clock.sleep(this.lagMs).then(() => others.forEach(apply));
      return Promise.resolve();
    };
    return {
      get: (key) => Promise.resolve(own.get(key)),
      store: (key, value) => change((view) => view.set(key, value)),
      delete: (key) => change((view) => view.delete(key)),
    };
  }

  /** As when a keyring was made anew. */
  lose(): void {
    for (const view of this.views) view.clear();
  }

  /** All that is kept, as one text. */
  get text(): string {
    return this.views.map((view) => [...view].join()).join('');
  }
}

/** Fails like a keyring that nobody unlocks. */
export function lockedKeyring(): SecretPlace {
  const fail = (): Promise<never> => Promise.reject(new Error('org.freedesktop.Secret.Error.IsLocked'));
  return { get: fail, store: fail, delete: fail };
}

/** A lock that windows of one host share. */
export function oneLock(): Alone {
  let last: Promise<unknown> = Promise.resolve();
  return (_name, action) => {
    const next = last.then(action, action);
    last = next.catch(() => undefined);
    return next;
  };
}
