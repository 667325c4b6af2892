import type { Disposable } from '../../core/events.ts';
import { asRunId } from '../../core/ids.ts';
import type { RunId } from '../../core/ids.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { TOTAL_STEPS } from '../../training/metrics/metrics-collector.ts';
import type { App } from '../app.ts';
import type { SeriesData } from './chart-model.ts';
import { DashboardPanel } from './dashboard-panel.ts';
import type { DashboardSource } from './dashboard-session.ts';

const panels = new WeakMap<App, DashboardPanel>();

/**
 * Registers the restorer of the dashboard, so that it comes back after a reload.
 *
 * @param app - the window's parts
 * @returns closes the dashboard
 */
export function registerDashboard(app: App): Disposable {
  return panelOf(app);
}

/**
 * Opens the dashboard or brings it to the front.
 *
 * @param app - the window's parts
 * @param runIds - runs to chart; the page's own choice stays without any
 */
export function openDashboard(app: App, runIds: readonly string[] = []): void {
  panelOf(app).show(runIds.length === 0 ? undefined : runIds);
}

function panelOf(app: App): DashboardPanel {
  const known = panels.get(app);
  if (known !== undefined) {
    return known;
  }
  const panel = new DashboardPanel({
    extensionUri: app.context.extensionUri,
    source: sourceOf(app),
    clock: app.clock,
    logger: app.logger,
  });
  panels.set(app, panel);
  return panel;
}

function sourceOf(app: App): DashboardSource {
  return {
    snapshot: () => app.host.knownSnapshot(),
    onDidChange: (listener) => app.host.onDidChange(() => listener()),
    series: async (runId, names, maxPoints) => {
      const { ledger } = await app.engine();
      const id = asRunId(runId);
      return id === undefined
        ? []
        : Promise.all(names.map((name) => seriesOf(ledger, id, name, maxPoints)));
    },
    seriesNames: async (runId) => {
      const { ledger } = await app.engine();
      const id = asRunId(runId);
      const series = id === undefined ? [] : await ledger.metrics.series(id);
      return series.map((item) => item.name).filter((name) => name !== TOTAL_STEPS);
    },
  };
}

async function seriesOf(
  ledger: Ledger,
  runId: RunId,
  name: string,
  maxPoints: number,
): Promise<SeriesData> {
  const buckets = await ledger.metrics.chart(runId, name, maxPoints);
  const points = buckets.map(({ last, ...rest }) => ({ ...rest, value: last }));
  return { runId, name, points };
}
