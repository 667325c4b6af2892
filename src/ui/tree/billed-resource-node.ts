import * as l10n from '@vscode/l10n';
import { formatAge, formatRate } from '../../core/format.ts';
import type { Resource, ResourceState } from '../../core/model/records.ts';
import { markdownTable } from './markdown.ts';
import type { TreeNode } from './tree-node.ts';

const ICONS: Readonly<Record<Resource['kind'], string>> = {
  machine: 'vm',
  instance: 'vm',
  pod: 'package',
  volume: 'database',
  snapshot: 'device-camera',
  bucket: 'archive',
};

/**
 * The row of something a provider bills that is no machine.
 *
 * @param item - the resource
 * @param now - milliseconds since the epoch
 * @returns the row
 */
export function resourceNode(item: Resource, now: number): TreeNode {
  const rate = item.rate === null ? l10n.t('price unknown') : formatRate(item.rate);
  const state = stateLabel(item.state);
  const description = `${state} · ${rate}`;
  return {
    id: `resource:${item.provider}/${item.id}`,
    label: item.name,
    description,
    icon: { name: ICONS[item.kind] },
    context: `resource;${item.kind};${item.state}`,
    spoken: `${item.name}, ${description}`,
    tooltip: () =>
      markdownTable([
        [l10n.t('Id'), item.id],
        [l10n.t('State'), state],
        [l10n.t('Price'), rate],
        [l10n.t('Last seen'), formatAge(now - item.lastSeen)],
        ...Object.entries(item.facts).map(([name, value]): [string, string] => [
          name,
          typeof value === 'string' ? value : JSON.stringify(value),
        ]),
      ]),
    expand: 'none',
    children: () => [],
    target: { kind: 'fact' },
    command: null,
  };
}

function stateLabel(state: ResourceState): string {
  switch (state) {
    case 'starting':
      return l10n.t('starting');
    case 'running':
      return l10n.t('running');
    case 'stopping':
      return l10n.t('stopping');
    case 'stopped':
      return l10n.t('stopped');
    case 'deleting':
      return l10n.t('deleting, still billing');
    case 'gone':
      return l10n.t('gone');
    case 'unknown':
      return l10n.t('state unknown');
  }
}
