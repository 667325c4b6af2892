import type { Clock } from '../core/clock.ts';
import { describeError } from '../core/error-chain.ts';
import { CancelledError, LedgerError } from '../core/errors.ts';
import type { Disposable } from '../core/events.ts';
import type { Logger } from '../core/logger.ts';
import type { MetricPoint } from '../core/model/records.ts';
import type { Run } from '../core/model/run.ts';
import type { Guard } from '../ledger/handle.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LogCursor } from '../ledger/metrics.ts';
import type { LogLine } from './log/line-splitter.ts';
import { LineSplitter } from './log/line-splitter.ts';
import type { ChunkPosition, LogFollower } from './log/log-follower.ts';
import { followLog } from './log/log-follower.ts';
import { MetricsCollector } from './metrics/metrics-collector.ts';

/** What a tap works with. */
export interface TapContext {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Refuses writes when this window no longer watches. */
  readonly guard: Guard;
}

/** Points kept back until there are this many… */
const BATCH_POINTS = 1000;
/** …or this much of the log has passed… */
const BATCH_BYTES = 1024 * 1024;
/** …or this many milliseconds. */
const BATCH_MS = 500;

/**
 * Turns the log of one run into stored metrics. Points and the log position
 * they reach are stored together, so a restart goes on at the very byte.
 */
export class MetricsTap implements Disposable {
  private readonly run: Run;
  private readonly path: string;
  private readonly context: TapContext;
  private readonly abort = new AbortController();
  private collector: MetricsCollector;
  private told: string | null = null;
  private splitter = new LineSplitter();
  private stored: LogCursor | null = null;
  private points: MetricPoint[] = [];
  private reached: LogCursor | null = null;
  private lastFlush = 0;
  private follower: Promise<LogFollower> | undefined;
  private failure: Error | undefined;
  private stopTimer: (() => void) | undefined;
  private flushing: Promise<void> = Promise.resolve();

  /**
   * @param run - whose log
   * @param path - absolute path of the log on this host
   * @param context - ledger, time and the right to write
   */
  constructor(run: Run, path: string, context: TapContext) {
    this.run = run;
    this.path = path;
    this.context = context;
    this.collector = new MetricsCollector({ pattern: run.spec.metricsPattern });
  }

  /** Whether it failed and ended; a new tap goes on from what is stored. */
  get broken(): boolean {
    return this.failure !== undefined;
  }

  /** Begins to follow, from where the ledger says the last reader was. */
  start(): void {
    this.follower ??= this.follow();
    this.follower.catch((error: unknown) => this.fail(error));
    // A quiet log must not keep its last points back.
    this.stopTimer ??= this.context.clock.every(BATCH_MS, () => {
      void this.flush().catch((error: unknown) => this.complain(error));
    });
  }

  /**
   * Reads the log to its present end and stores everything.
   *
   * @returns when it is stored
   * @throws {LedgerError} when it could not be stored
   * @throws {CancelledError} when this tap was disposed meanwhile
   */
  async finish(): Promise<void> {
    const follower = await this.follower;
    await follower?.finish();
    if (this.reached !== null) {
      const offset = this.reached.offset + this.splitter.pendingBytes;
      this.reached = { ...this.reached, offset };
    }
    this.take(this.splitter.end(), true);
    await this.flush();
    // What ended early has stored less than all, and nobody may think otherwise.
    if (this.abort.signal.aborted) {
      throw this.failure ?? new CancelledError('Cancelled');
    }
  }

  dispose(): void {
    this.stopTimer?.();
    this.abort.abort();
  }

  private async follow(): Promise<LogFollower> {
    const { ledger, clock } = this.context;
    this.stored = await ledger.metrics.cursor(this.run.id);
    const offset = this.stored?.offset ?? 0;
    this.splitter = new LineSplitter(offset);
    const known = this.stored === null ? [] : await ledger.metrics.latest(this.run.id);
    this.collector = new MetricsCollector({ pattern: this.run.spec.metricsPattern, known });
    this.lastFlush = clock.monotonic();
    const follower = followLog({
      path: this.path,
      offset,
      ...(this.stored === null ? {} : { identity: this.stored.identity }),
      clock,
      signal: this.abort.signal,
      onChunk: (chunk, at) => this.chunk(chunk, at),
      onReset: ({ to }) => {
        this.splitter = new LineSplitter(to.offset);
      },
    });
    follower.done.catch((error: unknown) => this.fail(error));
    return follower;
  }

  private async chunk(chunk: Buffer, at: ChunkPosition): Promise<void> {
    this.take(this.splitter.push(chunk), at.live);
    // Half a line stays to be read again by whoever comes after a crash.
    const offset = at.offset + chunk.length - this.splitter.pendingBytes;
    this.reached = { identity: at.identity, offset };
    const since = offset - (this.stored?.offset ?? 0);
    const age = this.context.clock.monotonic() - this.lastFlush;
    if (this.points.length >= BATCH_POINTS || since >= BATCH_BYTES || age >= BATCH_MS) {
      await this.flush();
    }
  }

  private take(lines: readonly LogLine[], live: boolean): void {
    this.points.push(...this.collector.take(lines, this.context.clock.now(), live));
    const { problem } = this.collector;
    if (problem !== null && problem !== this.told) {
      this.told = problem;
      this.context.logger.warn(`metrics of ${this.run.id}: ${problem}`);
    }
  }

  private flush(): Promise<void> {
    // One after the other: each begins where the one before ended.
    const next = this.flushing.then(() => this.store());
    this.flushing = next.catch(() => undefined);
    return next;
  }

  private async store(): Promise<void> {
    const { ledger, clock, guard } = this.context;
    const to = this.reached;
    this.lastFlush = clock.monotonic();
    if (to === null || this.abort.signal.aborted) {
      return;
    }
    if (to.identity === this.stored?.identity && to.offset === this.stored.offset) {
      return;
    }
    const points = this.points;
    this.points = [];
    try {
      await ledger.metrics.append(this.run.id, points, { from: this.stored, to }, { guard });
      this.stored = to;
    } catch (error) {
      this.points = [...points, ...this.points];
      throw error;
    }
  }

  private complain(error: unknown): void {
    if (error instanceof LedgerError && error.code === 'ledger-busy') {
      // The points were kept; the next flush tries again.
      this.context.logger.debug(`metrics of ${this.run.id}: ${describeError(error)}`);
      return;
    }
    this.fail(error);
  }

  // Another window reads this log now, or it or the ledger cannot be used: stop here.
  private fail(error: unknown): void {
    if (this.failure === undefined && !this.abort.signal.aborted) {
      this.context.logger.warn(`metrics of ${this.run.id}: ${describeError(error)}`);
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
    this.dispose();
  }
}
