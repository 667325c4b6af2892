/** Source of a regular expression for one number as programs print it. */
export const NUMBER_SOURCE =
  String.raw`[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf(?:inity)?)`;

/** The same with thousands set off by commas, where no comma separates values. */
export const GROUPED_SOURCE = String.raw`[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|${NUMBER_SOURCE}`;

/** Source of a regular expression for a count, thousands set off or not. */
export const COUNT_SOURCE = String.raw`[1-9]\d{0,2}(?:,\d{3})+|\d+`;

const GROUPED = /^[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$/;

/**
 * Reads a number in the forms of Python, C and JavaScript.
 *
 * @param text - such as `1e-3`, `-.5`, `nan`, `-inf`, `1,234.5`
 * @returns the number, NaN for `nan`, or `undefined` when it is none
 */
export function readNumber(text: string): number | undefined {
  const value = Number(GROUPED.test(text) ? text.replaceAll(',', '') : text);
  if (!Number.isNaN(value)) {
    return text.trim() === '' ? undefined : value;
  }
  const match = /^([-+]?)(nan|inf(?:inity)?)$/i.exec(text);
  if (match === null) {
    return undefined;
  }
  if (match[2]?.toLowerCase() === 'nan') {
    return Number.NaN;
  }
  return match[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/**
 * Reads a count: a step, an epoch, a total.
 *
 * @param text - digits, thousands may be set off by commas
 * @returns a whole number from 0 up, or `null`
 */
export function readCount(text: string | undefined): number | null {
  if (text === undefined) {
    return null;
  }
  return asCount(Number(text.replaceAll(',', '')));
}

/**
 * Checks that a value from a log can be a count.
 *
 * @param value - anything
 * @returns it when it is a whole number from 0 up, else `null`
 */
export function asCount(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
