import * as l10n from '@vscode/l10n';
import { formatBytes } from '../../core/format.ts';
import type { MachineFacts, ProcessFacts } from '../../resources/account-snapshot.ts';

/**
 * Writes what runs on a machine as a plain text document.
 *
 * @param machine - name for the heading
 * @param facts - what the agent told; `null` when it has not yet
 * @returns text with one line per processor, disk, GPU and process
 */
export function processesText(machine: string, facts: MachineFacts | null): string {
  if (facts === null) {
    return l10n.t('{0}: nothing is known yet. Refresh to ask the machine.', machine);
  }
  const sections = [heading(machine, facts), gpuLines(facts), diskLines(facts), table(facts)];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function heading(machine: string, facts: MachineFacts): string {
  const busy = facts.cpuBusy === null ? '' : l10n.t(', {0}% busy', Math.round(facts.cpuBusy * 100));
  const memory =
    facts.memory === null
      ? ''
      : l10n.t(
          'Memory: {0} free of {1}',
          formatBytes(facts.memory.available),
          formatBytes(facts.memory.total),
        );
  const load = facts.load.map((value) => value.toFixed(2)).join(' ');
  return [
    `${machine} — ${facts.os} ${facts.arch} — ${new Date(facts.at).toLocaleString()}`,
    `${l10n.t('Processors: {0}', facts.cpus ?? '?')}${busy}; ${l10n.t('load {0}', load)}`,
    memory,
  ]
    .filter((line) => line !== '')
    .join('\n');
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

const COLUMNS = ['PID', 'USER', 'CPU %', 'MEMORY', 'GPU', 'RUN', 'COMMAND'] as const;

function table(facts: MachineFacts): string {
  const rows = [COLUMNS, ...facts.processes.map(row)];
  const widths = COLUMNS.map((_, column) =>
    Math.max(...rows.map((cells) => (cells[column] ?? '').length)),
  );
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  '),
    )
    .join('\n');
}

function row(process: ProcessFacts): readonly string[] {
  return [
    String(process.pid),
    process.user,
    process.cpu === null ? '?' : process.cpu.toFixed(1),
    process.memory === null ? '?' : formatBytes(process.memory),
    process.gpuMemory === null ? '' : formatBytes(process.gpuMemory),
    process.run ?? '',
    // A command line with line breaks must not look like another process.
    process.command.replaceAll(/\s+/g, ' '),
  ];
}
