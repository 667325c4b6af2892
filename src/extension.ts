import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { setLocale } from './core/locale.ts';
import { startApp } from './ui/start-app.ts';
import type { RunningApp } from './ui/start-app.ts';

let running: RunningApp | undefined;

/**
 * Starts the extension: what the user can see at once, and nothing that takes
 * time. The engine starts behind it.
 *
 * @param context - lifetime and storage, from VS Code
 * @returns the test API when `RUNCTL_TEST` is set, else nothing
 */
export function activate(context: vscode.ExtensionContext): unknown {
  if (vscode.l10n.bundle !== undefined) {
    l10n.config({ contents: vscode.l10n.bundle });
  }
  setLocale(vscode.env.language);
  running = startApp(context);
  return process.env['RUNCTL_TEST'] === '1' ? running.testApi : undefined;
}

/**
 * Ends the engine in order, so that another window takes over at once.
 *
 * @returns when the ledger is closed
 */
export async function deactivate(): Promise<void> {
  await running?.close();
  running = undefined;
}
