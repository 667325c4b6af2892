import type { Alone, SecretPlace } from '../../src/remote/ssh/secret-place.ts';

type View = Map<string, string>;
type Change = (view: View) => void;

/**
 * The SecretStorage of several windows: each has a view of its own, which
 * learns late what another has stored, counted in times it looked before.
 */
export class SharedSecrets {
  private readonly views: View[] = [];
  private readonly late = new Map<View, { change: Change; looks: number }[]>();
  private readonly looks: number;

  constructor(looks = 0) {
    this.looks = looks;
  }

  window(): SecretPlace {
    const own: View = new Map(this.views[0]);
    this.views.push(own);
    this.late.set(own, []);
    const change = (apply: Change): Promise<void> => {
      apply(own);
      for (const other of this.views.filter((view) => view !== own)) {
        if (this.looks === 0) apply(other);
        else this.late.get(other)?.push({ change: apply, looks: this.looks });
      }
      return Promise.resolve();
    };
    return {
      get: (key) => {
        for (const news of this.late.get(own) ?? []) {
          if (news.looks === 0) news.change(own);
          news.looks -= 1;
        }
        return Promise.resolve(own.get(key));
      },
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
