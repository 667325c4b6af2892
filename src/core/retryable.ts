import { causeChain, errorCodes, httpStatus, readField } from './foreign-error.ts';

/** The vendor asks to slow down. */
export const THROTTLING_CODES: ReadonlySet<string> = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'Throttled',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
  'throttled',
]);

/** The network between here and there failed; the other side may never have heard. */
export const NETWORK_CODES: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  // Some resolvers say "no such host" while a laptop wakes up.
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_SOCKET',
  'network',
]);

/**
 * The vendor has no such machine free. Waiting milliseconds does not help and
 * EC2 sends it with status 500: the caller tries another offer instead.
 */
export const CAPACITY_CODES: ReadonlySet<string> = new Set([
  'InstanceLimitExceeded',
  'InsufficientAddressCapacity',
  'InsufficientCapacity',
  'InsufficientCapacityException',
  'InsufficientHostCapacity',
  'InsufficientInstanceCapacity',
  'InsufficientReservedInstanceCapacity',
  'InsufficientVolumeCapacity',
  'MaxSpotInstanceCountExceeded',
  'SpotMaxPriceTooLow',
  'Unsupported',
  'UnfulfillableCapacity',
  'VcpuLimitExceeded',
  'capacity',
]);

const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  ...THROTTLING_CODES,
  ...NETWORK_CODES,
  'EAGAIN',
  'InternalError',
  'InternalFailure',
  'InternalServerError',
  'RequestTimeout',
  'RequestTimeoutException',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'TimeoutError',
  'Unavailable',
]);

const FINAL_CODES: ReadonlySet<string> = new Set([
  ...CAPACITY_CODES,
  'ABORT_ERR',
  'AbortError',
  'access-denied',
  'not-found',
]);

/** Kinds of our own errors that no repetition can mend, whatever their cause. */
const FINAL_KINDS: ReadonlySet<unknown> = new Set([
  'cancelled',
  'config',
  'exists',
  'not-found',
  'unsupported',
  'validation',
]);

// Not implemented and HTTP version not supported: the same for ever.
const FINAL_SERVER_STATUS: ReadonlySet<number> = new Set([501, 505]);
const TRANSIENT_CLIENT_STATUS: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * Decides whether the same call may succeed a moment later, by code, HTTP
 * status and errno along the cause chain. Messages are never read: vendors
 * reword them. Whether repeating is *safe* is the caller's business.
 *
 * @param error - what was thrown
 * @returns true for throttling, server and network failures
 */
export function isRetryable(error: unknown): boolean {
  for (const link of causeChain(error)) {
    const verdict = judge(link);
    if (verdict !== undefined) {
      return verdict;
    }
  }
  return false;
}

// `undefined` leaves the verdict to the next cause.
function judge(link: unknown): boolean | undefined {
  const codes = errorCodes(link);
  if (FINAL_KINDS.has(readField(link, 'kind')) || codes.some((code) => FINAL_CODES.has(code))) {
    return false;
  }
  if (readField(link, '$retryable') || codes.some((code) => TRANSIENT_CODES.has(code))) {
    return true;
  }
  const status = httpStatus(link);
  if (status === undefined) {
    return undefined;
  }
  return isTransientStatus(status) ? true : undefined;
}

function isTransientStatus(status: number): boolean {
  return TRANSIENT_CLIENT_STATUS.has(status) || (status >= 500 && !FINAL_SERVER_STATUS.has(status));
}
