import type { Chart, Strings } from '../../src/ui/dashboard/messages.ts';
import type { Axis } from './chart-data.ts';
import { format } from './text.ts';

/** Says in words what a chart shows: what over what, and the figures of each line. */
export function chartLabel(chart: Chart, axis: Axis, strings: Strings): string {
  const over = axis === 'step' ? strings.overStep : strings.overTime;
  const lines = chart.lines.map(({ name, lastText, lowestText, highestText, problem }) => {
    const figures = format(strings.chartLine, name, lastText, lowestText, highestText);
    return problem === '' ? figures : `${figures} ${problem}`;
  });
  return [format(strings.chartLabel, chart.series, over), ...lines].join(' ');
}
