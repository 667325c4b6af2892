import { posix } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { NotFoundError } from '../../core/errors.ts';
import type { Run } from '../../core/model/run.ts';
import { SSH_PROVIDER } from '../../providers/ssh/known-machines.ts';
import type { App } from '../app.ts';
import { pickRun } from '../commands/pick-run.ts';
import { requireTrust } from '../launch/launch-plan-ui.ts';
import { browseMachine } from './browse-machine.ts';
import { chooseMachine } from './choose-machine.ts';
import { connectMachine } from './connect.ts';
import { downloadHere } from './download.ts';

/**
 * Downloads files and folders that the person picks on a machine.
 *
 * @param app - the window's parts
 * @param argument - the machine; asked for when it is none
 * @throws {CancelledError} when the person leaves
 */
export async function downloadFiles(app: App, argument: unknown): Promise<void> {
  requireTrust();
  const machineId = await chooseMachine(app, argument, l10n.t('Download from which machine?'));
  const run = await newestRun(app, machineId);
  await download(app, machineId, run?.spec.directory ?? null, run?.workspaceFolder ?? null);
}

/**
 * Downloads files and folders from where a run is, or was.
 *
 * @param app - the window's parts
 * @param argument - the run; asked for when it is none
 * @throws {CancelledError} when the person leaves
 */
export async function downloadRunFiles(app: App, argument: unknown): Promise<void> {
  requireTrust();
  const { inventory } = await app.engine();
  const { run } = await pickRun(argument, inventory.snapshot(), {
    title: l10n.t('Download the files of which run?'),
    accepts: (view) => view.run.provider === SSH_PROVIDER,
    none: l10n.t('No run is on another machine'),
  });
  if (run.provider !== SSH_PROVIDER) {
    throw new NotFoundError('no-run', l10n.t('The files of {0} are on this machine', run.name));
  }
  await download(app, run.machine, run.spec.directory, run.workspaceFolder);
}

async function download(
  app: App,
  machineId: string,
  start: string | null,
  fallback: string | null,
): Promise<void> {
  const machine = await connectMachine(app, machineId);
  const { paths } = await browseMachine({
    machine,
    mode: 'pick',
    title: l10n.t('Download from {0}', machineId),
    start: start ?? machine.probe.home,
  });
  await downloadHere(app, {
    fetcher: machine.fetcher,
    machine: machineId,
    items: paths.map((source) => ({ source, name: posix.basename(source) })),
    fallback: fallback ?? vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? null,
  });
}

/**
 * Finds the newest run of a machine that came from a folder of this window.
 *
 * @param app - the window's parts
 * @param machineId - `[user@]host[:port]`
 * @returns the run; `undefined` when there is none
 */
export async function newestRun(app: App, machineId: string): Promise<Run | undefined> {
  const { inventory } = await app.engine();
  const folders = new Set(vscode.workspace.workspaceFolders?.map(({ uri }) => uri.fsPath));
  return inventory
    .snapshot()
    .runs.map(({ run }) => run)
    .find(({ provider, machine, workspaceFolder }) =>
      provider === SSH_PROVIDER && machine === machineId && folders.has(workspaceFolder ?? ''),
    );
}
