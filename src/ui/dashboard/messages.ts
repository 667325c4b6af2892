// Shared by the host and the page, so it imports nothing: the page has no Node types.

/** State of a run, as the page knows it. */
export type RowState =
  | 'queued'
  | 'starting'
  | 'running'
  | 'stopping'
  | 'succeeded'
  | 'failed'
  | 'stopped'
  | 'lost';

/** A run as one row. Texts are translated, raw figures are there to sort by. */
export interface RunRow {
  readonly id: string;
  readonly name: string;
  readonly state: RowState;
  /** Has not ended. */
  readonly active: boolean;
  readonly stateText: string;
  readonly why: string;
  readonly machine: string;
  /** Ms since the epoch. */
  readonly started: number | null;
  readonly startedText: string;
  readonly durationMs: number | null;
  readonly durationText: string;
  /** Micro-dollars. */
  readonly cost: number | null;
  readonly costText: string;
  readonly loss: number | null;
  readonly lossText: string;
  /** 0 to 1. */
  readonly fraction: number | null;
  readonly progressText: string;
  /** Step and how many there are; may be empty. */
  readonly stepText: string;
  /** Time left; empty when unknown or ended. */
  readonly etaText: string;
  readonly checkpoints: number;
  /** Step of the newest whole one, and how many are not whole yet. */
  readonly checkpointsText: string;
  /** How many, with the word; empty for none. */
  readonly checkpointsCountText: string;
  readonly canStop: boolean;
  readonly canResume: boolean;
}

/** One tile of the totals. */
export interface Total {
  readonly id: 'active' | 'rate' | 'cost' | 'checkpoints';
  readonly label: string;
  readonly value: string;
  /** Small print below; may be empty. */
  readonly detail: string;
}

/** The totals, and what a screen reader says when they change. */
export interface Totals {
  readonly tiles: readonly Total[];
  /** Without figures that tick, or it would never be silent. */
  readonly spoken: string;
  /** Parts that are old or failed, for people. */
  readonly problems: readonly string[];
  /** Runs that are not listed because there are too many. */
  readonly notListed: string;
}

/** One run's line in a chart. All arrays have the same length. */
export interface ChartLine {
  readonly runId: string;
  readonly name: string;
  readonly steps: readonly (number | null)[];
  /** Ms since the run started. */
  readonly elapsed: readonly number[];
  /** `null` where the value was no finite number. */
  readonly values: readonly (number | null)[];
  readonly lastText: string;
  readonly lowestText: string;
  readonly highestText: string;
  readonly pointsText: string;
  /** For example that it stopped being a number; may be empty. */
  readonly problem: string;
}

/** One series over the chosen runs. */
export interface Chart {
  readonly series: string;
  readonly lines: readonly ChartLine[];
}

/** What is charted, and what could be. */
export interface Charts {
  readonly runIds: readonly string[];
  /** Series of the chosen runs. */
  readonly available: readonly string[];
  readonly series: readonly string[];
  readonly charts: readonly Chart[];
  /** Why there is nothing or less than asked for; may be empty. */
  readonly problem: string;
}

/** Everything the page shows. */
export interface DashboardModel {
  readonly rows: readonly RunRow[];
  readonly totals: Totals;
  readonly charts: Charts;
}

/** Rows that are new or changed, and ids that are gone. */
export interface RowsPatch {
  readonly upsert: readonly RunRow[];
  readonly removed: readonly string[];
}

/** What to chart; `null` leaves the choice to the host. */
export interface Selection {
  readonly runIds: readonly string[] | null;
  readonly series: readonly string[] | null;
}

/** What a person may do from the page; each is a command of the same name. */
export type PageCommand =
  | 'runctl.launch'
  | 'runctl.refresh'
  | 'runctl.resumeRun'
  | 'runctl.showLog'
  | 'runctl.showRunDetails'
  | 'runctl.stopRun';

/** What the page asks for; each request is answered once. */
export type PageRequest =
  | ({ readonly name: 'select' } & Selection)
  | { readonly name: 'command'; readonly command: PageCommand; readonly runId: string | null };

/** From the page. Nothing else is sent before `ready`. */
export type PageMessage =
  | { readonly kind: 'ready'; readonly selection: Selection }
  | { readonly kind: 'request'; readonly id: number; readonly request: PageRequest };

/** To the page. `init` is the first, and comes again when the page was made anew. */
export type HostMessage =
  | { readonly kind: 'init'; readonly strings: Strings; readonly model: DashboardModel | null }
  | { readonly kind: 'patch'; readonly rows: RowsPatch; readonly totals: Totals | null }
  | { readonly kind: 'charts'; readonly charts: Charts }
  /** Someone opened the dashboard on these runs. */
  | { readonly kind: 'focus'; readonly runIds: readonly string[] }
  | { readonly kind: 'response'; readonly id: number; readonly error: string | null };

/** Every text of the page, translated by the host; `{0}` stands for a value. */
export interface Strings {
  readonly title: string;
  readonly launch: string;
  readonly loading: string;
  readonly emptyTitle: string;
  readonly emptyText: string;
  readonly totals: string;
  readonly runs: string;
  readonly filter: string;
  readonly filterPlaceholder: string;
  readonly show: string;
  readonly showAll: string;
  readonly showActive: string;
  readonly showEnded: string;
  readonly noMatch: string;
  readonly rowsShown: string;
  readonly page: string;
  readonly previousPage: string;
  readonly nextPage: string;
  readonly chartColumn: string;
  readonly chartRun: string;
  readonly chartFull: string;
  readonly run: string;
  readonly state: string;
  readonly machine: string;
  readonly started: string;
  readonly duration: string;
  readonly cost: string;
  readonly costUnknown: string;
  readonly loss: string;
  readonly progress: string;
  readonly checkpoints: string;
  readonly actions: string;
  readonly stop: string;
  readonly resume: string;
  readonly log: string;
  readonly details: string;
  readonly metrics: string;
  readonly series: string;
  readonly over: string;
  readonly overStep: string;
  readonly overTime: string;
  readonly logarithmic: string;
  readonly chartTab: string;
  readonly valuesTab: string;
  readonly noRunChosen: string;
  readonly noSeries: string;
  readonly last: string;
  readonly lowest: string;
  readonly highest: string;
  readonly points: string;
  readonly chartLabel: string;
  readonly chartLine: string;
  readonly valuesOf: string;
  readonly failed: string;
}
