import * as l10n from '@vscode/l10n';
import type { Clock } from '../../core/clock.ts';
import { DisposableStore } from '../../core/events.ts';
import type { Disposable, Event } from '../../core/events.ts';
import type { Logger } from '../../core/logger.ts';
import { isActive } from '../../core/model/run.ts';
import type { AccountSnapshot } from '../../resources/account-snapshot.ts';
import { chartsOf, chosenRuns, chosenSeries, MAX_POINTS, NO_CHART_DATA } from './chart-model.ts';
import type { ChartData, SeriesData } from './chart-model.ts';
import type { HostMessage, PageCommand, RunRow, Selection } from './messages.ts';
import { asPageMessage } from './page-message.ts';
import { diffRows } from './rows-patch.ts';
import { dashboardStrings } from './strings.ts';
import { dashboardModel, rowsOf, totalsOf } from './view-model.ts';

/** Where the dashboard's facts come from. */
export interface DashboardSource {
  /** What is known; `null` before anything is. */
  snapshot(): AccountSnapshot | null;
  readonly onDidChange: Event<void>;
  /** Reads series of one run, each with at most `maxPoints` points. */
  series(
    runId: string,
    names: readonly string[],
    maxPoints: number,
  ): Promise<readonly SeriesData[]>;
  /** Names of a run's series, in the order they first appeared. */
  seriesNames(runId: string): Promise<readonly string[]>;
}

/** What a session needs of its surroundings. */
export interface SessionHost {
  readonly source: DashboardSource;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Posts to the page. */
  readonly post: (message: HostMessage) => void;
  /** Runs a contributed command. */
  readonly command: (command: PageCommand, runId: string | null) => Promise<unknown>;
}

/** Changes closer together than this are one patch. */
export const PATCH_MS = 250;
/** Durations and costs of active runs tick this often. */
export const TICK_MS = 5000;

/**
 * The host's side of one page: knows what the page has and sends only what
 * changed. Says nothing before the page is ready or while it is hidden.
 */
export class DashboardSession implements Disposable {
  private readonly host: SessionHost;
  private readonly store = new DisposableStore();
  private ready = false;
  private visible = true;
  private dirty = false;
  private patchPending = false;
  private rows = new Map<string, RunRow>();
  private totals = '';
  private charts = '';
  private selection: Selection = { runIds: null, series: null };
  private focus: readonly string[] | null = null;
  private loads = 0;
  private readonly ended = new AbortController();

  constructor(host: SessionHost) {
    this.host = host;
    this.store.add(host.source.onDidChange(() => this.onChange()));
    this.store.add({ dispose: host.clock.every(TICK_MS, () => this.onTick()) });
    this.store.add({ dispose: () => this.ended.abort() });
  }

  /**
   * Takes a message of the page.
   *
   * @param value - anything; what is no message is logged and dropped
   */
  receive(value: unknown): void {
    const message = asPageMessage(value);
    if (message === undefined) {
      this.host.logger.warn('dropped an unknown message of the page');
      return;
    }
    if (message.kind === 'ready') {
      this.ready = true;
      this.selection = this.focus === null ? message.selection : this.focused(message.selection);
      void this.start();
      return;
    }
    void this.answer(message.id, async () => {
      if (message.request.name === 'command') {
        await this.host.command(message.request.command, message.request.runId);
        return;
      }
      const { runIds, series } = message.request;
      this.selection = { runIds, series };
      await this.loadCharts();
    });
  }

  /**
   * Tells whether anyone can see the page.
   *
   * @param visible - false stops all messages; a page shown again starts anew
   */
  setVisible(visible: boolean): void {
    this.visible = visible;
    if (visible && this.dirty) {
      this.onChange();
    }
  }

  /**
   * Charts certain runs, as soon as the page is ready.
   *
   * @param runIds - the runs
   */
  showRuns(runIds: readonly string[]): void {
    this.focus = runIds;
    if (this.ready && this.visible) {
      this.selection = this.focused(this.selection);
      this.focus = null;
      this.host.post({ kind: 'focus', runIds });
      void this.loadCharts();
    }
  }

  dispose(): void {
    this.store.dispose();
  }

  // The page was made anew: it has nothing.
  private async start(): Promise<void> {
    const snapshot = this.host.source.snapshot();
    this.rows.clear();
    this.charts = '';
    this.dirty = false;
    const now = this.host.clock.now();
    const model = snapshot === null ? null : dashboardModel(snapshot, [], NO_CHART_DATA, now);
    this.rows = new Map(model?.rows.map((row) => [row.id, row]));
    this.totals = JSON.stringify(model?.totals);
    this.host.post({ kind: 'init', strings: dashboardStrings(), model });
    if (this.focus !== null) {
      this.host.post({ kind: 'focus', runIds: this.focus });
      this.focus = null;
    }
    await this.loadCharts();
  }

  private focused(selection: Selection): Selection {
    return { ...selection, runIds: this.focus };
  }

  private onTick(): void {
    const runs = this.host.source.snapshot()?.runs ?? [];
    if (runs.some(({ run }) => isActive(run))) {
      this.onChange();
    }
  }

  private onChange(): void {
    this.dirty = true;
    if (!this.ready || !this.visible || this.patchPending) {
      return;
    }
    this.patchPending = true;
    // A run in full flow changes many times a second; the page need not.
    this.host.clock.sleep(PATCH_MS, this.ended.signal).then(
      () => {
        this.patchPending = false;
        if (this.visible) {
          this.patch();
          void this.loadCharts();
        }
      },
      () => undefined,
    );
  }

  private patch(): void {
    const snapshot = this.host.source.snapshot();
    if (snapshot === null) {
      return;
    }
    this.dirty = false;
    const now = this.host.clock.now();
    const next = rowsOf(snapshot, now);
    const rows = diffRows(this.rows, next);
    const totals = totalsOf(snapshot, now);
    const totalsKey = JSON.stringify(totals);
    const newTotals = totalsKey === this.totals ? null : totals;
    if (rows !== null || newTotals !== null) {
      this.rows = new Map(next.map((row) => [row.id, row]));
      this.totals = totalsKey;
      const patch = rows ?? { upsert: [], removed: [] };
      this.host.post({ kind: 'patch', rows: patch, totals: newTotals });
    }
  }

  // Of loads that overlap only the last one counts.
  private async loadCharts(): Promise<void> {
    this.loads += 1;
    const load = this.loads;
    const snapshot = this.host.source.snapshot();
    if (snapshot === null) {
      return;
    }
    const runIds = chosenRuns(snapshot, this.selection);
    const data = await this.readCharts(runIds);
    if (load !== this.loads || this.ended.signal.aborted || !this.visible) {
      return;
    }
    const charts = chartsOf(snapshot, runIds, data);
    const key = JSON.stringify(charts);
    if (key !== this.charts) {
      this.charts = key;
      this.host.post({ kind: 'charts', charts });
    }
  }

  private async readCharts(runIds: readonly string[]): Promise<ChartData> {
    const { source, logger } = this.host;
    try {
      const names = await Promise.all(runIds.map((id) => source.seriesNames(id)));
      const available = [...new Set(names.flat())];
      const series = chosenSeries(available, this.selection);
      const data = await Promise.all(runIds.map((id) => source.series(id, series, MAX_POINTS)));
      return { available, series, data: data.flat(), problem: '' };
    } catch (error) {
      logger.warn('the series for the charts cannot be read', error);
      return { ...NO_CHART_DATA, problem: l10n.t('The metrics cannot be read.') };
    }
  }

  private async answer(id: number, act: () => Promise<unknown>): Promise<void> {
    let error: string | null = null;
    try {
      await act();
    } catch (failure) {
      this.host.logger.warn('a request of the page failed', failure);
      error = failure instanceof Error ? failure.message : String(failure);
    }
    if (!this.ended.signal.aborted && this.visible) {
      this.host.post({ kind: 'response', id, error });
    }
  }
}
