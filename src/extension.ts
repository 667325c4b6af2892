import * as vscode from 'vscode';

/**
 * Starts the extension.
 *
 * @param context - lifetime and storage, from VS Code
 */
export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('runctl', { log: true });
  context.subscriptions.push(log);
  log.info('activated');
}
