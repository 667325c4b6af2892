import * as l10n from '@vscode/l10n';
import { formatBytes, formatLoad } from '../../core/format.ts';
import { formatDate, formatNumber } from '../../core/locale.ts';
import type { MachineFacts, ProcessFacts } from '../../resources/account-snapshot.ts';

/**
 * Writes what runs on a machine as a plain text document.
 *
 * @param machine - name for the heading
 * @param facts - what the agent told; `null` when it has not yet
 * @param runNames - name by id of a run; the id alone stands for a run not in it
 * @returns text with one line per processor, disk, GPU and process, those of a
 *   run together
 */
export function processesText(
  machine: string,
  facts: MachineFacts | null,
  runNames: ReadonlyMap<string, string> = new Map(),
): string {
  if (facts === null) {
    return l10n.t('{0}: nothing is known yet. Refresh to ask the machine.', machine);
  }
  const sections = [
    heading(machine, facts),
    gpuLines(facts),
    diskLines(facts),
    ...table(facts.processes, runNames),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function heading(machine: string, facts: MachineFacts): string {
  const { cpus, cpuBusy, memory } = facts;
  return [
    `${machine} — ${facts.os} ${facts.arch} — ${formatDate(facts.at)}`,
    processorsText(cpus === null ? '?' : String(cpus), cpuBusy),
    l10n.t('Load: {0}', formatLoad(facts.load)),
    ...(memory === null
      ? []
      : [l10n.t('Memory: {0} free of {1}', formatBytes(memory.available), formatBytes(memory.total))]),
  ].join('\n');
}

function processorsText(cpus: string, busy: number | null): string {
  return busy === null
    ? l10n.t('Processors: {0}', cpus)
    : l10n.t('Processors: {0}, {1}% busy', cpus, Math.round(busy * 100));
}

function gpuLines(facts: MachineFacts): string {
  if (facts.gpus === null) {
    return facts.gpuProblem === null
      ? ''
      : l10n.t('GPUs could not be read: {0}', facts.gpuProblem);
  }
  return facts.gpus
    .map((gpu) => {
      const used = gpu.memoryUsed === null ? '?' : formatBytes(gpu.memoryUsed);
      const total = gpu.memoryTotal === null ? '?' : formatBytes(gpu.memoryTotal);
      const busy = gpu.utilization === null ? '?' : String(Math.round(gpu.utilization));
      return l10n.t('GPU {0}: {1}, {2}% busy, {3} of {4}', gpu.index, gpu.name, busy, used, total);
    })
    .join('\n');
}

function diskLines(facts: MachineFacts): string {
  return facts.disks
    .map((disk) =>
      l10n.t(
        'Disk {0}: {1} free of {2}',
        disk.path,
        formatBytes(disk.available),
        formatBytes(disk.total),
      ),
    )
    .join('\n');
}

const COLUMNS = ['PID', 'USER', 'CPU %', 'MEMORY', 'GPU', 'COMMAND'] as const;

function table(
  processes: readonly ProcessFacts[],
  runNames: ReadonlyMap<string, string>,
): readonly string[] {
  const cells = processes.map(row);
  const widths = COLUMNS.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => (row[column] ?? '').length)),
  );
  const groups = Map.groupBy(processes, ({ run }) => run);
  const others = groups.get(null) ?? [];
  groups.delete(null);
  const block = (title: string, members: readonly ProcessFacts[]): string =>
    [title, ...members.map((process) => line(row(process), widths))].join('\n');
  return [
    line(COLUMNS, widths),
    ...[...groups].map(([run, members]) => block(titleOf(run ?? '', runNames), members)),
    ...(others.length === 0 ? [] : [block(l10n.t('Other processes'), others)]),
  ];
}

function titleOf(run: string, runNames: ReadonlyMap<string, string>): string {
  const name = runNames.get(run);
  return name === undefined ? l10n.t('Run {0}', run) : l10n.t('Run {0} ({1})', name, run);
}

function line(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
    .join('  ');
}

const ONE_DIGIT = { minimumFractionDigits: 1, maximumFractionDigits: 1 };

function row(process: ProcessFacts): readonly string[] {
  return [
    String(process.pid),
    process.user,
    process.cpu === null ? '?' : formatNumber(process.cpu, ONE_DIGIT),
    process.memory === null ? '?' : formatBytes(process.memory),
    process.gpuMemory === null ? '' : formatBytes(process.gpuMemory),
    // A command line with line breaks must not look like another process.
    process.command.replaceAll(/\s+/g, ' '),
  ];
}
