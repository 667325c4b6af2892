import * as vscode from 'vscode';
import { COMMANDS } from '../commands/ids.ts';
import type { StatusText } from './status-text.ts';

const TRUSTED = [
  COMMANDS.launch,
  COMMANDS.openDashboard,
  COMMANDS.refresh,
  COMMANDS.showLog,
  COMMANDS.stopRun,
];

/** The running cost, always in sight; a click opens the dashboard. */
export class CostStatusBar implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private shown = '';

  constructor() {
    this.item = vscode.window.createStatusBarItem('runctl.cost', vscode.StatusBarAlignment.Left, 10);
    this.item.name = 'runctl';
    this.item.command = COMMANDS.openDashboard;
  }

  /**
   * Shows new text; the same text again costs nothing.
   *
   * @param status - what to show
   * @param visible - false hides the item
   */
  update(status: StatusText, visible: boolean): void {
    if (!visible) {
      this.item.hide();
      this.shown = '';
      return;
    }
    const key = JSON.stringify(status);
    if (key === this.shown) {
      return;
    }
    this.shown = key;
    const tooltip = new vscode.MarkdownString(status.tooltip, true);
    tooltip.isTrusted = { enabledCommands: TRUSTED };
    this.item.text = status.text;
    this.item.tooltip = tooltip;
    this.item.accessibilityInformation = { label: status.spoken };
    this.item.show();
  }

  dispose(): void {
    this.item.dispose();
  }
}
