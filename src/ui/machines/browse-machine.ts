import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { toRunctlError } from '../../core/error-chain.ts';
import { CancelledError, IoError } from '../../core/errors.ts';
import type { PooledMachine } from '../../providers/ssh/machine-pool.ts';
import { pathTyped, readRemoteFolder } from '../../remote/files/remote-folder.ts';
import type { RemoteFolder } from '../../remote/files/remote-folder.ts';
import type { BrowseMode, BrowseRow } from './browse-rows.ts';
import { BROWSE_PAGE, browseRows, joined, shortPath } from './browse-rows.ts';

/** What to look for on a machine. */
export interface BrowseRequest {
  readonly machine: PooledMachine;
  readonly mode: BrowseMode;
  readonly title: string;
  /** Absolute folder to begin with; the home directory when it is not there. */
  readonly start: string;
}

/** What a person chose on a machine. */
export interface Browsed {
  /** The folder shown last. */
  readonly folder: RemoteFolder;
  /** Absolute paths to copy; the folder itself when nothing was selected. */
  readonly paths: readonly string[];
}

interface RowItem extends vscode.QuickPickItem {
  readonly row: BrowseRow;
}

/**
 * Lets a person look through the files of a machine. What fails is said within;
 * the browser stays open.
 *
 * @param request - where, and what for
 * @returns what was chosen
 * @throws {CancelledError} when it is closed
 */
export function browseMachine(request: BrowseRequest): Promise<Browsed> {
  return new Promise((resolve, reject) => {
    const browser = new Browser(request, resolve, () => reject(new CancelledError()));
    browser.open();
  });
}

class Browser {
  private readonly request: BrowseRequest;
  private readonly picker = vscode.window.createQuickPick<RowItem>();
  private readonly onTaken: (browsed: Browsed) => void;
  private readonly onClosed: () => void;
  private readonly chosen = new Set<string>();
  private readonly ahead: number;
  private folder: RemoteFolder | undefined;
  private problem: string | null = null;
  private shown = BROWSE_PAGE;
  private step: AbortController | undefined;
  private isAsking = false;
  private items: readonly RowItem[] = [];
  private typed: string | null = null;

  constructor(request: BrowseRequest, onTaken: (browsed: Browsed) => void, onClosed: () => void) {
    this.request = request;
    this.onTaken = onTaken;
    this.onClosed = onClosed;
    this.ahead = request.machine.agent.clockAhead;
  }

  open(): void {
    const { picker, request } = this;
    picker.placeholder =
      request.mode === 'pick'
        ? l10n.t('Enter opens a folder and selects a file; or type a path')
        : l10n.t('Enter opens a folder; choose Upload Here in the right one, or type a path');
    picker.ignoreFocusOut = true;
    picker.keepScrollPosition = true;
    picker.onDidChangeValue(() => {
      if (this.typedPath() !== this.typed) {
        this.fill();
      }
    });
    picker.onDidAccept(() => this.accept(picker.activeItems[0]));
    picker.onDidTriggerItemButton(({ item }) => this.toggle(item.row));
    picker.onDidHide(() => {
      if (!this.isAsking) {
        this.close();
        this.onClosed();
      }
    });
    picker.show();
    void this.begin();
  }

  private async begin(): Promise<void> {
    await this.go(this.request.start);
    if (this.folder === undefined) {
      const { problem } = this;
      await this.go(this.request.machine.probe.home);
      this.problem ??= problem;
      this.fill();
    }
  }

  private async go(path: string): Promise<void> {
    const { picker, request } = this;
    this.step?.abort();
    const step = new AbortController();
    this.step = step;
    picker.busy = true;
    const typed = picker.value;
    try {
      const found = await readRemoteFolder(request.machine.agent, path, step.signal);
      if (this.step !== step) {
        return;
      }
      if (found.kind === 'folder') {
        this.show(found);
      } else {
        this.choose(found.path);
      }
    } catch (error) {
      if (this.step === step) {
        this.problem = textOf(error);
      }
    }
    if (this.step === step) {
      picker.busy = false;
      // What was typed meanwhile stays: Enter would take another row.
      if (picker.value === typed) {
        picker.value = '';
      }
      this.fill();
    }
  }

  private show(folder: RemoteFolder): void {
    this.folder = folder;
    this.problem = null;
    this.shown = BROWSE_PAGE;
    // Not where the last folder was scrolled to.
    this.picker.items = [];
  }

  // A file by its path, or through a link.
  private choose(path: string): void {
    if (this.request.mode === 'folder') {
      this.problem = l10n.t('{0} is no folder', path);
    } else {
      this.problem = null;
      this.flip(path);
    }
  }

  private accept(item: RowItem | undefined): void {
    const typed = this.typedPath();
    // Enter may come before the row of what was typed is on the screen.
    const isShown = item !== undefined && this.items.includes(item);
    const { row } = isShown ? item : { row: undefined };
    const none = { kind: 'none' } as const;
    const action = row?.action ?? (typed === null ? none : ({ kind: 'go', path: typed } as const));
    switch (action.kind) {
      case 'go':
        void this.go(action.path);
        break;
      case 'toggle':
        this.toggle(row);
        break;
      case 'more':
        this.shown += BROWSE_PAGE;
        this.fill();
        break;
      case 'new-folder':
        void this.makeFolder();
        break;
      case 'take':
        this.take();
        break;
      case 'none':
    }
  }

  private toggle(row: BrowseRow | undefined): void {
    if (row?.action.kind === 'toggle' || row?.action.kind === 'go') {
      this.flip(row.action.path);
      this.fill();
    }
  }

  private flip(path: string): void {
    if (!this.chosen.delete(path)) {
      this.chosen.add(path);
    }
  }

  private take(): void {
    const { folder, chosen } = this;
    if (folder !== undefined) {
      const paths = chosen.size > 0 ? [...chosen] : [folder.path];
      this.onTaken({ folder, paths });
      this.close();
    }
  }

  private async makeFolder(): Promise<void> {
    const { folder, picker } = this;
    if (folder === undefined) {
      return;
    }
    this.isAsking = true;
    const name = await vscode.window.showInputBox({
      title: l10n.t('New Folder in {0}', folder.path),
      prompt: l10n.t('Its name, or several parted by /'),
      validateInput: (text) => (isName(text) ? undefined : l10n.t('This is no name for a folder')),
    });
    this.isAsking = false;
    picker.show();
    if (name === undefined) {
      return;
    }
    const path = joined(folder.path, name);
    try {
      await mkdir(this.request.machine, path);
      await this.go(path);
    } catch (error) {
      this.problem = textOf(error);
      this.fill();
    }
  }

  private close(): void {
    this.step?.abort();
    this.step = undefined;
    this.picker.dispose();
  }

  private fill(): void {
    const { picker, request, folder, chosen, problem, shown } = this;
    const active = pathOf(picker.activeItems[0]);
    this.typed = this.typedPath();
    const items = browseRows({
      mode: request.mode,
      folder,
      chosen,
      problem,
      shown,
      typed: this.typed,
      now: Date.now() + this.ahead,
    }).map(itemOf);
    const at = folder === undefined ? '' : ` — ${shortPath(folder.path, request.machine.probe.home)}`;
    picker.title = `${request.title}${at}`;
    picker.items = items;
    this.items = items;
    const same = active === undefined ? undefined : items.find((item) => pathOf(item) === active);
    if (same !== undefined) {
      picker.activeItems = [same];
    }
  }

  private typedPath(): string | null {
    const { value } = this.picker;
    const isPath = value === '~' || value.includes('/') || this.folder?.isCut === true;
    if (!isPath || value === '' || value.includes('\0')) {
      return null;
    }
    const { home } = this.request.machine.probe;
    return pathTyped(value, home, this.folder?.path ?? home);
  }
}

function itemOf(row: BrowseRow): RowItem {
  const { label, description, detail, always, selected } = row;
  const button =
    selected === undefined
      ? []
      : [
          {
            iconPath: new vscode.ThemeIcon(selected ? 'remove' : 'add'),
            tooltip: selected ? l10n.t('Deselect') : l10n.t('Select'),
          },
        ];
  return {
    row,
    label,
    description,
    ...(detail === undefined ? {} : { detail }),
    alwaysShow: always,
    buttons: button,
  };
}

function pathOf(item: RowItem | undefined): string | undefined {
  const action = item?.row.action;
  return action !== undefined && 'path' in action ? action.path : undefined;
}

function textOf(error: unknown): string {
  return toRunctlError(error).message;
}

function isName(text: string): boolean {
  const parts = text.split('/');
  return parts.every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));
}

async function mkdir({ shell }: PooledMachine, path: string): Promise<void> {
  const { code, stderr } = await shell.exec(['mkdir', '-p', path]);
  if (code !== 0) {
    const said = stderr.trim().split('\n').at(-1) ?? '';
    throw new IoError('mkdir', l10n.t('The folder could not be made: {0}', said), {
      details: { path, code },
    });
  }
}
