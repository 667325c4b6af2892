import type { Clock } from '../core/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** Provider id of buckets that results go to. */
const PROVIDER = 's3';

/**
 * The buckets this person has agreed to send results to, each for the workspace
 * whose file names it. They stay in the ledger when that file is gone.
 */
export class KnownBuckets {
  private readonly ledger: Ledger;
  private readonly clock: Clock;

  constructor(ledger: Ledger, clock: Clock) {
    this.ledger = ledger;
    this.clock = clock;
  }

  /**
   * Tells whether results of a workspace may go to a bucket.
   *
   * @param bucket - its name
   * @param folder - absolute path of the workspace folder
   * @returns false when the person must be asked
   */
  async isAgreed(bucket: string, folder: string): Promise<boolean> {
    const known = await this.ledger.resources.list({ provider: PROVIDER });
    return known.some(({ id }) => id === idOf(bucket, folder));
  }

  /**
   * Remembers that they may.
   *
   * @param bucket - its name
   * @param folder - absolute path of the workspace folder
   */
  async remember(bucket: string, folder: string): Promise<void> {
    await this.ledger.resources.upsertSeen(
      [
        {
          provider: PROVIDER,
          id: idOf(bucket, folder),
          kind: 'bucket',
          name: bucket,
          state: 'running',
          rate: null,
          facts: { folder },
        },
      ],
      this.clock.now(),
    );
  }
}

// A bucket's name holds no blank: the two cannot be mixed up.
function idOf(bucket: string, folder: string): string {
  return `${bucket} ${folder}`;
}
