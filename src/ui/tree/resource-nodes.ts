import * as l10n from '@vscode/l10n';
import { formatAge, formatBytes, formatLoad, formatRate } from '../../core/format.ts';
import { isActive } from '../../core/model/run.ts';
import type {
  AccountSnapshot,
  GpuFacts,
  MachineFacts,
  MachineView,
  ProviderPart,
  RunView,
} from '../../resources/account-snapshot.ts';
import { isStale } from '../../resources/stale.ts';
import { resourceNode } from './billed-resource-node.ts';
import { troubleIcon, troubleRows, troubleText } from './machine-trouble.ts';
import { markdownTable } from './markdown.ts';
import { paged } from './paging.ts';
import { providerIcon } from './provider-icon.ts';
import { runNode } from './run-nodes.ts';
import type { TreeNode } from './tree-node.ts';

/** How much of each list the Resources view shows. */
export interface ResourceTreeOptions {
  /** Rows shown so far, by parent id. */
  readonly shown: ReadonlyMap<string, number>;
}

/**
 * Rows of the Resources view: provider, machine, facts and runs.
 *
 * @param snapshot - what is known
 * @param options - paging
 * @returns one row per provider
 */
export function resourceNodes(
  snapshot: AccountSnapshot,
  options: ResourceTreeOptions,
): readonly TreeNode[] {
  const byMachine = groupByMachine(snapshot.runs);
  return snapshot.providers.map((part) => providerNode(part, snapshot.at, byMachine, options));
}

function groupByMachine(runs: readonly RunView[]): ReadonlyMap<string, readonly RunView[]> {
  return Map.groupBy(runs, ({ run }) => `${run.provider}/${run.machine}`);
}

function providerNode(
  part: ProviderPart,
  now: number,
  runs: ReadonlyMap<string, readonly RunView[]>,
  options: ResourceTreeOptions,
): TreeNode {
  const id = `provider:${part.id}`;
  const description = providerDescription(part, now);
  return {
    id,
    label: part.name,
    description,
    icon: part.problem === null
      ? { name: providerIcon(part.id) }
      : { name: 'warning', color: 'problemsWarningIcon.foreground' },
    context: `provider;${part.id}`,
    spoken: `${part.name}, ${description}`,
    tooltip: part.problem === null ? null : () => markdownTable([['', part.problem]]),
    expand: 'expanded',
    children: () => [
      ...paged(`${id}/machines`, part.machines, options.shown, (machine) =>
        machineNode(machine, now, runs.get(`${machine.provider}/${machine.id}`) ?? [], options),
      ),
      ...paged(`${id}/resources`, part.resources, options.shown, (item) => resourceNode(item, now)),
    ],
    target: { kind: 'provider', provider: part.id },
    command: null,
  };
}

function providerDescription(part: ProviderPart, now: number): string {
  if (part.problem !== null) {
    return part.seenAt === null
      ? part.problem
      : l10n.t('{0} · last seen {1}', part.problem, formatAge(now - part.seenAt));
  }
  if (part.seenAt === null) {
    return l10n.t('not read yet');
  }
  return isStale(part.seenAt, now) ? l10n.t('seen {0}', formatAge(now - part.seenAt)) : '';
}

function machineNode(
  machine: MachineView,
  now: number,
  runs: readonly RunView[],
  options: ResourceTreeOptions,
): TreeNode {
  const id = `machine:${machine.provider}/${machine.id}`;
  const active = runs.filter(({ run }) => isActive(run)).length;
  const { trouble } = machine;
  const description = [
    trouble === null ? machine.problem : troubleText(trouble),
    activeText(active),
    machine.rate === null ? l10n.t('price unknown') : formatRate(machine.rate),
    usage(machine.facts),
  ]
    .filter((part) => part !== null)
    .join(' · ');
  const hasChildren = runs.length > 0 || (machine.facts?.gpus ?? []).length > 0;
  return {
    // VS Code would leave a row that gets its first child folded: that one is another row.
    id: hasChildren ? id : `${id}/bare`,
    label: machine.name,
    description,
    icon: machineIcon(machine, active),
    context: ['machine', machine.provider, machine.state, trouble?.kind]
      .filter((flag) => flag !== undefined)
      .join(';'),
    spoken: l10n.t('Machine {0}, {1}', machine.name, description),
    tooltip: () => machineTooltip(machine, now),
    expand: hasChildren ? 'expanded' : 'none',
    children: () => [
      ...(machine.facts?.gpus ?? []).map((gpu) => gpuNode(gpu, id)),
      ...paged(`${id}/runs`, runs, options.shown, (view) => runNode(view, now, `${id}/`)),
    ],
    target: { kind: 'machine', provider: machine.provider, machine: machine.id },
    command: null,
  };
}

function machineIcon({ state, trouble }: MachineView, active: number): TreeNode['icon'] {
  if (trouble !== null) {
    return troubleIcon(trouble);
  }
  if (state === 'unknown') {
    return { name: 'vm-outline', color: 'disabledForeground' };
  }
  return { name: active > 0 ? 'vm-running' : 'vm' };
}

function activeText(active: number): string | null {
  if (active === 0) {
    return null;
  }
  return active === 1 ? l10n.t('1 running') : l10n.t('{0} running', active);
}

function usage(facts: MachineFacts | null): string | null {
  if (facts === null) {
    return null;
  }
  const parts: string[] = [];
  if (facts.cpuBusy !== null) {
    parts.push(l10n.t('CPU {0}%', Math.round(facts.cpuBusy * 100)));
  }
  if (facts.memory !== null && facts.memory.total > 0) {
    const used = facts.memory.total - facts.memory.available;
    parts.push(l10n.t('memory {0}%', Math.round((used / facts.memory.total) * 100)));
  }
  return parts.length === 0 ? null : parts.join(' · ');
}

function machineTooltip(machine: MachineView, now: number): string {
  const { facts, trouble } = machine;
  const price = machine.rate === null ? l10n.t('unknown') : formatRate(machine.rate);
  const rows: (readonly [string, string | null])[] = [
    ...(trouble === null ? [[l10n.t('State'), machine.problem] as const] : troubleRows(trouble)),
    [l10n.t('Address'), machine.provider === 'ssh' ? machine.id : null],
    [l10n.t('Price'), l10n.t('{0}, from {1}', price, machine.rateSource)],
    [l10n.t('System'), facts === null ? null : `${facts.os} ${facts.arch}`],
    [l10n.t('Processors'), facts?.cpus == null ? null : String(facts.cpus)],
    [l10n.t('Load'), facts === null ? null : formatLoad(facts.load)],
    [l10n.t('Memory'), facts?.memory == null ? null : free(facts.memory)],
    [l10n.t('GPUs'), gpuText(facts)],
    [l10n.t('Measured'), facts === null ? null : formatAge(now - facts.at)],
  ];
  const disks = (facts?.disks ?? []).map((disk): [string, string] => [disk.path, free(disk)]);
  return markdownTable([...rows, ...disks]);
}

function gpuText(facts: MachineFacts | null): string | null {
  if (facts === null) {
    return null;
  }
  return facts.gpus === null
    ? (facts.gpuProblem ?? l10n.t('none found'))
    : String(facts.gpus.length);
}

function free(space: { readonly total: number; readonly available: number }): string {
  return l10n.t('{0} free of {1}', formatBytes(space.available), formatBytes(space.total));
}

function gpuNode(gpu: GpuFacts, parent: string): TreeNode {
  const description = [
    gpu.utilization === null ? null : `${Math.round(gpu.utilization)}%`,
    gpu.memoryUsed === null || gpu.memoryTotal === null
      ? null
      : `${formatBytes(gpu.memoryUsed)} / ${formatBytes(gpu.memoryTotal)}`,
    gpu.temperature === null ? null : `${Math.round(gpu.temperature)} °C`,
    gpu.power === null ? null : `${Math.round(gpu.power)} W`,
  ]
    .filter((part) => part !== null)
    .join(' · ');
  return {
    id: `${parent}/gpu:${gpu.index}`,
    label: l10n.t('GPU {0}: {1}', gpu.index, gpu.name),
    description,
    icon: { name: 'circuit-board' },
    context: 'fact;gpu',
    spoken: `${gpu.name}, ${description}`,
    tooltip: null,
    expand: 'none',
    children: () => [],
    target: { kind: 'fact' },
    command: null,
  };
}
