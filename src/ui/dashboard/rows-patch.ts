import type { RowsPatch, RunRow } from './messages.ts';

/**
 * What changed between two lists of rows.
 *
 * @param before - rows the page has
 * @param after - rows it should have
 * @returns `null` when they are the same
 */
export function diffRows(
  before: ReadonlyMap<string, RunRow>,
  after: readonly RunRow[],
): RowsPatch | null {
  const upsert = after.filter((row) => !sameRow(before.get(row.id), row));
  const ids = new Set(after.map((row) => row.id));
  const removed = [...before.keys()].filter((id) => !ids.has(id));
  return upsert.length + removed.length === 0 ? null : { upsert, removed };
}

/**
 * Brings rows up to date.
 *
 * @param rows - the rows so far, by id
 * @param patch - what changed
 * @returns new rows, by id
 */
export function applyRows(
  rows: ReadonlyMap<string, RunRow>,
  patch: RowsPatch,
): Map<string, RunRow> {
  const next = new Map(rows);
  for (const id of patch.removed) {
    next.delete(id);
  }
  for (const row of patch.upsert) {
    next.set(row.id, row);
  }
  return next;
}

function sameRow(a: RunRow | undefined, b: RunRow): boolean {
  if (a === undefined || a === b) {
    return a === b;
  }
  // Rows are flat: every field is text, number, boolean or null.
  return (Object.keys(b) as (keyof RunRow)[]).every((key) => Object.is(a[key], b[key]));
}
