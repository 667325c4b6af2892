import * as vscode from 'vscode';
import type { App } from './app.ts';
import { registerConfigLanguage } from './config-language/register.ts';
import { registerDashboard } from './dashboard/register.ts';
import { followRemoteSsh } from './machines/has-remote-ssh.ts';
import { followOwnKey } from './machines/own-key.ts';
import { RunTaskProvider, TASK_TYPE } from './tasks/run-task-provider.ts';

/**
 * Registers what is used later than the first moment: tasks, the language of
 * the configuration file, the dashboard's restorer.
 *
 * @param app - the window's parts
 * @returns disposes all of them
 */
export function registerFeatures(app: App): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.tasks.registerTaskProvider(TASK_TYPE, new RunTaskProvider(app)),
    registerConfigLanguage({ clock: app.clock, logger: app.logger }),
    registerDashboard(app),
    followRemoteSsh(),
    followOwnKey(app),
  );
}
