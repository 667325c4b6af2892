import { Refusal } from './refusal.ts';

interface Size {
  /** Tokens of a full bucket. */
  readonly burst: number;
  /** Tokens a second. */
  readonly refill: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

const PLAIN_DESCRIBE: Size = { burst: 50, refill: 10 };
const DESCRIBE: Size = { burst: 100, refill: 20 };
const MUTATING: Size = { burst: 50, refill: 5 };
const SPECIAL: Readonly<Record<string, Size>> = {
  CreateTags: { burst: 100, refill: 10 },
  CreateVolume: { burst: 100, refill: 5 },
  CreateSnapshot: { burst: 100, refill: 5 },
};
/** Counted by machine, beside the calls. */
const BY_MACHINE: Readonly<Record<string, Size>> = {
  RunInstances: { burst: 1000, refill: 2 },
  TerminateInstances: { burst: 1000, refill: 20 },
};

/** Token buckets of an account: one for each region and action of EC2. */
export class Throttle {
  private readonly now: () => number;
  private readonly buckets = new Map<string, Bucket>();

  constructor(now: () => number) {
    this.now = now;
  }

  /** Counts a call; `narrowed` is one with a filter, ids or a page size. */
  call(region: string, action: string, narrowed: boolean): void {
    if (!/^(Describe|Get)/.test(action)) this.take(`${region} ${action}`, SPECIAL[action] ?? MUTATING, 1);
    else if (narrowed) this.take(`${region} ${action}`, DESCRIBE, 1);
    else this.take(`${region} ${action} unfiltered`, PLAIN_DESCRIBE, 1);
  }

  /** Counts the machines a call is about. */
  machines(region: string, action: string, count: number): void {
    const size = BY_MACHINE[action];
    if (size !== undefined) this.take(`${region} ${action} machines`, size, count);
  }

  private take(name: string, size: Size, count: number): void {
    const now = this.now();
    const bucket = this.buckets.get(name) ?? { tokens: size.burst, at: now };
    bucket.tokens = Math.min(size.burst, bucket.tokens + ((now - bucket.at) / 1000) * size.refill);
    bucket.at = now;
    this.buckets.set(name, bucket);
    if (bucket.tokens < count) throw new Refusal('RequestLimitExceeded', 'Request limit exceeded.', 503);
    bucket.tokens -= count;
  }
}
