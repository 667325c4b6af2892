import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RemoteFolder } from '../../../src/remote/files/remote-folder.ts';
import { browseRows, joined, plainLabel, shortPath } from '../../../src/ui/machines/browse-rows.ts';
import type { BrowseView } from '../../../src/ui/machines/browse-rows.ts';

const NOW = 1_700_000_000_000;
const DAY = 86_400_000;

function folder(changes: Partial<RemoteFolder> = {}): RemoteFolder {
  const entries = [
    { name: 'checkpoints', kind: 'link', size: 10, modifiedAt: NOW - DAY },
    { name: 'data', kind: 'directory', size: 4096, modifiedAt: NOW - 2 * DAY },
    { name: 'log.txt', kind: 'file', size: 1500, modifiedAt: NOW },
    { name: 'pipe', kind: 'other', size: 0, modifiedAt: NOW },
  ] as const;
  return { kind: 'folder', path: '/home/me', entries, isCut: false, unnamed: 0, ...changes };
}

function rows(changes: Partial<BrowseView> = {}): string[] {
  const view = { mode: 'pick', folder: folder(), chosen: new Set<string>(), problem: null, typed: null, shown: 500, now: NOW } as const;
  return browseRows({ ...view, ...changes }).map((row) => `${row.label} | ${row.description}`);
}

describe('Rows of the browser of a machine', () => {
  it('offer the folder, the way up, then folders and files with sizes and ages', () => {
    assert.deepEqual(rows(), [
      '$(cloud-download) Download This Folder | /home/me',
      '$(add) Select This Folder, and Go On | ',
      '$(arrow-up) .. | ',
      '$(file-symlink-directory) checkpoints | link · 1d ago',
      '$(folder) data | 2d ago',
      '$(file) log.txt | 1.5 KB · just now',
      '$(circle-slash) pipe | no file and no folder · just now',
    ]);
  });

  it('offer what is selected instead, with its paths', () => {
    const chosen = new Set(['/home/me/data', '/x', '/y', '/z']);
    const view = { mode: 'pick', folder: folder(), chosen, problem: null, typed: null, shown: 500, now: NOW } as const;
    const [take, select] = browseRows(view);
    assert.equal(select?.label, '$(add) Select This Folder, and Go On');
    const [, deselect] = browseRows({ ...view, chosen: new Set(['/home/me']) });
    assert.equal(deselect?.label, '$(check) Deselect This Folder');
    assert.deepEqual(deselect.action, { kind: 'toggle', path: '/home/me' });
    assert.equal(take?.label, '$(cloud-download) Download the 4 Selected');
    assert.equal(take.detail, '/home/me/data, /x, /y and 1 more');
    assert.ok(rows({ chosen }).includes('$(check) data | 2d ago'));
  });

  it('show no files where a folder is looked for', () => {
    const labels = rows({ mode: 'folder' });
    assert.deepEqual(labels.slice(0, 2), ['$(cloud-upload) Upload Here | /home/me', '$(new-folder) New Folder… | ']);
    assert.equal(labels.some((label) => label.includes('log.txt')), false);
  });

  it('show a part of what is long, and say what is not listed', () => {
    const labels = rows({ shown: 2, folder: folder({ isCut: true, unnamed: 3 }) });
    assert.ok(labels.includes('$(ellipsis) Show More | 2 of 4'));
    assert.ok(labels.some((label) => label.includes('holds more than is listed')));
    assert.ok(labels.some((label) => label.includes('no UTF-8: 3')));
    assert.equal(labels.some((label) => label.includes('log.txt')), false);
  });

  it('begin with a path that was typed, and with what went wrong', () => {
    const labels = rows({ problem: 'denied', typed: '/etc' });
    assert.deepEqual(labels.slice(0, 2), ['$(arrow-right) Go to /etc | ', '$(error) denied | ']);
    assert.deepEqual(rows({ folder: undefined, problem: 'gone' }), ['$(error) gone | ']);
  });

  it('never offer the whole machine', () => {
    assert.equal(rows({ folder: folder({ path: '/' }) })[0], '$(file-symlink-directory) checkpoints | link · 1d ago');
  });

  it('let no name be an icon, a second line or written backwards', () => {
    assert.equal(plainLabel('$(trash)\nx\u202Ey'), '$\u200b(trash)\u2424x\u2424y');
  });

  it('write the home directory as people do', () => {
    const paths = ['/home/me', '/home/me/x', '/home/mead', '/etc'].map((path) => shortPath(path, '/home/me'));
    assert.deepEqual(paths, ['~', '~/x', '/home/mead', '/etc']);
    assert.equal(shortPath('/etc', '/'), '/etc');
  });

  it('go up and down', () => {
    assert.deepEqual([joined('/', 'a'), joined('/a', 'b'), joined('/a/b', '..'), joined('/a', '..')], ['/a', '/a/b', '/a', '/']);
  });
});
