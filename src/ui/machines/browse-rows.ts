import * as l10n from '@vscode/l10n';
import { formatAge, formatBytes } from '../../core/format.ts';
import type { FolderEntry, RemoteFolder } from '../../remote/files/remote-folder.ts';

/** What is looked for: things to copy, or a folder to put them into. */
export type BrowseMode = 'pick' | 'folder';

/** A row of the browser. */
export interface BrowseRow {
  readonly action:
    | { readonly kind: 'take' }
    | { readonly kind: 'new-folder' }
    | { readonly kind: 'go'; readonly path: string }
    | { readonly kind: 'toggle'; readonly path: string }
    | { readonly kind: 'more' }
    | { readonly kind: 'none' };
  readonly label: string;
  readonly description: string;
  readonly detail?: string;
  /** Whether it stays whatever is typed. */
  readonly always: boolean;
  /** Set for what can be selected by a button: whether it is. */
  readonly selected?: boolean;
}

/** What the browser shows. */
export interface BrowseView {
  readonly mode: BrowseMode;
  /** Missing while the first one is looked for. */
  readonly folder: RemoteFolder | undefined;
  /** Absolute paths that are selected. */
  readonly chosen: ReadonlySet<string>;
  /** Why the last step failed, for people. */
  readonly problem: string | null;
  /** A path that was typed, absolute; `null` for a mere filter. */
  readonly typed: string | null;
  /** Entries that are shown at most. */
  readonly shown: number;
  /** The machine's time, ms since the epoch. */
  readonly now: number;
}

/** Entries of a folder that are shown at first, and with each "more". */
export const BROWSE_PAGE = 500;
const NAMED = 3;

/**
 * Writes the rows of the browser.
 *
 * @param view - what it shows
 * @returns from top to bottom
 */
export function browseRows(view: BrowseView): readonly BrowseRow[] {
  const { folder, problem, typed } = view;
  const rows: BrowseRow[] = [];
  // First, so that Enter takes it.
  if (typed !== null) {
    rows.push(plain({ kind: 'go', path: typed }, `$(arrow-right) ${l10n.t('Go to {0}', plainLabel(typed))}`));
  }
  if (problem !== null) {
    rows.push(plain({ kind: 'none' }, `$(error) ${plainLabel(problem)}`));
  }
  if (folder === undefined) {
    return rows;
  }
  rows.push(...takeRows(view, folder));
  if (folder.path !== '/') {
    rows.push(plain({ kind: 'go', path: joined(folder.path, '..') }, '$(arrow-up) ..'));
  }
  const entries = folder.entries.filter(
    ({ kind }) => view.mode === 'pick' || kind === 'directory' || kind === 'link',
  );
  rows.push(...entries.slice(0, view.shown).map((entry) => entryRow(entry, folder, view)));
  return [...rows, ...notes(view, folder, entries.length)];
}

/**
 * Joins a folder and a name of it.
 *
 * @param folder - absolute path
 * @param name - of an entry, or `..`
 * @returns absolute path
 */
export function joined(folder: string, name: string): string {
  if (name === '..') {
    return folder.slice(0, folder.lastIndexOf('/')) || '/';
  }
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

/**
 * Makes a name show as it is: on one line, nothing in it an icon.
 *
 * @param text - a name or path of a machine
 * @returns a label
 */
export function plainLabel(text: string): string {
  return text.replaceAll('$(', '$\u200b(').replaceAll(CONTROLS, '\u2424');
}

/**
 * Writes a path as people do, so that the end of it is seen in a narrow window.
 *
 * @param path - absolute, on the machine
 * @param home - of its user
 * @returns a label, with `~` for the home directory
 */
export function shortPath(path: string, home: string): string {
  const isHome = home !== '/' && (path === home || path.startsWith(`${home}/`));
  return plainLabel(isHome ? `~${path.slice(home.length)}` : path);
}

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROLS = /[\u0000-\u001F\u007F-\u009F\u2028\u2029\u202A-\u202E\u2066-\u2069]/g;

function takeRows({ mode, chosen }: BrowseView, folder: RemoteFolder): readonly BrowseRow[] {
  const here = plainLabel(folder.path);
  if (mode === 'folder') {
    return [
      plain({ kind: 'take' }, `$(cloud-upload) ${l10n.t('Upload Here')}`, here),
      plain({ kind: 'new-folder' }, `$(new-folder) ${l10n.t('New Folder…')}`),
    ];
  }
  // The whole machine is no folder to download.
  const isRoot = folder.path === '/';
  if (chosen.size === 0) {
    return isRoot
      ? []
      : [
          plain({ kind: 'take' }, `$(cloud-download) ${l10n.t('Download This Folder')}`, here),
          selectRow(folder, false),
        ];
  }
  const text =
    chosen.size === 1
      ? l10n.t('Download What Is Selected')
      : l10n.t('Download the {0} Selected', chosen.size);
  const take = { ...plain({ kind: 'take' }, `$(cloud-download) ${text}`), detail: namesOf(chosen) };
  return isRoot ? [take] : [take, selectRow(folder, chosen.has(folder.path))];
}

// Enter opens a folder: without a mouse it is selected from within.
function selectRow({ path }: RemoteFolder, isSelected: boolean): BrowseRow {
  const label = isSelected
    ? `$(check) ${l10n.t('Deselect This Folder')}`
    : `$(add) ${l10n.t('Select This Folder, and Go On')}`;
  return plain({ kind: 'toggle', path }, label);
}

function namesOf(chosen: ReadonlySet<string>): string {
  const names = [...chosen].slice(0, NAMED).map(plainLabel).join(', ');
  return chosen.size > NAMED ? l10n.t('{0} and {1} more', names, chosen.size - NAMED) : names;
}

function entryRow(entry: FolderEntry, folder: RemoteFolder, view: BrowseView): BrowseRow {
  const { name, kind, size, modifiedAt } = entry;
  const path = joined(folder.path, name);
  const age = formatAge(Math.max(0, view.now - modifiedAt));
  const isSelected = view.chosen.has(path);
  const opens = kind === 'directory' || kind === 'link';
  const facts = kind === 'file' ? [formatBytes(size), age] : [kindText(kind), age];
  return {
    action: kind === 'other' ? { kind: 'none' } : { kind: opens ? 'go' : 'toggle', path },
    label: `$(${isSelected ? 'check' : ICONS[kind]}) ${plainLabel(name)}`,
    description: facts.filter((fact) => fact !== '').join(' · '),
    always: false,
    ...(view.mode === 'pick' && kind !== 'other' ? { selected: isSelected } : {}),
  };
}

const ICONS: Readonly<Record<FolderEntry['kind'], string>> = {
  directory: 'folder',
  link: 'file-symlink-directory',
  file: 'file',
  other: 'circle-slash',
};

function kindText(kind: FolderEntry['kind']): string {
  switch (kind) {
    case 'link':
      return l10n.t('link');
    case 'other':
      return l10n.t('no file and no folder');
    default:
      return '';
  }
}

function notes(view: BrowseView, folder: RemoteFolder, fitting: number): readonly BrowseRow[] {
  const rows: BrowseRow[] = [];
  if (fitting > view.shown) {
    rows.push({
      ...plain({ kind: 'more' }, `$(ellipsis) ${l10n.t('Show More')}`),
      description: l10n.t('{0} of {1}', view.shown, fitting),
      always: true,
    });
  }
  if (folder.isCut) {
    const text = l10n.t('This folder holds more than is listed. Type a name to go to it.');
    rows.push(plain({ kind: 'none' }, `$(info) ${text}`));
  }
  if (folder.unnamed > 0) {
    const text = l10n.t('Not listed, for their names are no UTF-8: {0}', folder.unnamed);
    rows.push(plain({ kind: 'none' }, `$(info) ${text}`));
  }
  if (folder.entries.length === 0) {
    rows.push(plain({ kind: 'none' }, `$(info) ${l10n.t('This folder is empty')}`));
  }
  return rows;
}

function plain(action: BrowseRow['action'], label: string, description = ''): BrowseRow {
  return { action, label, description, always: action.kind !== 'none' || label.startsWith('$(error)') };
}
