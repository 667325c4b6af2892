import type { Axis } from './chart-data.ts';
import { INITIAL_VIEW } from './table-model.ts';
import type { TableView } from './table-model.ts';

/** What a person chose; kept by VS Code over hiding and reload. */
export interface PageState {
  readonly table: TableView;
  /** Charted runs; `null` until someone chose. */
  readonly runIds: readonly string[] | null;
  readonly series: readonly string[] | null;
  readonly axis: Axis;
  readonly log: boolean;
}

const INITIAL: PageState = {
  table: INITIAL_VIEW,
  runIds: null,
  series: null,
  axis: 'step',
  log: false,
};

/** Reads a kept state; what an older version wrote and this one does not know is dropped. */
export function asPageState(value: unknown): PageState {
  const kept = record(value);
  const table = record(kept['table']);
  return {
    table: {
      column: oneOf(table['column'], COLUMNS) ?? INITIAL_VIEW.column,
      direction: oneOf(table['direction'], DIRECTIONS) ?? INITIAL_VIEW.direction,
      page: Number.isSafeInteger(table['page']) ? Math.max(0, Number(table['page'])) : 0,
      filter: typeof table['filter'] === 'string' ? table['filter'] : '',
      show: oneOf(table['show'], SHOWS) ?? INITIAL_VIEW.show,
    },
    runIds: names(kept['runIds']),
    series: names(kept['series']),
    axis: kept['axis'] === 'time' ? 'time' : INITIAL.axis,
    log: kept['log'] === true,
  };
}

const COLUMNS = [
  'name',
  'state',
  'machine',
  'started',
  'duration',
  'cost',
  'loss',
  'progress',
  'checkpoints',
] as const satisfies readonly TableView['column'][];
const DIRECTIONS = ['ascending', 'descending'] as const;
const SHOWS = ['all', 'active', 'ended'] as const;

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

function oneOf<T extends string>(value: unknown, options: readonly T[]): T | undefined {
  return options.find((option) => option === value);
}

function names(value: unknown): readonly string[] | null {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : null;
}
