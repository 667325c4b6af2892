import * as l10n from '@vscode/l10n';
import { LedgerError } from '../core/errors.ts';
import { asRunId, type RunId } from '../core/ids.ts';
import type { MicroDollarsPerHour } from '../core/money.ts';
import type { Row } from './handle.ts';

/** Plain JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads a text column.
 *
 * @param row - a row
 * @param column - its column
 * @returns the text
 * @throws {LedgerError} `ledger-malformed`, as all readers of this file do
 */
export function text(row: Row, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : malformed(column, value);
}

/**
 * Reads a text column that may be null.
 *
 * @param row - a row
 * @param column - its column
 * @returns the text or `null`
 */
export function maybeText(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

/**
 * Reads a number.
 *
 * @param row - a row
 * @param column - its column
 * @returns the number
 */
export function real(row: Row, column: string): number {
  const value = row[column];
  return typeof value === 'number' ? value : malformed(column, value);
}

/**
 * Reads a number that may be null.
 *
 * @param row - a row
 * @param column - its column
 * @returns the number or `null`
 */
export function maybeReal(row: Row, column: string): number | null {
  return row[column] === null ? null : real(row, column);
}

/**
 * Reads a whole number.
 *
 * @param row - a row
 * @param column - its column
 * @returns the number
 */
export function integer(row: Row, column: string): number {
  const value = real(row, column);
  return Number.isSafeInteger(value) ? value : malformed(column, value);
}

/**
 * Reads a whole number that may be null.
 *
 * @param row - a row
 * @param column - its column
 * @returns the number or `null`
 */
export function maybeInteger(row: Row, column: string): number | null {
  return row[column] === null ? null : integer(row, column);
}

/**
 * Reads a flag stored as 0 or 1.
 *
 * @param row - a row
 * @param column - its column
 * @returns the flag
 */
export function flag(row: Row, column: string): boolean {
  return integer(row, column) !== 0;
}

/**
 * Reads an hourly rate.
 *
 * @param row - a row
 * @param column - its column
 * @returns micro-dollars per hour, `null` when unknown
 */
export function maybeRate(row: Row, column: string): MicroDollarsPerHour | null {
  // The one place where a stored whole number becomes money again.
  return maybeInteger(row, column) as MicroDollarsPerHour | null;
}

/**
 * Reads the id of a run.
 *
 * @param row - a row
 * @param column - its column
 * @returns the id
 */
export function runIdOf(row: Row, column: string): RunId {
  return asRunId(text(row, column)) ?? malformed(column, row[column]);
}

/**
 * Reads one of a few words.
 *
 * @param row - a row
 * @param column - its column
 * @param words - all that are known
 * @returns the word
 */
export function oneOf<T extends string>(row: Row, column: string, words: readonly T[]): T {
  const value = text(row, column);
  return words.find((word) => word === value) ?? malformed(column, value);
}

/**
 * Parses a JSON column.
 *
 * @param row - a row
 * @param column - its column
 * @returns whatever it holds
 */
export function json(row: Row, column: string): unknown {
  const value = text(row, column);
  try {
    return JSON.parse(value);
  } catch {
    return malformed(column, value);
  }
}

/**
 * Parses a JSON column that holds an object.
 *
 * @param row - a row
 * @param column - its column
 * @returns the object
 */
export function jsonObject(row: Row, column: string): JsonObject {
  const value = json(row, column);
  return isObject(value) ? value : malformed(column, value);
}

/**
 * Parses a JSON column that holds an object or is null.
 *
 * @param row - a row
 * @param column - its column
 * @returns the object or `null`
 */
export function maybeJsonObject(row: Row, column: string): JsonObject | null {
  return row[column] === null ? null : jsonObject(row, column);
}

/**
 * Narrows to a plain object.
 *
 * @param value - anything
 * @returns true when it is an object and no array
 */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Refuses a value no version of ours wrote.
 *
 * @param column - where it stood
 * @param value - what it was
 */
export function malformed(column: string, value: unknown): never {
  throw new LedgerError(
    'ledger-malformed',
    l10n.t('The ledger holds something unreadable in "{0}".', column),
    { details: { column, type: typeof value } },
  );
}
