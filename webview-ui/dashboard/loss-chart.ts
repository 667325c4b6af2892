import type UPlot from 'uplot';
import type { Chart, ChartLine, Strings } from '../../src/ui/dashboard/messages.ts';
import { clockText, columnsOf, usableAxis, valueText } from './chart-data.ts';
import type { Axis, Columns } from './chart-data.ts';
import { chartLabel } from './chart-label.ts';
import { element, setText } from './dom.ts';
import { numberText } from './text.ts';
import type { ChartTheme } from './theme.ts';

/** How charts are drawn. */
export interface ChartOptions {
  readonly axis: Axis;
  readonly log: boolean;
  readonly theme: ChartTheme;
}

const HEIGHT = 240;
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- an ambient const enum
const LOGARITHMIC: UPlot.Scale.Distr = 3;
/** Pixels on and off; the first line is solid. */
const DASHES: readonly number[][] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [4, 4], [14, 4]];

/** One series over the chosen runs: the canvas, and beside it the same as a table. */
export class LossChart {
  readonly root: HTMLElement;
  private readonly strings: Strings;
  private readonly plotArea = element('div', { class: 'plot', role: 'img', tabindex: '0' });
  private readonly readout = element('span', { class: 'readout', 'aria-hidden': 'true' });
  private readonly legend = element('tbody');
  private readonly resizes: ResizeObserver;
  private plot: UPlot | undefined;
  private shape = '';
  private disposed = false;

  constructor(series: string, strings: Strings) {
    this.strings = strings;
    const heads = [strings.run, strings.last, strings.lowest, strings.highest, strings.points];
    const head = heads.map((text, index) =>
      element('th', { scope: 'col', class: index === 0 ? '' : 'number' }, text),
    );
    const caption = element('caption', { class: 'hidden' }, series);
    const table = element(
      'table',
      { class: 'legend' },
      caption,
      element('thead', {}, element('tr', {}, ...head)),
      this.legend,
    );
    this.root = element(
      'section',
      { class: 'chart', 'aria-label': series, 'data-series': series },
      element('header', {}, element('h3', {}, series), this.readout),
      element('div', { class: 'chart-body' }, this.plotArea, table),
    );
    this.resizes = new ResizeObserver(() => this.fit());
    this.resizes.observe(this.plotArea);
  }

  async update(chart: Chart, lines: readonly number[], options: ChartOptions): Promise<void> {
    this.legend.replaceChildren(...chart.lines.map((line, i) => legendRow(line, lines[i] ?? 0)));
    const axis = usableAxis(chart, options.axis);
    this.plotArea.setAttribute('aria-label', chartLabel(chart, axis, this.strings));
    const columns = columnsOf(chart.lines, axis, options.log);
    const shape = JSON.stringify([axis, options, lines, chart.lines.map((line) => line.runId)]);
    if (this.plot !== undefined && shape === this.shape) {
      this.replaceData(this.plot, columns);
      return;
    }
    const { default: Plot } = await import('uplot');
    if (this.disposed) {
      return;
    }
    this.shape = shape;
    this.plot?.destroy();
    this.plot = new Plot(
      plotOptions(chart, lines, axis, options, this.width(), (plot) => this.showCursor(plot, axis)),
      columns,
      this.plotArea,
    );
  }

  dispose(): void {
    this.disposed = true;
    this.resizes.disconnect();
    this.plot?.destroy();
    this.root.remove();
  }

  // Someone who has zoomed in does not want to be thrown out by each new point.
  private replaceData(plot: UPlot, columns: Columns): void {
    const xs = plot.data[0];
    const { min, max } = plot.scales['x'] ?? {};
    const zoomed = min != null && max != null && (min > (xs[0] ?? min) || max < (xs.at(-1) ?? max));
    plot.setData(columns, !zoomed);
    if (zoomed) {
      plot.redraw();
    }
  }

  private showCursor(plot: UPlot, axis: Axis): void {
    const index = plot.cursor.idx;
    if (index == null || (plot.cursor.left ?? -1) < 0) {
      setText(this.readout, '');
      return;
    }
    const x = plot.data[0][index] ?? 0;
    const values = plot.series.slice(1).flatMap(({ label }, i) => {
      const value = plot.data[i + 1]?.[index];
      return value == null || typeof label !== 'string' ? [] : [`${label} ${valueText(value)}`];
    });
    setText(this.readout, [xText(x, axis), ...values].join(' · '));
  }

  private width(): number {
    return Math.max(160, Math.floor(this.plotArea.clientWidth));
  }

  private fit(): void {
    if (this.plot !== undefined && this.plotArea.clientWidth > 0) {
      this.plot.setSize({ width: this.width(), height: HEIGHT });
    }
  }
}

function plotOptions(
  chart: Chart,
  lines: readonly number[],
  axis: Axis,
  { log, theme }: ChartOptions,
  width: number,
  onCursor: (plot: UPlot) => void,
): UPlot.Options {
  const common = {
    stroke: theme.text,
    font: theme.font,
    grid: { stroke: withAlpha(theme.grid), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { size: 7 } },
    scales: { x: { time: false }, y: log ? { distr: LOGARITHMIC } : {} },
    axes: [
      { ...common, values: (_, ticks) => ticks.map((x) => xText(x, axis)), size: 30 },
      { ...common, values: (_, ticks) => ticks.map(tickText), size: 52 },
    ],
    series: [
      {},
      ...chart.lines.map((line, i) => {
        const place = lines[i] ?? 0;
        return {
          label: line.name,
          stroke: theme.lines[place % theme.lines.length] ?? theme.text,
          width: theme.highContrast ? 2 : 1.5,
          dash: [...(DASHES[place % DASHES.length] ?? [])],
        };
      }),
    ],
    hooks: { setCursor: [onCursor] },
  };
}

function xText(x: number, axis: Axis): string {
  return axis === 'time' ? clockText(x * 1000) : numberText(x);
}

// On a logarithmic scale uPlot gives `null` for ticks too narrow to name.
function tickText(value: number | null): string {
  return value === null ? '' : valueText(value);
}

// Grid lines stay behind the data in any theme.
function withAlpha(color: string): string {
  return `color-mix(in srgb, ${color} 25%, transparent)`;
}

function legendRow(line: ChartLine, place: number): HTMLElement {
  const attributes = { scope: 'row', title: line.name };
  const name = element('th', attributes, element('span', { class: 'swatch' }), line.name);
  if (line.problem !== '') {
    name.append(element('span', { class: 'detail problem' }, line.problem));
  }
  const cells = [line.lastText, line.lowestText, line.highestText, line.pointsText];
  return element(
    'tr',
    { class: `line-${place}` },
    name,
    ...cells.map((text) => element('td', { class: 'number' }, text)),
  );
}
