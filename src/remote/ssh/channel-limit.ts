import { cancelledBy } from '../../core/cancellation.ts';

/** Gives a place back; calling it again does nothing. */
export type Release = () => void;

interface Waiter {
  readonly admit: () => void;
  readonly refuse: (error: Error) => void;
}

/** At most so many at once; the others wait in order. */
export class ChannelLimit {
  private max: number;
  private inUse = 0;
  private returns = 0;
  private closed: Error | undefined;
  private readonly waiting: Waiter[] = [];

  constructor(max: number) {
    this.max = max;
  }

  /** Places taken now. */
  get taken(): number {
    return this.inUse;
  }

  /** How many it takes, as far as is known. */
  get most(): number {
    return this.max;
  }

  /** How many wait. */
  get waits(): number {
    return this.waiting.length;
  }

  /** Places that could be had without waiting. */
  get left(): number {
    return this.waiting.length > 0 ? 0 : Math.max(0, this.max - this.inUse);
  }

  /** Whether a place could be had without waiting. */
  get free(): boolean {
    return this.left > 0;
  }

  /**
   * Waits for a place.
   *
   * @param signal - gives up
   * @returns what gives it back
   * @throws {CancelledError} when the signal is aborted first
   * @throws {Error} what it was closed with
   */
  acquire(signal?: AbortSignal): Promise<Release> {
    return new Promise((resolve, reject) => {
      if (this.closed !== undefined || signal?.aborted === true) {
        reject(this.closed ?? cancelledBy(signal ?? AbortSignal.abort()));
        return;
      }
      const onAbort = (): void => {
        this.waiting.splice(this.waiting.indexOf(waiter), 1);
        reject(cancelledBy(signal ?? AbortSignal.abort()));
      };
      const waiter: Waiter = {
        admit: () => {
          signal?.removeEventListener('abort', onAbort);
          this.inUse += 1;
          resolve(this.releaseOnce());
        },
        refuse: (error) => {
          signal?.removeEventListener('abort', onAbort);
          reject(error);
        },
      };
      this.waiting.push(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.admitWaiting();
    });
  }

  /**
   * Waits for a place as long as those who have one give it back now and then.
   *
   * @param patienceMs - how long nobody may give one back
   * @param signal - gives up
   * @returns what gives it back; `undefined` when nobody did
   * @throws {CancelledError} when the signal is aborted first
   * @throws {Error} what it was closed with
   */
  async acquireUnlessStuck(patienceMs: number, signal?: AbortSignal): Promise<Release | undefined> {
    const stuck = new AbortController();
    let before = this.returns;
    const timer = setInterval(() => {
      if (this.returns === before) {
        stuck.abort();
      }
      before = this.returns;
    }, patienceMs);
    try {
      const { signal: isStuck } = stuck;
      return await this.acquire(
        signal === undefined ? isStuck : AbortSignal.any([signal, isStuck]),
      );
    } catch (error) {
      if (this.closed === undefined && stuck.signal.aborted && signal?.aborted !== true) {
        return undefined;
      }
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  /**
   * The server takes fewer than we thought.
   *
   * @param max - how many it takes; at least 1 stays
   */
  lower(max: number): void {
    this.max = Math.max(1, Math.min(this.max, max));
  }

  /**
   * Lets nobody in any more, also not those who wait.
   *
   * @param error - what they are told
   */
  close(error: Error): void {
    this.closed = error;
    for (const waiter of this.waiting.splice(0)) {
      waiter.refuse(error);
    }
  }

  private releaseOnce(): Release {
    let released = false;
    return () => {
      if (!released) {
        released = true;
        this.inUse -= 1;
        this.returns += 1;
        this.admitWaiting();
      }
    };
  }

  private admitWaiting(): void {
    while (this.inUse < this.max) {
      const next = this.waiting.shift();
      if (next === undefined) {
        return;
      }
      next.admit();
    }
  }
}
