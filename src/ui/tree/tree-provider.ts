import * as vscode from 'vscode';
import type { TreeNode } from './tree-node.ts';

/**
 * Shows nodes made from the newest snapshot. It holds no truth of its own:
 * each change asks for the rows again and keeps only identity and paging.
 */
export class SnapshotTreeProvider implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<TreeNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly roots: () => readonly TreeNode[];
  private readonly parents = new Map<string, TreeNode>();

  constructor(roots: () => readonly TreeNode[]) {
    this.roots = roots;
  }

  /** Asks VS Code to read the rows again. */
  refresh(): void {
    this.parents.clear();
    this.changed.fire(undefined);
  }

  getChildren(node?: TreeNode): TreeNode[] {
    const children = [...(node === undefined ? this.roots() : node.children())];
    if (node !== undefined) {
      for (const child of children) {
        this.parents.set(child.id, node);
      }
    }
    return children;
  }

  getParent(node: TreeNode): TreeNode | undefined {
    return this.parents.get(node.id);
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    return toTreeItem(node);
  }

  resolveTreeItem(item: vscode.TreeItem, node: TreeNode): vscode.TreeItem {
    if (node.tooltip !== null) {
      item.tooltip = new vscode.MarkdownString(node.tooltip(), true);
    }
    return item;
  }

  dispose(): void {
    this.changed.dispose();
  }
}

/**
 * Turns a row into what VS Code shows.
 *
 * @param node - the row
 * @returns a tree item without tooltip, which is resolved on hover
 */
export function toTreeItem(node: TreeNode): vscode.TreeItem {
  const item = new vscode.TreeItem(node.label, COLLAPSE[node.expand]);
  item.id = node.id;
  item.description = node.description;
  item.contextValue = node.context;
  item.accessibilityInformation = { label: node.spoken };
  item.iconPath = new vscode.ThemeIcon(
    node.icon.name,
    node.icon.color === undefined ? undefined : new vscode.ThemeColor(node.icon.color),
  );
  if (node.tooltip === null) {
    item.tooltip = node.description === '' ? node.label : `${node.label}: ${node.description}`;
  }
  if (node.command !== null) {
    item.command = { command: node.command, title: node.label, arguments: [node] };
  }
  return item;
}

const COLLAPSE: Readonly<Record<TreeNode['expand'], vscode.TreeItemCollapsibleState>> = {
  none: vscode.TreeItemCollapsibleState.None,
  collapsed: vscode.TreeItemCollapsibleState.Collapsed,
  expanded: vscode.TreeItemCollapsibleState.Expanded,
};
