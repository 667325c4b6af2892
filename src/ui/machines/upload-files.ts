import { lstat, realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError, ExistsError, NotFoundError, UnsupportedError } from '../../core/errors.ts';
import { isActive } from '../../core/model/run.ts';
import type { PooledMachine } from '../../providers/ssh/machine-pool.ts';
import { readRemoteFolder } from '../../remote/files/remote-folder.ts';
import type { PlannedCopy } from '../../sync/transfer/copy-plan.ts';
import { heldPlace } from '../../sync/transfer/copy-plan.ts';
import type { App } from '../app.ts';
import { requireTrust } from '../launch/launch-plan-ui.ts';
import { browseMachine } from './browse-machine.ts';
import { joined, plainLabel } from './browse-rows.ts';
import { carryCopies } from './carry-copies.ts';
import { chooseMachine } from './choose-machine.ts';
import { connectMachine } from './connect.ts';
import { copiedText } from './copied-texts.ts';
import { settleConflicts } from './copy-conflicts.ts';
import { newestRun } from './download-files.ts';
import { tellCopied } from './download.ts';

/**
 * Uploads files and folders to a folder of a machine that the person picks.
 *
 * @param app - the window's parts
 * @param argument - a file of the Explorer, or a machine; what is none of both is asked for
 * @param selected - all files that are selected in the Explorer
 * @throws {CancelledError} when the person leaves
 * @throws {ExistsError} when it would take away what must stay on the machine
 */
export async function uploadFiles(app: App, argument: unknown, selected: unknown): Promise<void> {
  requireTrust();
  const sources = sourcesOf(argument, selected) ?? (await askSources());
  const isFile = argument instanceof vscode.Uri;
  const machineId = await chooseMachine(app, isFile ? undefined : argument, l10n.t('Upload to which machine?'));
  const machine = await connectMachine(app, machineId);
  const items = await Promise.all(
    // What was named itself is followed; links within are not.
    sources.map(async ({ fsPath }) => ({
      source: await realpath(fsPath),
      name: basename(fsPath),
      isLink: (await lstat(fsPath)).isSymbolicLink(),
    })),
  );
  const [only] = items;
  const what = items.length === 1 ? (only?.name ?? '') : l10n.t('{0} selected', items.length);
  const { folder } = await browseMachine({
    machine,
    mode: 'folder',
    title: l10n.t('Upload {0} to {1}', plainLabel(what), machineId),
    start: (await newestRun(app, machineId))?.spec.directory ?? machine.probe.home,
  });
  const copies = await settleConflicts(items, {
    folder: `${machineId}:${folder.path}`,
    taken: await namesIn(machine, folder.path, items.map(({ name }) => name), folder),
    ignoresCase: false,
  });
  const destinationOf = (name: string): string => joined(folder.path, name);
  await requireFree(app, machine, copies, destinationOf);
  const report = await carryCopies(app, {
    title: l10n.t('Uploading {0} to {1}', what, machineId),
    copies,
    destinationOf,
    targetOf: (name) => ({ side: machineId, path: destinationOf(name) }),
    copy: (request) => machine.sender.put(request),
  });
  const names = copies.map(({ name }) => name);
  const copyPath = l10n.t('Copy Path');
  const links = new Set(items.filter(({ isLink }) => isLink).map(({ source }) => source));
  const text = copiedText({
    names,
    where: `${machineId}:${folder.path}`,
    leftOut: report.leftOut.length,
    followed: copies.filter(({ source }) => links.has(source)).map(({ name }) => name),
  });
  void tellCopied(app, text, report, [copyPath]).then((choice) => {
    if (choice === copyPath) {
      void vscode.env.clipboard.writeText(names.map(destinationOf).join('\n'));
    }
  });
}

function sourcesOf(argument: unknown, selected: unknown): readonly vscode.Uri[] | undefined {
  if (!(argument instanceof vscode.Uri)) {
    return undefined;
  }
  const all: readonly unknown[] = Array.isArray(selected) && selected.length > 0 ? selected : [argument];
  const uris = all.filter((item) => item instanceof vscode.Uri);
  if (uris.some(({ scheme }) => scheme !== 'file')) {
    throw new UnsupportedError('no-file', l10n.t('Only files of this computer can be uploaded'));
  }
  return uris;
}

// A dialog of most systems shows either files or folders.
async function askSources(): Promise<readonly vscode.Uri[]> {
  const files = { label: `$(file) ${l10n.t('Files…')}`, folders: false };
  const folders = { label: `$(folder) ${l10n.t('Folders…')}`, folders: true };
  const kind = await vscode.window.showQuickPick([files, folders], { title: l10n.t('Upload What?') });
  const defaultUri = vscode.workspace.workspaceFolders?.[0]?.uri;
  const picked =
    kind === undefined
      ? undefined
      : await vscode.window.showOpenDialog({
          openLabel: l10n.t('Upload'),
          canSelectFiles: !kind.folders,
          canSelectFolders: kind.folders,
          canSelectMany: true,
          ...(defaultUri === undefined ? {} : { defaultUri }),
        });
  if (picked === undefined || picked.length === 0) {
    throw new CancelledError();
  }
  return picked;
}

// A folder that holds too much to be listed is asked for each name.
async function namesIn(
  { agent }: PooledMachine,
  path: string,
  wanted: readonly string[],
  folder: { readonly entries: readonly { readonly name: string }[]; readonly isCut: boolean },
): Promise<readonly string[]> {
  if (!folder.isCut) {
    return folder.entries.map(({ name }) => name);
  }
  const found = await Promise.all(
    wanted.map((name) =>
      readRemoteFolder(agent, joined(path, name)).then(
        () => true,
        (error: unknown) => !(error instanceof Error && 'code' in error && error.code === 'path-gone'),
      ),
    ),
  );
  return wanted.filter((_, at) => found[at]);
}

// Nobody means to replace what runs work in, or what runctl keeps there.
async function requireFree(
  app: App,
  machine: PooledMachine,
  copies: readonly PlannedCopy[],
  destinationOf: (name: string) => string,
): Promise<void> {
  const replaced = copies.filter(({ replace }) => replace).map(({ name }) => destinationOf(name));
  if (replaced.length === 0) {
    return;
  }
  const { inventory } = await app.engine();
  const runs = inventory
    .snapshot()
    .runs.filter(({ run }) => run.provider === machine.provider && run.machine === machine.id && isActive(run))
    .flatMap(({ run }) => [run.spec.directory, run.spec.checkpointDirectory]);
  const own = [machine.probe.home, joined(machine.probe.home, '.runctl'), machine.directory, ...runs];
  const real = await Promise.all(own.map((path) => resolved(machine, path)));
  const held = replaced.map((path) => heldPlace(path, [...own, ...real])).find((place) => place !== undefined);
  if (held !== undefined) {
    throw new ExistsError('in-use', l10n.t('{0} on the machine is in use by runctl or a run, and cannot be replaced', held), {
      steps: [l10n.t('Choose another folder, or Keep Both.')],
    });
  }
}

async function resolved({ agent }: PooledMachine, path: string): Promise<string> {
  try {
    return (await readRemoteFolder(agent, path)).path;
  } catch (error) {
    // What does not exist is no link; of anything else it must be known where it leads.
    if (error instanceof NotFoundError) {
      return path;
    }
    throw error;
  }
}
