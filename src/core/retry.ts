import * as l10n from '@vscode/l10n';
import pRetry from 'p-retry';
import { cancelledBy, untilAborted } from './cancellation.ts';
import type { Clock } from './clock.ts';
import { RetryableError } from './errors.ts';
import { readText } from './foreign-error.ts';
import { retryAfterMs } from './retry-after.ts';
import { isRetryable } from './retryable.ts';

/** What one attempt is told. */
export interface AttemptContext {
  /** 1 for the first. */
  readonly attempt: number;
  /** Aborted when the user gives up; hand it to the call. */
  readonly signal: AbortSignal;
}

/** Choices for one execution. */
export interface RetryOptions {
  readonly signal?: AbortSignal | undefined;
  /** What is being done, translated; named in the final message. */
  readonly operation?: string;
  /** Replaces the usual decision; must not decide by message. */
  readonly isRetryable?: (error: unknown) => boolean;
  /** Told before each wait, for logs and progress. */
  readonly onRetry?: (retry: {
    readonly attempt: number;
    readonly delayMs: number;
    readonly error: unknown;
  }) => void;
}

/** Runs an operation, perhaps several times. */
export interface RetryPolicy {
  /**
   * Runs the operation until it succeeds or the policy gives up. A late
   * result of an attempt that was cancelled is dropped, so what creates
   * something must be found again by its token or name.
   *
   * @param operation - one attempt
   * @param options - signal and naming
   * @returns what the first successful attempt returned
   * @throws {CancelledError} at once when the signal is aborted, also during a wait
   * @throws {RetryableError} when every attempt failed; `cause` is the last failure
   * @throws {unknown} an error that repeating cannot mend, as it is
   */
  execute<T>(
    operation: (context: AttemptContext) => Promise<T>,
    options?: RetryOptions,
  ): Promise<T>;
}

/** One attempt, for what must not be repeated. */
export class NoRetryPolicy implements RetryPolicy {
  async execute<T>(
    operation: (context: AttemptContext) => Promise<T>,
    options: RetryOptions = {},
  ): Promise<T> {
    const signal = options.signal ?? new AbortController().signal;
    try {
      return await untilAborted(signal, () => operation({ attempt: 1, signal }));
    } catch (error) {
      throw signal.aborted ? cancelledBy(signal) : error;
    }
  }
}

/** Limits of an exponential back-off. Times in milliseconds. */
export interface BackoffLimits {
  /** All attempts, the first included. */
  readonly attempts: number;
  readonly baseMs: number;
  readonly factor: number;
  /** Longest wait of our own choosing. */
  readonly capMs: number;
  /** Longest wait the other side may ask for. */
  readonly retryAfterCapMs: number;
}

/** Time and chance, given by the caller so that tests hold both. */
export interface BackoffDependencies {
  readonly clock: Clock;
  /** From 0 (included) to 1 (excluded). */
  readonly random?: () => number;
}

const CLOUD_API: BackoffLimits = {
  attempts: 5,
  baseMs: 100,
  factor: 2,
  capMs: 30_000,
  retryAfterCapMs: 120_000,
};

/**
 * Exponential back-off with full jitter: the wait is chance times the limit,
 * so many clients that failed together do not come back together.
 */
export class ExponentialBackoffPolicy implements RetryPolicy {
  private readonly limits: BackoffLimits;
  private readonly clock: Clock;
  private readonly random: () => number;

  constructor(limits: BackoffLimits, { clock, random = Math.random }: BackoffDependencies) {
    this.limits = limits;
    this.clock = clock;
    this.random = random;
  }

  /**
   * For calls to a vendor: 5 attempts, 100 ms doubling up to 30 s.
   *
   * @param dependencies - time and chance
   * @returns the policy
   */
  static forCloudApi(dependencies: BackoffDependencies): ExponentialBackoffPolicy {
    return new ExponentialBackoffPolicy(CLOUD_API, dependencies);
  }

  /**
   * For anything else: the same with 3 attempts.
   *
   * @param dependencies - time and chance
   * @returns the policy
   */
  static generic(dependencies: BackoffDependencies): ExponentialBackoffPolicy {
    return new ExponentialBackoffPolicy({ ...CLOUD_API, attempts: 3 }, dependencies);
  }

  async execute<T>(
    operation: (context: AttemptContext) => Promise<T>,
    options: RetryOptions = {},
  ): Promise<T> {
    const signal = options.signal ?? new AbortController().signal;
    const mayRetry = options.isRetryable ?? isRetryable;
    // p-retry counts the attempts. It is kept from sleeping (real timers), from
    // the signal (it would drop a success that came just before an abort) and,
    // by the wrapper, from judging TypeErrors by their message.
    try {
      return await pRetry((attempt) => wrapped(operation, { attempt, signal }), {
        retries: this.limits.attempts - 1,
        minTimeout: 0,
        onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
          const failure = unwrap(error);
          if (signal.aborted || retriesLeft === 0 || !isWorthRepeating(failure, mayRetry)) {
            return;
          }
          const delayMs = this.delayBefore(attemptNumber, failure);
          options.onRetry?.({ attempt: attemptNumber, delayMs, error: failure });
          await this.clock.sleep(delayMs, signal);
        },
        shouldRetry: ({ error }) => !signal.aborted && isWorthRepeating(unwrap(error), mayRetry),
      });
    } catch (error) {
      const failure = unwrap(error);
      if (signal.aborted) {
        throw cancelledBy(signal);
      }
      throw isWorthRepeating(failure, mayRetry) ? this.exhausted(failure, options) : failure;
    }
  }

  // Never sooner than asked, never longer than the caps.
  private delayBefore(attempt: number, failure: unknown): number {
    const { baseMs, factor, capMs, retryAfterCapMs } = this.limits;
    const jittered = this.random() * Math.min(capMs, baseMs * factor ** (attempt - 1));
    const asked = retryAfterMs(failure, this.clock.now()) ?? 0;
    return Math.round(Math.max(jittered, Math.min(asked, retryAfterCapMs)));
  }

  private exhausted(failure: unknown, options: RetryOptions): RetryableError {
    const { attempts } = this.limits;
    const reason = readText(failure, 'message') ?? String(failure);
    const message =
      options.operation === undefined
        ? l10n.t('Still failing after {0} attempts: {1}', attempts, reason)
        : l10n.t('{0} still fails after {1} attempts: {2}', options.operation, attempts, reason);
    return new RetryableError(attempts, message, {
      cause: failure,
      steps: [l10n.t('Wait a few minutes, then try again.')],
    });
  }
}

/** Carries anything thrown through p-retry untouched. */
class AttemptFailure extends Error {
  constructor(cause: unknown) {
    super('attempt failed', { cause });
  }
}

async function wrapped<T>(
  operation: (context: AttemptContext) => Promise<T>,
  context: AttemptContext,
): Promise<T> {
  try {
    return await untilAborted(context.signal, () => operation(context));
  } catch (error) {
    throw new AttemptFailure(error);
  }
}

function unwrap(error: unknown): unknown {
  return error instanceof AttemptFailure ? error.cause : error;
}

// What another policy gave up on is not begun again: attempts would multiply.
function isWorthRepeating(failure: unknown, mayRetry: (error: unknown) => boolean): boolean {
  return !(failure instanceof RetryableError) && mayRetry(failure);
}
