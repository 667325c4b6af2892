import * as l10n from '@vscode/l10n';
import { formatNumber } from './locale.ts';

/** A whole number of millionths of a US dollar. Sums never drift. */
export type MicroDollars = number & { readonly __unit: 'micro-dollars' };

/** An hourly rate in whole micro-dollars; `null` anywhere means "unknown". */
export type MicroDollarsPerHour = MicroDollars;

const MICRO = 1_000_000;
const HOUR_MS = 3_600_000;
const CENT = 10_000;

/** Nothing to pay. Not the same as an unknown price. */
export const ZERO_DOLLARS = 0 as MicroDollars;

/**
 * Converts a decimal dollar figure, as settings and providers give it.
 *
 * @param dollars - finite, not negative
 * @returns the nearest whole number of micro-dollars
 * @throws {RangeError} when the figure is negative, not finite, or too large to be exact
 */
export function fromDollars(dollars: number): MicroDollars {
  const micro = Math.round(dollars * MICRO);
  if (!Number.isSafeInteger(micro) || micro < 0) {
    throw new RangeError(`not a dollar amount: ${dollars}`);
  }
  return micro as MicroDollars;
}

/**
 * Converts back for display and arithmetic outside the money type.
 *
 * @param amount - micro-dollars
 * @returns decimal dollars
 */
export function toDollars(amount: MicroDollars): number {
  return amount / MICRO;
}

/**
 * Adds amounts exactly.
 *
 * @param amounts - what to add
 * @returns the sum
 */
export function sum(amounts: Iterable<MicroDollars>): MicroDollars {
  let total = 0;
  for (const amount of amounts) {
    total += amount;
  }
  return total as MicroDollars;
}

/**
 * What a rate costs over a time.
 *
 * @param rate - micro-dollars per hour
 * @param durationMs - milliseconds; negative counts as none
 * @returns the cost, rounded to a whole micro-dollar
 */
export function costOver(rate: MicroDollarsPerHour, durationMs: number): MicroDollars {
  return Math.round((rate * Math.max(0, durationMs)) / HOUR_MS) as MicroDollars;
}

/**
 * Formats what has been spent so far for a row, where only cents matter.
 *
 * @param amount - micro-dollars
 * @returns text such as `$1.25`; `<$0.01` for anything less than a cent
 */
export function formatCost(amount: MicroDollars): string {
  return amount > 0 && amount < CENT
    ? l10n.t('<{0}', formatDollars(CENT as MicroDollars))
    : formatDollars(amount);
}

/**
 * Formats for people: two decimals from a cent on, below it as many as show
 * something, so that small figures never read as nothing.
 *
 * @param amount - micro-dollars
 * @returns text such as `$1.25`, `$0.0031` or `$0.00004`
 */
export function formatDollars(amount: MicroDollars): string {
  const most = amount === 0 || amount >= CENT ? 2 : amount >= CENT / 100 ? 4 : 6;
  return formatNumber(toDollars(amount), {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: Math.min(2, most),
    maximumFractionDigits: most,
  });
}
