const FALLBACK = 'en';

let locale = FALLBACK;
const numbers = new Map<string, Intl.NumberFormat>();
const dates = new Map<string, Intl.DateTimeFormat>();

/**
 * Makes numbers, dates and lists follow the language the user reads, which
 * need not be that of the computer. Called once, where texts are configured.
 *
 * @param language - of the display, such as `de` or `zh-cn`; one that is
 *   unknown leaves English
 */
export function setLocale(language: string): void {
  locale = isLocale(language) ? language : FALLBACK;
  numbers.clear();
  dates.clear();
}

/**
 * Writes a number for people.
 *
 * @param value - any finite number
 * @param options - digits, currency and the like
 * @returns for example `1,234.5`; in German `1.234,5`
 */
export function formatNumber(value: number, options: Intl.NumberFormatOptions = {}): string {
  return cached(numbers, options, () => new Intl.NumberFormat(locale, options)).format(value);
}

/**
 * Writes a moment for people, in the time zone of this host.
 *
 * @param at - milliseconds since the epoch
 * @param options - which parts; date and time with seconds unless told
 * @returns for example `Jan 15, 2026, 12:00:00 PM`
 */
export function formatDate(
  at: number,
  options: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'medium' },
): string {
  return cached(dates, options, () => new Intl.DateTimeFormat(locale, options)).format(at);
}

/**
 * Writes a list of which one holds.
 *
 * @param items - one or more
 * @returns for example `a, b, or c`
 */
export function formatAlternatives(items: readonly string[]): string {
  return new Intl.ListFormat(locale, { type: 'disjunction' }).format(items);
}

// Making a formatter costs more than a hundred uses of it.
function cached<T>(known: Map<string, T>, options: object, make: () => T): T {
  const key = JSON.stringify(options);
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}

function isLocale(language: string): boolean {
  try {
    return Intl.getCanonicalLocales(language).length > 0;
  } catch {
    return false;
  }
}
