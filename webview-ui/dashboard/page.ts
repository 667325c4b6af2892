import type {
  Charts,
  DashboardModel,
  HostMessage,
  PageCommand,
  RunRow,
  Strings,
  Totals,
} from '../../src/ui/dashboard/messages.ts';
import { applyRows } from '../../src/ui/dashboard/rows-patch.ts';
import { element, setText } from './dom.ts';
import type { Host } from './host.ts';
import { MetricsView } from './metrics-view.ts';
import type { PageState } from './page-state.ts';
import { RunsTable } from './runs-table.ts';
import { sortedBy, tablePage } from './table-model.ts';
import type { Show, TableView } from './table-model.ts';
import { format } from './text.ts';
import { onThemeChange } from './theme.ts';
import { button, dropdown, textField } from './toolkit.ts';
import { TotalsView } from './totals-view.ts';

/** Lines that can be told apart; the host cuts off at the same number. */
const MAX_CHARTED = 6;
const NO_CHARTS: Charts = { runIds: [], available: [], series: [], charts: [], problem: '' };

/** The page: what the host told, what the person chose, and the views of both. */
export class Page {
  private readonly root: HTMLElement;
  private readonly host: Host;
  private state: PageState;
  private strings: Strings | undefined;
  private rows = new Map<string, RunRow>();
  private totals: Totals | undefined;
  private charts = NO_CHARTS;
  private views: Views | undefined;
  private readonly failure = element('p', { class: 'failure', role: 'alert', hidden: '' });

  constructor(root: HTMLElement, host: Host) {
    this.root = root;
    this.host = host;
    this.state = host.state();
    onThemeChange(() => this.views?.metrics.redraw());
  }

  start(): void {
    const { runIds, series } = this.state;
    this.host.start({ runIds, series }, (message) => this.receive(message));
  }

  private receive(message: HostMessage): void {
    switch (message.kind) {
      case 'init':
        this.begin(message.strings, message.model);
        break;
      case 'patch':
        this.rows = applyRows(this.rows, message.rows);
        this.totals = message.totals ?? this.totals;
        this.show();
        break;
      case 'charts':
        this.charts = message.charts;
        this.show();
        this.views?.metrics.update(this.charts);
        break;
      case 'focus':
        this.change({ runIds: message.runIds });
        this.views?.metrics.root.scrollIntoView({ block: 'nearest' });
        break;
      case 'response':
        break;
    }
  }

  private begin(strings: Strings, model: DashboardModel | null): void {
    this.strings = strings;
    this.views = undefined;
    this.rows = new Map(model?.rows.map((row) => [row.id, row]));
    this.totals = model?.totals;
    this.charts = model?.charts ?? NO_CHARTS;
    if (model === null) {
      const loading = element('p', { class: 'message', role: 'status' }, strings.loading);
      this.root.replaceChildren(loading);
      return;
    }
    this.show();
  }

  private show(): void {
    const { strings, totals } = this;
    if (strings === undefined || totals === undefined) {
      return;
    }
    if (this.rows.size === 0) {
      this.views = undefined;
      this.root.replaceChildren(this.failure, this.emptyPage(strings));
      return;
    }
    this.views ??= this.build(strings);
    this.views.totals.update(totals);
    const page = tablePage(this.rows.values(), this.state.table);
    this.views.table.update(page, this.state.table, this.charts.runIds);
  }

  private emptyPage(strings: Strings): HTMLElement {
    return element(
      'div',
      { class: 'empty' },
      element('h1', {}, strings.emptyTitle),
      element('p', {}, strings.emptyText),
      button(strings.launch, 'primary', () => this.command('runctl.launch', null)),
    );
  }

  private build(strings: Strings): Views {
    const { table: view, axis, log } = this.state;
    const totals = new TotalsView(strings);
    const table = new RunsTable(strings, {
      sort: (column) => this.changeTable(sortedBy(this.state.table, column)),
      turnTo: (page) => this.changeTable({ page }),
      chart: (runId, checked) => this.chart(runId, checked),
      command: (command, runId) => this.command(command, runId),
    });
    const metrics = new MetricsView(strings, { axis, log }, {
      series: (series) => this.select({ series }),
      axis: (next) => this.change({ axis: next }),
      log: (next) => this.change({ log: next }),
    });
    const filter = textField(strings.filter, strings.filterPlaceholder, (text) =>
      this.changeTable({ filter: text, page: 0 }),
    );
    filter.set(view.filter);
    const shows: [Show, string][] = [
      ['all', strings.showAll],
      ['active', strings.showActive],
      ['ended', strings.showEnded],
    ];
    const show = dropdown(strings.show, shows, view.show, (next) =>
      this.changeTable({ show: next, page: 0 }),
    );
    const launch = button(strings.launch, 'primary', () => this.command('runctl.launch', null));
    const toolbar = element('div', { class: 'toolbar' }, filter.root, show.root);
    this.root.replaceChildren(
      element('header', { class: 'page-head' }, element('h1', {}, strings.title), launch),
      this.failure,
      totals.root,
      element(
        'section',
        { 'aria-labelledby': 'runs-title' },
        element(
          'div',
          { class: 'section-head' },
          element('h2', { id: 'runs-title' }, strings.runs),
          toolbar,
        ),
        table.root,
      ),
      metrics.root,
    );
    metrics.update(this.charts);
    return { totals, table, metrics };
  }

  private chart(runId: string, checked: boolean): void {
    const others = this.charts.runIds.filter((id) => id !== runId);
    if (checked && others.length >= MAX_CHARTED) {
      this.fail(format(this.strings?.chartFull ?? '', MAX_CHARTED));
      this.show();
      return;
    }
    this.fail('');
    this.select({ runIds: checked ? [...others, runId] : others });
  }

  private select(change: Partial<Pick<PageState, 'runIds' | 'series'>>): void {
    this.change(change);
    const { runIds, series } = this.state;
    void this.host.select({ runIds, series }).then((error) => this.failWith(error));
  }

  private command(command: PageCommand, runId: string | null): void {
    this.fail('');
    void this.host.command(command, runId).then((error) => this.failWith(error));
  }

  private changeTable(change: Partial<TableView>): void {
    this.change({ table: { ...this.state.table, ...change } });
    this.show();
  }

  private change(change: Partial<PageState>): void {
    this.state = { ...this.state, ...change };
    this.host.keep(this.state);
  }

  private failWith(error: string | null): void {
    if (error !== null) {
      this.fail(format(this.strings?.failed ?? '{0}', error));
    }
  }

  private fail(text: string): void {
    setText(this.failure, text);
    this.failure.hidden = text === '';
  }
}

interface Views {
  readonly totals: TotalsView;
  readonly table: RunsTable;
  readonly metrics: MetricsView;
}
