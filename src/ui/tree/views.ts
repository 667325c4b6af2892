import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Clock } from '../../core/clock.ts';
import { isActive } from '../../core/model/run.ts';
import type { AccountSnapshot } from '../../resources/account-snapshot.ts';
import type { EngineHost } from '../engine-host.ts';
import { RefreshPace } from './refresh-pace.ts';
import { resourceNodes } from './resource-nodes.ts';
import type { RunFilter } from './run-filter.ts';
import { runNodes } from './run-nodes.ts';
import type { TreeNode } from './tree-node.ts';
import { SnapshotTreeProvider } from './tree-provider.ts';

/** How often ages and running times are written anew while a view is seen. */
const AGE_MS = 15_000;

/** The two trees of the activity bar. */
export class TreeViews implements vscode.Disposable {
  private readonly host: EngineHost;
  private readonly filter: () => RunFilter;
  private readonly shown = new Map<string, number>();
  private readonly runs: SnapshotTreeProvider;
  private readonly resources: SnapshotTreeProvider;
  private readonly runsView: vscode.TreeView<TreeNode>;
  private readonly resourcesView: vscode.TreeView<TreeNode>;
  private readonly pace: RefreshPace;
  /** What all rows are made of, so that no two of them tell different figures. */
  private seen: AccountSnapshot;
  private readonly subscriptions: vscode.Disposable;

  constructor(host: EngineHost, clock: Clock, filter: () => RunFilter) {
    this.host = host;
    this.filter = filter;
    this.seen = host.snapshot();
    this.pace = new RefreshPace(clock, () => this.write());
    this.runs = new SnapshotTreeProvider(() =>
      runNodes(this.seen, { filter: filter().text, shown: this.shown }),
    );
    this.resources = new SnapshotTreeProvider(() =>
      resourceNodes(this.seen, { shown: this.shown }),
    );
    this.runsView = vscode.window.createTreeView('runctl.runs', {
      treeDataProvider: this.runs,
      showCollapseAll: true,
      canSelectMany: true,
    });
    this.resourcesView = vscode.window.createTreeView('runctl.resources', {
      treeDataProvider: this.resources,
      showCollapseAll: true,
      canSelectMany: true,
    });
    const timer = setInterval(() => this.age(), AGE_MS);
    this.subscriptions = vscode.Disposable.from(
      this.runs,
      this.resources,
      this.runsView,
      this.resourcesView,
      this.pace,
      host.onDidChange((snapshot) => this.pace.changed(snapshot)),
      new vscode.Disposable(() => clearInterval(timer)),
    );
  }

  /** Makes all rows anew. */
  refresh(): void {
    this.pace.now();
  }

  /**
   * Shows more rows of a long list.
   *
   * @param parent - id of the row the list hangs under
   * @param count - rows to show in all
   */
  showMore(parent: string, count: number): void {
    this.shown.set(parent, count);
    this.refresh();
  }

  /** True while the user can see machines, so that they are asked more often. */
  get resourcesVisible(): boolean {
    return this.resourcesView.visible;
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  private write(): void {
    this.seen = this.host.snapshot();
    this.runs.refresh();
    this.resources.refresh();
    const text = this.filter().text;
    this.runsView.description = text === '' ? '' : l10n.t('filter: {0}', text);
    const active = this.seen.runs.filter(({ run }) => isActive(run)).length;
    this.runsView.badge =
      active === 0
        ? undefined
        : {
            value: active,
            tooltip: active === 1 ? l10n.t('1 active run') : l10n.t('{0} active runs', active),
          };
  }

  private age(): void {
    const { runs } = this.host.snapshot();
    if ((this.runsView.visible || this.resourcesView.visible) && runs.length > 0) {
      this.pace.changed(this.host.snapshot());
    }
  }
}
