/** A TOML table of any content. */
export type TomlTable = Readonly<Record<string, unknown>>;

/**
 * Lays one file over another: tables are merged key by key at every depth;
 * anything else (text, numbers, lists) in the upper file replaces the lower.
 *
 * @param lower - further away, such as the user's file
 * @param upper - nearer, such as the workspace's file
 * @returns a new table; neither is changed
 */
export function mergeTables(lower: TomlTable, upper: TomlTable): TomlTable {
  const merged = new Map(Object.entries(lower));
  for (const [key, value] of Object.entries(upper)) {
    const under = merged.get(key);
    merged.set(key, isTable(under) && isTable(value) ? mergeTables(under, value) : value);
  }
  return Object.fromEntries(merged);
}

/**
 * Reads a value by its path.
 *
 * @param table - where to start
 * @param path - keys, list places as numbers
 * @returns the value, `undefined` when there is none
 */
export function valueAt(table: unknown, path: readonly PropertyKey[]): unknown {
  let value = table;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) {
      return undefined;
    }
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

/**
 * Tells tables from lists, dates and plain values.
 *
 * @param value - anything smol-toml returns
 * @returns true for a table
 */
export function isTable(value: unknown): value is TomlTable {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date)
  );
}
