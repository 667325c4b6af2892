import { readdir, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { CancelledError, ExistsError } from '../../core/errors.ts';
import type { PathFetcher } from '../../providers/training-provider.ts';
import type { CopyItem } from '../../sync/transfer/copy-plan.ts';
import { heldPlace } from '../../sync/transfer/copy-plan.ts';
import type { App } from '../app.ts';
import { showDocument } from '../documents.ts';
import { carryCopies } from './carry-copies.ts';
import type { CopyReport } from './carry-copies.ts';
import { copiedText, leftOutList } from './copied-texts.ts';
import { settleConflicts } from './copy-conflicts.ts';

/** What to bring here. */
export interface Download {
  readonly fetcher: PathFetcher;
  /** For people: the machine. */
  readonly machine: string;
  readonly items: readonly CopyItem[];
  /** Absolute folder to offer when none was chosen before. */
  readonly fallback: string | null;
}

const FOLDER_KEY = 'runctl.downloadFolder';

/**
 * Brings things of a machine to a folder the person picks, and says so.
 *
 * @param app - the window's parts
 * @param download - what
 * @throws {CancelledError} when the person picks no place, or gives up
 */
export async function downloadHere(app: App, download: Download): Promise<void> {
  const { items, machine, fetcher } = download;
  const [only = { name: '' }] = items;
  const what = items.length === 1 ? only.name : l10n.t('{0} selected', items.length);
  const folder = await pickFolder(app, what, download.fallback);
  const copies = await settleConflicts(items, {
    folder,
    taken: await readdir(folder),
    ignoresCase: process.platform === 'darwin' || process.platform === 'win32',
  });
  const destinationOf = (name: string): string => join(folder, name);
  await requireFree(copies.filter(({ replace }) => replace).map(({ name }) => destinationOf(name)));
  const realFolder = await realpath(folder);
  const report = await carryCopies(app, {
    title: l10n.t('Downloading {0} from {1}', what, machine),
    copies,
    destinationOf,
    targetOf: (name) => ({ side: '', path: join(realFolder, name) }),
    copy: (request) => fetcher.fetch(request),
  });
  void tellHere(app, copies.map(({ name }) => name), folder, report);
}

async function pickFolder(app: App, what: string, fallback: string | null): Promise<string> {
  const memory = app.context.globalState;
  const last = memory.get<string>(FOLDER_KEY);
  const isThere = last !== undefined && (await stat(last).then((info) => info.isDirectory(), () => false));
  const offered = isThere ? last : fallback;
  const picked = await vscode.window.showOpenDialog({
    title: l10n.t('Where should {0} go?', what),
    openLabel: l10n.t('Download Here'),
    canSelectFiles: false,
    canSelectFolders: true,
    ...(offered === null ? {} : { defaultUri: vscode.Uri.file(offered) }),
  });
  const folder = picked?.[0]?.fsPath;
  if (folder === undefined) {
    throw new CancelledError();
  }
  await memory.update(FOLDER_KEY, folder);
  return folder;
}

// Nobody means to replace the folder they work in.
async function requireFree(replaced: readonly string[]): Promise<void> {
  const folders = vscode.workspace.workspaceFolders?.map(({ uri }) => uri.fsPath) ?? [];
  const places = [homedir(), ...folders];
  const real = await Promise.all(places.map((path) => realpath(path).catch(() => path)));
  const uris = [...places, ...real].map((path) => vscode.Uri.file(path).path);
  for (const path of replaced) {
    const own = vscode.Uri.file(await realpath(path).catch(() => path)).path;
    if (heldPlace(own, uris) !== undefined) {
      throw new ExistsError('in-use', l10n.t('{0} is, or holds, a folder of this window, and cannot be replaced', path), {
        steps: [l10n.t('Choose another folder, or Keep Both.')],
      });
    }
  }
}

async function tellHere(
  app: App,
  names: readonly string[],
  folder: string,
  report: CopyReport,
): Promise<void> {
  const [first = ''] = names;
  const path = join(folder, first);
  const isFile = names.length === 1 && (await stat(path).then((info) => info.isFile(), () => false));
  const uri = vscode.Uri.file(path);
  // The Explorer shows folders of the workspace alone, and only a desktop has another way.
  const isInside = vscode.workspace.getWorkspaceFolder(uri) !== undefined;
  const isDesktop = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
  const open = l10n.t('Open');
  const reveal = l10n.t('Reveal');
  const copyPath = l10n.t('Copy Path');
  const buttons = [...(isFile ? [open] : []), isInside || isDesktop ? reveal : copyPath];
  const text = copiedText({ names, where: folder, leftOut: report.leftOut.length });
  const choice = await tellCopied(app, text, report, buttons);
  if (choice === open) {
    await vscode.commands.executeCommand('vscode.open', uri);
  } else if (choice === reveal) {
    await vscode.commands.executeCommand(isInside ? 'revealInExplorer' : 'revealFileInOS', uri);
  } else if (choice === copyPath) {
    await vscode.env.clipboard.writeText(names.map((name) => join(folder, name)).join('\n'));
  }
}

/**
 * Says that copies are whole; what did not come along can be looked at.
 *
 * @param app - the window's parts
 * @param text - for people
 * @param report - what was done
 * @param buttons - further ways on
 * @returns the button that was chosen, unless it was the list of what was left out
 */
export async function tellCopied(
  app: App,
  text: string,
  report: CopyReport,
  buttons: readonly string[],
): Promise<string | undefined> {
  const { leftOut } = report;
  const list = l10n.t('Show What Was Left Out');
  const show = leftOut.length === 0 ? vscode.window.showInformationMessage : vscode.window.showWarningMessage;
  const choice = await show(text, ...buttons, ...(leftOut.length === 0 ? [] : [list]));
  if (choice !== list) {
    return choice;
  }
  await showDocument(app.documents.publish('/left out.txt', () => leftOutList(leftOut)));
  return undefined;
}
