import type { MetricPoint } from '../core/model/records.ts';

/** From the plainest name to any loss at all. */
const NAMES = [/^loss$/i, /^train(ing)?[/_-]loss$/i, /(^|[/_-])loss$/i];

/** The last value of each series of a run, by name. */
export interface LatestMetrics {
  readonly latest: Readonly<Record<string, MetricPoint>>;
}

/**
 * The value people mean by "the loss" of a run: of the training, else of the
 * validation. Names are kept as the log writes them.
 *
 * @param view - with the last value of each series
 * @returns the last point, or `undefined` when no series is a loss
 */
export function lossOf(view: LatestMetrics): MetricPoint | undefined {
  const points = Object.values(view.latest);
  for (const name of NAMES) {
    const found = points.find((point) => name.test(point.name));
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}
