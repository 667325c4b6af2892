import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { RunTaskTerminal } from './run-task-terminal.ts';

/** Type of our tasks, as `tasks.json` names it. */
export const TASK_TYPE = 'runctl';

interface RunTaskDefinition extends vscode.TaskDefinition {
  readonly profile: string;
}

/** Offers every run profile of every folder as a task. */
export class RunTaskProvider implements vscode.TaskProvider {
  private readonly app: App;

  constructor(app: App) {
    this.app = app;
  }

  async provideTasks(): Promise<vscode.Task[]> {
    if (!vscode.workspace.isTrusted) {
      return [];
    }
    const tasks: vscode.Task[] = [];
    for (const folder of vscode.workspace.workspaceFolders ?? []) {
      const { config } = await this.app.configs.load(folder.uri.fsPath);
      for (const profile of Object.keys(config?.runs ?? {})) {
        tasks.push(this.task(folder, { type: TASK_TYPE, profile }));
      }
    }
    return tasks;
  }

  resolveTask(task: vscode.Task): vscode.Task | undefined {
    const { definition, scope } = task;
    if (!isRunTask(definition)) {
      return undefined;
    }
    const folder = typeof scope === 'object' ? scope : vscode.workspace.workspaceFolders?.[0];
    // VS Code demands the very same definition object back.
    return folder === undefined ? undefined : this.task(folder, definition);
  }

  private task(folder: vscode.WorkspaceFolder, definition: RunTaskDefinition): vscode.Task {
    const { profile } = definition;
    const task = new vscode.Task(
      definition,
      folder,
      profile,
      'runctl',
      new vscode.CustomExecution(() =>
        Promise.resolve(new RunTaskTerminal(this.app, folder.uri, profile)),
      ),
      // None, said aloud: else the first start asks which to scan the output with.
      [],
    );
    task.detail = l10n.t('Launch the run profile {0}', profile);
    task.presentationOptions = { reveal: vscode.TaskRevealKind.Always };
    return task;
  }
}

function isRunTask(definition: vscode.TaskDefinition): definition is RunTaskDefinition {
  return definition.type === TASK_TYPE && typeof definition['profile'] === 'string';
}
