import type { RunRow } from '../../src/ui/dashboard/messages.ts';
import { displayLanguage } from './text.ts';

/** Columns one can sort by. */
export type SortColumn =
  | 'name'
  | 'state'
  | 'machine'
  | 'started'
  | 'duration'
  | 'cost'
  | 'loss'
  | 'progress'
  | 'checkpoints';

export type Direction = 'ascending' | 'descending';

export type Show = 'all' | 'active' | 'ended';

/** How the table is looked at. */
export interface TableView {
  readonly column: SortColumn;
  readonly direction: Direction;
  /** From 0. */
  readonly page: number;
  readonly filter: string;
  readonly show: Show;
}

/** One page of the table. */
export interface TablePage {
  readonly rows: readonly RunRow[];
  /** From 0; never beyond the last page. */
  readonly page: number;
  readonly pages: number;
  /** Rows that match, on all pages. */
  readonly total: number;
  /** Place of the first row among them, from 1; 0 when there is none. */
  readonly first: number;
}

export const PAGE_SIZE = 25;

export const INITIAL_VIEW: TableView = {
  column: 'started',
  direction: 'descending',
  page: 0,
  filter: '',
  show: 'all',
};

/** Filters, sorts and cuts. Rows without a value come last in either direction. */
export function tablePage(
  rows: Iterable<RunRow>,
  view: TableView,
  pageSize = PAGE_SIZE,
): TablePage {
  const words = view.filter.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = [...rows].filter((row) => isShown(row, view.show) && matches(row, words));
  matching.sort(comparator(view));
  const pages = Math.max(1, Math.ceil(matching.length / pageSize));
  const page = Math.min(Math.max(0, view.page), pages - 1);
  const from = page * pageSize;
  return {
    rows: matching.slice(from, from + pageSize),
    page,
    pages,
    total: matching.length,
    first: matching.length === 0 ? 0 : from + 1,
  };
}

/** What a click on a header does: turn the order round, or begin with the usual one. */
export function sortedBy(view: TableView, column: SortColumn): TableView {
  if (view.column === column) {
    const direction = view.direction === 'ascending' ? 'descending' : 'ascending';
    return { ...view, direction, page: 0 };
  }
  const ascending = TEXT_COLUMNS.has(column) || column === 'loss';
  return { ...view, column, direction: ascending ? 'ascending' : 'descending', page: 0 };
}

/** A move that brings a list of keys into another order. */
export interface Placement {
  readonly key: string;
  /** Key it must stand before; `null` for the end. */
  readonly before: string | null;
}

/**
 * The fewest sensible moves from one order of keys to another: rows that keep
 * their place among each other are not touched, so focus and selection stay.
 */
export function placements(before: readonly string[], after: readonly string[]): Placement[] {
  const kept = new Set(after);
  const stable = longestIncreasing(before.filter((key) => kept.has(key)), after);
  const moves: Placement[] = [];
  for (let index = after.length - 1; index >= 0; index -= 1) {
    const key = after[index];
    if (key !== undefined && !stable.has(key)) {
      moves.push({ key, before: after[index + 1] ?? null });
    }
  }
  return moves;
}

const TEXT_COLUMNS: ReadonlySet<SortColumn> = new Set(['name', 'state', 'machine']);

const STATE_ORDER: readonly RunRow['state'][] = [
  'running',
  'starting',
  'stopping',
  'queued',
  'failed',
  'lost',
  'stopped',
  'succeeded',
];

function isShown(row: RunRow, show: Show): boolean {
  return show === 'all' || row.active === (show === 'active');
}

function matches(row: RunRow, words: readonly string[]): boolean {
  const text = `${row.name} ${row.machine} ${row.stateText} ${row.id}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function comparator({ column, direction }: TableView): (a: RunRow, b: RunRow) => number {
  const sign = direction === 'ascending' ? 1 : -1;
  return (a, b) =>
    compareBy(column, a, b, sign) ||
    (b.started ?? Number.MAX_SAFE_INTEGER) - (a.started ?? Number.MAX_SAFE_INTEGER) ||
    (a.id < b.id ? 1 : -1);
}

function compareBy(column: SortColumn, a: RunRow, b: RunRow, sign: number): number {
  if (column === 'name' || column === 'machine') {
    return sign * a[column].localeCompare(b[column], displayLanguage(), { numeric: true });
  }
  const left = figure(column, a);
  const right = figure(column, b);
  if (left === null || right === null) {
    return Number(left === null) - Number(right === null);
  }
  return sign * (left - right);
}

function figure(column: Exclude<SortColumn, 'name' | 'machine'>, row: RunRow): number | null {
  switch (column) {
    case 'state':
      return STATE_ORDER.indexOf(row.state);
    case 'started':
      // What waits to start is newer than anything that did.
      return row.started ?? (row.active ? Number.MAX_SAFE_INTEGER : null);
    case 'duration':
      return row.durationMs;
    case 'cost':
      return row.cost;
    case 'loss':
      return row.loss;
    case 'progress':
      return row.fraction;
    case 'checkpoints':
      return row.checkpoints;
  }
}

// Longest run of keys that already stand in the right order among each other.
function longestIncreasing(keys: readonly string[], order: readonly string[]): Set<string> {
  const rank = new Map(order.map((key, index) => [key, index]));
  const ranks = keys.map((key) => rank.get(key) ?? -1);
  const tails: number[] = [];
  const previous: number[] = [];
  ranks.forEach((value, index) => {
    let low = 0;
    while (low < tails.length && (ranks[tails[low] ?? 0] ?? 0) < value) {
      low += 1;
    }
    previous[index] = low === 0 ? -1 : (tails[low - 1] ?? -1);
    tails[low] = index;
  });
  const result = new Set<string>();
  for (let at = tails.at(-1) ?? -1; at >= 0; at = previous[at] ?? -1) {
    result.add(keys[at] ?? '');
  }
  return result;
}
