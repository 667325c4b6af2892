import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError, NotFoundError, ValidationError } from '../../core/errors.ts';
import type { App } from '../app.ts';
import { safeName } from '../document-texts.ts';
import { showDocument } from '../documents.ts';
import { processesText } from '../processes/processes-text.ts';
import { runIdsOf, targetOf } from './arguments.ts';
import { diagnosticsText } from './diagnostics.ts';
import { COMMANDS } from './ids.ts';
import type { CommandTable } from './register.ts';

type WindowCommands = Pick<
  CommandTable,
  | typeof COMMANDS.filterRuns
  | typeof COMMANDS.clearRunFilter
  | typeof COMMANDS.showMore
  | typeof COMMANDS.openDashboard
  | typeof COMMANDS.showProcesses
  | typeof COMMANDS.refresh
  | typeof COMMANDS.setSecret
  | typeof COMMANDS.forgetKeys
  | typeof COMMANDS.collectDiagnostics
  | typeof COMMANDS.showOutput
  | typeof COMMANDS.openFileAt
>;

/**
 * What users do to the window's views, keys and documents.
 *
 * @param app - the window's parts
 * @returns handlers by command id
 */
export function windowCommands(app: App): WindowCommands {
  return {
    [COMMANDS.filterRuns]: () => filterRuns(app),
    [COMMANDS.clearRunFilter]: () => app.filter.set(''),
    [COMMANDS.showMore]: (argument) => {
      const target = targetOf(argument);
      if (target?.kind === 'more') {
        app.showMore(target.parent, target.shown);
      }
    },
    [COMMANDS.openDashboard]: async (argument, selected) => {
      const { openDashboard } = await import('../late.ts');
      openDashboard(app, runIdsOf(argument, selected));
    },
    [COMMANDS.showProcesses]: (argument) => showProcesses(app, argument),
    [COMMANDS.refresh]: () => refresh(app),
    [COMMANDS.setSecret]: () => app.secrets.askNamed(),
    [COMMANDS.forgetKeys]: () => forgetKeys(app),
    [COMMANDS.collectDiagnostics]: () => collectDiagnostics(app),
    [COMMANDS.showOutput]: () => app.output.show(),
    [COMMANDS.openFileAt]: (file, line, column) => openFileAt(file, line, column),
  };
}

async function filterRuns(app: App): Promise<void> {
  const text = await vscode.window.showInputBox({
    title: l10n.t('Filter Runs'),
    prompt: l10n.t('Words that must occur in name, state, profile, machine or note'),
    value: app.filter.text,
  });
  if (text === undefined) {
    throw new CancelledError();
  }
  await app.filter.set(text);
}

async function refresh(app: App): Promise<void> {
  const engine = await app.engine();
  await vscode.window.withProgress({ location: { viewId: 'runctl.resources' } }, () =>
    engine.inventory.refresh(),
  );
  app.documents.refresh();
}

async function showProcesses(app: App, argument: unknown): Promise<void> {
  const { inventory } = await app.engine();
  await inventory.refresh();
  const target = targetOf(argument);
  const machines = inventory.snapshot().providers.flatMap((part) => part.machines);
  const chosen =
    target?.kind === 'machine'
      ? machines.find((item) => item.provider === target.provider && item.id === target.machine)
      : machines[0];
  if (chosen === undefined) {
    throw new NotFoundError('no-machine', l10n.t('No machine has answered yet'));
  }
  const { provider, id, name } = chosen;
  const text = (): string => {
    const runNames = new Map<string, string>(
      inventory.snapshot().runs.map(({ run }) => [run.id, run.name]),
    );
    return processesText(name, inventory.machine(provider, id)?.facts ?? null, runNames);
  };
  await showDocument(app.documents.publish(`/processes/${safeName(name)}.txt`, text));
}

async function forgetKeys(app: App): Promise<void> {
  const names = app.secrets.names();
  if (names.length === 0) {
    void vscode.window.showInformationMessage(l10n.t('No secret is kept'));
    return;
  }
  const picked = await vscode.window.showQuickPick(
    names.map((name) => ({ label: name, picked: false })),
    { title: l10n.t('Forget which secrets?'), canPickMany: true },
  );
  if (picked === undefined || picked.length === 0) {
    throw new CancelledError();
  }
  await app.secrets.forget(picked.map((item) => item.label));
}

async function collectDiagnostics(app: App): Promise<void> {
  const text = await diagnosticsText(app);
  await showDocument(app.documents.publish('/runctl diagnostics.md', () => text));
}

async function openFileAt(file: unknown, line: unknown, column: unknown): Promise<void> {
  if (typeof file !== 'string') {
    throw new ValidationError('file', l10n.t('Name the file to open'));
  }
  const place = new vscode.Position(zeroBased(line), zeroBased(column));
  await vscode.window.showTextDocument(vscode.Uri.file(file), {
    selection: new vscode.Range(place, place),
  });
}

function zeroBased(value: unknown): number {
  return typeof value === 'number' && value >= 1 ? Math.trunc(value) - 1 : 0;
}
