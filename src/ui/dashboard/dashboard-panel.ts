import { randomBytes } from 'node:crypto';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { dashboardHtml } from './dashboard-html.ts';
import { DashboardSession } from './dashboard-session.ts';
import type { DashboardSource } from './dashboard-session.ts';

/** Of the panel, also in `onWebviewPanel:` activation. */
export const DASHBOARD_VIEW_TYPE = 'runctl.dashboard';

/** What the panel needs. */
export interface DashboardParts {
  readonly extensionUri: vscode.Uri;
  readonly source: DashboardSource;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The one dashboard of a window. It comes back after a reload; what it showed
 * (charted runs, series, sorting, page) the page itself keeps.
 */
export class DashboardPanel implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private readonly parts: DashboardParts;
  private readonly restorer: vscode.Disposable;
  private current: { panel: vscode.WebviewPanel; session: DashboardSession } | undefined;

  constructor(parts: DashboardParts) {
    this.parts = parts;
    this.restorer = vscode.window.registerWebviewPanelSerializer(DASHBOARD_VIEW_TYPE, this);
  }

  /**
   * Opens the dashboard, or brings it to the front.
   *
   * @param runIds - runs to chart; without them the page's own choice stays
   */
  show(runIds?: readonly string[]): void {
    if (this.current === undefined) {
      const title = l10n.t('runctl Dashboard');
      this.attach(
        vscode.window.createWebviewPanel(DASHBOARD_VIEW_TYPE, title, vscode.ViewColumn.Active, {
          enableFindWidget: true,
        }),
      );
    } else {
      this.current.panel.reveal();
    }
    if (runIds !== undefined) {
      this.current?.session.showRuns(runIds);
    }
  }

  deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    // Two windows' worth of panels can come back; one is enough.
    if (this.current === undefined) {
      this.attach(panel);
    } else {
      panel.dispose();
    }
    return Promise.resolve();
  }

  dispose(): void {
    this.restorer.dispose();
    this.current?.panel.dispose();
  }

  private attach(panel: vscode.WebviewPanel): void {
    const { extensionUri, source, clock, logger } = this.parts;
    const { webview } = panel;
    const bundle = vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
    const media = vscode.Uri.joinPath(extensionUri, 'media');
    const session = new DashboardSession({
      source,
      clock,
      logger,
      post: (message) => void webview.postMessage(message),
      command: async (command, runId) => {
        await vscode.commands.executeCommand(command, ...(runId === null ? [] : [runId]));
      },
    });
    const subscriptions = [
      webview.onDidReceiveMessage((message: unknown) => session.receive(message)),
      panel.onDidChangeViewState(() => session.setVisible(panel.visible)),
      panel.onDidDispose(() => {
        session.dispose();
        vscode.Disposable.from(...subscriptions).dispose();
        this.current = undefined;
      }),
    ];
    this.current = { panel, session };
    panel.iconPath = {
      light: vscode.Uri.joinPath(media, 'runctl-light.svg'),
      dark: vscode.Uri.joinPath(media, 'runctl-dark.svg'),
    };
    webview.options = { enableScripts: true, localResourceRoots: [bundle, media] };
    webview.html = dashboardHtml({
      nonce: randomBytes(16).toString('base64url'),
      cspSource: webview.cspSource,
      script: webview.asWebviewUri(vscode.Uri.joinPath(bundle, 'dashboard.js')).toString(),
      style: webview.asWebviewUri(vscode.Uri.joinPath(bundle, 'dashboard.css')).toString(),
      language: vscode.env.language,
      title: panel.title,
    });
  }
}
