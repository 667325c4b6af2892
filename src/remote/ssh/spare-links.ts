import { untilAborted } from '../../core/cancellation.ts';
import type { Logger } from '../../core/logger.ts';
import type { SshLink } from './ssh-link.ts';

/** Connections beside the first one. */
const MOST = 4;
/** How long one is kept that nobody uses, in milliseconds. */
const HOLD_MS = 60_000;
/** How long none is tried after one could not be made. */
const RETRY_MS = 30_000;
const GOODBYE_MS = 1000;

/**
 * More connections to a machine, for when the first one has no session left:
 * a server may allow as few as one (`MaxSessions 1`), and what follows a log
 * keeps it as long as a run lasts. Made when they are needed, ended when unused.
 */
export class SpareLinks {
  private readonly make: () => Promise<SshLink>;
  private readonly logger: Logger;
  private links: { readonly link: SshLink; usedAt: number }[] = [];
  private making: Promise<SshLink | undefined> | undefined;
  private failedAt = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  /**
   * @param make - makes another connection to the machine
   * @param logger - told why one could not be made
   */
  constructor(make: () => Promise<SshLink>, logger: Logger) {
    this.make = make;
    this.logger = logger;
  }

  /** Sessions in use on them. */
  get sessions(): number {
    return this.links.reduce((sum, { link }) => sum + link.sessions, 0);
  }

  /**
   * Looks for a connection that has room now.
   *
   * @returns one that stands
   */
  withRoom(): SshLink | undefined {
    const found = this.links.find(({ link }) => link.lost === undefined && link.hasRoom);
    if (found !== undefined) {
      found.usedAt = performance.now();
    }
    return found?.link;
  }

  /**
   * Finds a connection with room, or makes one.
   *
   * @param sessions - how many the server takes on one connection, as far as is known
   * @param signal - gives up waiting; the connection is made all the same
   * @returns it; `undefined` when there is none and none can be made now
   * @throws {CancelledError} when the signal is aborted
   */
  async find(sessions: number, signal?: AbortSignal): Promise<SshLink | undefined> {
    const found = this.withRoom();
    if (found !== undefined) {
      return found;
    }
    if (this.making === undefined && !this.mayMake()) {
      return undefined;
    }
    const making = (this.making ??= this.makeOne(sessions).finally(() => {
      this.making = undefined;
    }));
    const link = await (signal === undefined ? making : untilAborted(signal, () => making));
    // Others may have waited for the same one.
    return link?.hasRoom === true ? link : undefined;
  }

  /**
   * Ends them for good.
   *
   * @param graceMs - how long to wait for the goodbye of the other side
   */
  async close(graceMs: number): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.making;
    await Promise.all(this.links.splice(0).map(({ link }) => link.close(graceMs)));
  }

  private mayMake(): boolean {
    return (
      !this.closed && this.links.length < MOST && performance.now() - this.failedAt >= RETRY_MS
    );
  }

  private async makeOne(sessions: number): Promise<SshLink | undefined> {
    try {
      const link = await this.make();
      link.expectAtMost(sessions);
      const entry = { link, usedAt: performance.now() };
      this.links.push(entry);
      link.onLost(() => {
        this.links = this.links.filter((other) => other !== entry);
      });
      this.logger.debug(`${link.endpoint.alias}: no session left, connected once more`);
      this.sweepLater();
      return link;
    } catch (error) {
      // Whoever asked waits for a session, as before.
      this.failedAt = performance.now();
      this.logger.info('no session left, and no further connection', error);
      return undefined;
    }
  }

  private sweepLater(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.sweep(), HOLD_MS);
    this.timer.unref();
  }

  private sweep(): void {
    const now = performance.now();
    for (const entry of this.links) {
      if (entry.link.sessions > 0) {
        entry.usedAt = now;
      } else if (now - entry.usedAt >= HOLD_MS / 2) {
        entry.link.close(GOODBYE_MS).catch((error: unknown) => this.logger.debug('goodbye', error));
      }
    }
    if (this.links.length > 0) {
      this.sweepLater();
    }
  }
}
