const MAX_LINKS = 16;

/**
 * Reads a property of a value nothing is known of, as a vendor's error is.
 *
 * @param value - anything
 * @param name - property name
 * @returns the property, or `undefined` when it is missing or its getter throws
 */
export function readField(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) {
    return undefined;
  }
  try {
    return Reflect.get(value, name);
  } catch {
    return undefined;
  }
}

/**
 * Reads a text property of a value nothing is known of.
 *
 * @param value - anything
 * @param name - property name
 * @returns the text, or `undefined` when it is missing, empty or no text
 */
export function readText(value: unknown, name: string): string | undefined {
  const field = readField(value, name);
  return typeof field === 'string' && field !== '' ? field : undefined;
}

/**
 * Follows `cause` (and the parts of an `AggregateError`) from the outside in.
 *
 * @param error - what was thrown
 * @returns every link once, the outermost first; at most 16, cycles cut
 */
export function causeChain(error: unknown): readonly unknown[] {
  const seen = new Set<unknown>();
  const waiting = [error];
  while (waiting.length > 0 && seen.size < MAX_LINKS) {
    const link = waiting.shift();
    if (link === undefined || link === null || seen.has(link)) {
      continue;
    }
    seen.add(link);
    waiting.push(readField(link, 'cause'));
    const parts = readField(link, 'errors');
    if (Array.isArray(parts)) {
      waiting.push(...(parts as unknown[]));
    }
  }
  return [...seen];
}

/**
 * All names by which an error tells what it is: errno, vendor code, class name.
 *
 * @param error - one link of a chain
 * @returns codes, the most telling first
 */
export function errorCodes(error: unknown): readonly string[] {
  const names = ['code', 'Code', 'name'].map((name) => readText(error, name));
  return names.filter((name) => name !== undefined);
}

/**
 * The HTTP status an error carries, in the places common clients put it.
 *
 * @param error - one link of a chain
 * @returns 100 to 599, or `undefined`
 */
export function httpStatus(error: unknown): number | undefined {
  const places = [
    readField(readField(error, '$metadata'), 'httpStatusCode'),
    readField(error, 'statusCode'),
    readField(error, 'status'),
    readField(readField(error, '$response'), 'statusCode'),
    readField(readField(error, 'response'), 'status'),
  ];
  return places.find(isStatus);
}

function isStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 100 && value <= 599;
}
