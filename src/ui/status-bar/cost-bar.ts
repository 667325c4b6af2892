import * as vscode from 'vscode';
import { currentRate } from '../../costs/summary.ts';
import type { EngineHost } from '../engine-host.ts';
import { settings } from '../settings.ts';
import { CostStatusBar } from './status-bar.ts';
import { statusText } from './status-text.ts';

/** Keeps the status bar's running cost in step with the newest snapshot. */
export class CostBar implements vscode.Disposable {
  private readonly bar = new CostStatusBar();
  private readonly host: EngineHost;
  private readonly subscriptions: vscode.Disposable;

  constructor(host: EngineHost) {
    this.host = host;
    this.subscriptions = vscode.Disposable.from(
      host.onDidChange(() => this.update()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('runctl.statusBar')) {
          this.update();
        }
      }),
      this.bar,
    );
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  private update(): void {
    const snapshot = this.host.snapshot();
    const rate = currentRate({
      runs: snapshot.runs,
      machines: snapshot.providers.flatMap((part) => part.machines),
      resources: snapshot.providers.flatMap((part) => part.resources),
    });
    const show = settings.statusBarShow();
    const visible = show === 'always' || (show === 'whenActive' && rate.billing > 0);
    this.bar.update(statusText(snapshot, rate), visible);
  }
}
