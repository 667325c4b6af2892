import * as l10n from '@vscode/l10n';
import type { TreeNode } from './tree-node.ts';
import { PAGE_SIZE } from './tree-node.ts';

/**
 * Shows a long list page by page, so that no view ever paints thousands of
 * rows at once.
 *
 * @param parent - id of the row the list hangs under
 * @param items - the whole list
 * @param shown - rows shown so far, by parent id
 * @param toNode - makes the row of an item
 * @returns the rows of the pages shown, and a last row that shows more
 */
export function paged<T>(
  parent: string,
  items: readonly T[],
  shown: ReadonlyMap<string, number>,
  toNode: (item: T) => TreeNode,
): readonly TreeNode[] {
  const limit = shown.get(parent) ?? PAGE_SIZE;
  const nodes = items.slice(0, limit).map(toNode);
  if (items.length > limit) {
    nodes.push(moreNode(parent, limit, items.length));
  }
  return nodes;
}

function moreNode(parent: string, shown: number, total: number): TreeNode {
  const label = l10n.t('Show more…');
  const description = l10n.t('{0} of {1} shown', shown, total);
  return {
    id: `${parent}/more`,
    label,
    description,
    icon: { name: 'ellipsis' },
    context: 'more',
    spoken: `${label} ${description}`,
    tooltip: null,
    expand: 'none',
    children: () => [],
    target: { kind: 'more', parent, shown: shown + PAGE_SIZE },
    command: 'runctl.showMore',
  };
}
