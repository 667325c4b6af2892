import { causeChain, readField } from './foreign-error.ts';

const SECOND_MS = 1000;

/**
 * How long the other side asks to wait, from a `Retry-After` header or
 * `details.retryAfter` (seconds or an HTTP date) along the cause chain.
 *
 * @param error - what was thrown
 * @param now - wall clock, ms since the epoch; used for dates when the answer has no `Date`
 * @returns milliseconds, 0 for a moment that has passed, or `undefined` when nothing was said
 */
export function retryAfterMs(error: unknown, now: number): number | undefined {
  for (const link of causeChain(error)) {
    const headers = [
      readField(link, 'headers'),
      readField(readField(link, '$response'), 'headers'),
      readField(readField(link, 'response'), 'headers'),
    ];
    for (const source of headers) {
      const wait = parseRetryAfter(readHeader(source, 'retry-after'), serverTime(source) ?? now);
      if (wait !== undefined) {
        return wait;
      }
    }
    const wait = parseRetryAfter(readField(readField(link, 'details'), 'retryAfter'), now);
    if (wait !== undefined) {
      return wait;
    }
  }
  return undefined;
}

// A date means something on the clock of who wrote it, not on ours.
function serverTime(headers: unknown): number | undefined {
  return parseDate(readHeader(headers, 'date'));
}

function parseRetryAfter(value: unknown, now: number): number | undefined {
  if (typeof value === 'number') {
    return Number.isFinite(value) ? Math.max(0, value * SECOND_MS) : undefined;
  }
  if (typeof value !== 'string') {
    return undefined;
  }
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) {
    return Number(value) * SECOND_MS;
  }
  const date = parseDate(value);
  return date === undefined ? undefined : Math.max(0, date - now);
}

function parseDate(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^[A-Za-z]{3,9},? /.test(value)) {
    return undefined;
  }
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : date;
}

// Both `Headers` and plain records in any letter case occur.
function readHeader(headers: unknown, name: string): unknown {
  if (headers instanceof Headers) {
    return headers.get(name) ?? undefined;
  }
  if (typeof headers !== 'object' || headers === null) {
    return undefined;
  }
  const key = Object.keys(headers).find((candidate) => candidate.toLowerCase() === name);
  const value = key === undefined ? undefined : readField(headers, key);
  return Array.isArray(value) ? (value as unknown[])[0] : value;
}
