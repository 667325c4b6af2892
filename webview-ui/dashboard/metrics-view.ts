import type { Chart, ChartLine, Charts, Strings } from '../../src/ui/dashboard/messages.ts';
import { clockText, sampledRows, valueText } from './chart-data.ts';
import type { Axis } from './chart-data.ts';
import { element, setText } from './dom.ts';
import { LossChart } from './loss-chart.ts';
import { format, numberText } from './text.ts';
import { readTheme } from './theme.ts';
import { checkbox, dropdown, panels } from './toolkit.ts';
import type { Control } from './toolkit.ts';

/** What a person chooses for the charts. */
export interface MetricsActions {
  series: (series: readonly string[]) => void;
  axis: (axis: Axis) => void;
  log: (log: boolean) => void;
}

const VALUES_PER_LINE = 50;

/** Charts of the ticked runs, the choice of series, and all values as text. */
export class MetricsView {
  readonly root: HTMLElement;
  private readonly strings: Strings;
  private readonly actions: MetricsActions;
  private readonly series = element('div', { class: 'choices', role: 'group' });
  private readonly message = element('p', { class: 'message' });
  private readonly chartArea = element('div', { class: 'charts' });
  private readonly valueArea = element('div', { class: 'values' });
  private readonly tabs: HTMLElement;
  private readonly charts = new Map<string, LossChart>();
  private readonly boxes = new Map<string, Control<boolean>>();
  private shown: Charts | undefined;
  private axis: Axis;
  private log: boolean;
  private valuesShown = false;

  constructor(strings: Strings, choice: { axis: Axis; log: boolean }, actions: MetricsActions) {
    this.strings = strings;
    this.actions = actions;
    this.axis = choice.axis;
    this.log = choice.log;
    this.series.setAttribute('aria-label', strings.series);
    const over = dropdown<Axis>(
      strings.over,
      [
        ['step', strings.overStep],
        ['time', strings.overTime],
      ],
      choice.axis,
      (axis) => {
        this.axis = axis;
        actions.axis(axis);
        this.redraw();
      },
    );
    const scale = checkbox(strings.logarithmic, choice.log, (log) => {
      this.log = log;
      actions.log(log);
      this.redraw();
    });
    const views = [
      ['tab-charts', strings.chartTab, this.chartArea],
      ['tab-values', strings.valuesTab, this.valueArea],
    ] as const;
    this.tabs = panels(strings.metrics, views, (id) => {
      this.valuesShown = id === 'tab-values';
      this.redraw();
    });
    const label = element('span', { class: 'label', 'aria-hidden': 'true' }, strings.over);
    this.root = element(
      'section',
      { 'aria-labelledby': 'metrics-title' },
      element(
        'div',
        { class: 'section-head' },
        element('h2', { id: 'metrics-title' }, strings.metrics),
        element('div', { class: 'toolbar' }, label, over.root, scale.root),
      ),
      this.series,
      this.message,
      this.tabs,
    );
  }

  update(charts: Charts): void {
    this.shown = charts;
    this.updateChoices(charts);
    const empty = charts.runIds.length === 0 ? this.strings.noRunChosen : this.strings.noSeries;
    const nothing = charts.charts.length === 0;
    setText(this.message, charts.problem || (nothing ? empty : ''));
    this.message.hidden = !nothing && charts.problem === '';
    this.tabs.hidden = nothing;
    this.redraw();
  }

  /** Draws again with what is known, after a change of theme or axis. */
  redraw(): void {
    const { shown } = this;
    if (shown === undefined) {
      return;
    }
    if (this.valuesShown) {
      const tables = shown.charts.flatMap(({ series, lines }) =>
        lines.map((line) => this.valueTable(series, line)),
      );
      this.valueArea.replaceChildren(...tables);
      return;
    }
    this.valueArea.replaceChildren();
    this.draw(shown);
  }

  private draw(shown: Charts): void {
    const names = new Set(shown.charts.map(({ series }) => series));
    for (const [name, chart] of this.charts) {
      if (!names.has(name)) {
        chart.dispose();
        this.charts.delete(name);
      }
    }
    const options = { axis: this.axis, log: this.log, theme: readTheme() };
    for (const chart of shown.charts) {
      const view = this.charts.get(chart.series) ?? new LossChart(chart.series, this.strings);
      this.charts.set(chart.series, view);
      if (!view.root.isConnected) {
        this.chartArea.append(view.root);
      }
      // A run keeps its colour in every chart, also where it has no values.
      void view.update(chart, placesOf(chart, shown.runIds), options);
    }
  }

  private updateChoices(charts: Charts): void {
    const chosen = new Set(charts.series);
    for (const [name, box] of this.boxes) {
      if (!charts.available.includes(name)) {
        box.root.remove();
        this.boxes.delete(name);
      }
    }
    for (const name of charts.available) {
      const box = this.boxes.get(name) ?? checkbox(name, chosen.has(name), () => this.choose(name));
      this.boxes.set(name, box);
      box.set(chosen.has(name));
      if (!box.root.isConnected) {
        this.series.append(box.root);
      }
    }
    this.series.hidden = charts.available.length === 0;
  }

  private choose(name: string): void {
    const chosen = new Set(this.shown?.series);
    if (!chosen.delete(name)) {
      chosen.add(name);
    }
    this.actions.series([...chosen]);
  }

  private valueTable(series: string, line: ChartLine): HTMLElement {
    const { strings } = this;
    const heads = [strings.overStep, strings.overTime, series];
    const rows = sampledRows(line, VALUES_PER_LINE).map(({ step, elapsed, value }) =>
      element(
        'tr',
        {},
        ...[
          step === null ? '' : numberText(step),
          clockText(elapsed),
          value === null ? 'NaN' : valueText(value),
        ].map((text) => element('td', { class: 'number' }, text)),
      ),
    );
    return element(
      'table',
      { class: 'legend' },
      element('caption', {}, format(strings.valuesOf, series, line.name)),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...heads.map((text) => element('th', { scope: 'col', class: 'number' }, text)),
        ),
      ),
      element('tbody', {}, ...rows),
    );
  }
}

function placesOf(chart: Chart, runIds: readonly string[]): number[] {
  return chart.lines.map(({ runId }) => Math.max(0, runIds.indexOf(runId)));
}
