import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { NotFoundError } from '../../../src/core/errors.ts';
import type { CodeState, Run } from '../../../src/core/model/run.ts';
import type { HashedTree } from '../../../src/sync/model.ts';
import { formatManifest, manifestOf } from '../../../src/sync/transfer/manifest.ts';
import { CodeKeeper } from '../../../src/training/code-keeper.ts';
import { COMMIT_ONLY } from '../../../src/training/commit-only.ts';
import { sampleRun, sampleSpec } from '../../support/samples.ts';

describe('CodeKeeper', function () {
  this.timeout(20_000);
  let root: string;
  let folder: string;
  let here: CodeKeeper;
  let elsewhere: CodeKeeper;

  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { encoding: 'utf8' });

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'runctl-keeper-'));
    folder = join(root, 'project');
    here = new CodeKeeper(join(root, 'here'));
    elsewhere = new CodeKeeper(join(root, 'elsewhere'));
    await mkdir(folder);
    await writeFile(join(folder, 'train.py'), 'lr = 1\n');
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'first');
  });

  afterEach(() => rm(root, { recursive: true }));

  function runOf(code: CodeState | null, directory = folder): Run {
    const starter = { installation: 'decaf', host: 'laptop' };
    return sampleRun({ code, starter, workspaceFolder: null, spec: sampleSpec({ directory }) });
  }

  it('tells with the code whether a patch was kept', async () => {
    const id = sampleRun().id;
    assert.equal((await here.capture(id, folder))?.patch, false);
    await writeFile(join(folder, 'train.py'), 'lr = 2\n');
    assert.equal((await here.capture(id, folder))?.patch, true);
  });

  it('does not take a patch that is on another computer for nothing uncommitted', async () => {
    await writeFile(join(folder, 'train.py'), 'lr = 2\n');
    const run = runOf(await elsewhere.capture(sampleRun().id, folder));
    assert.equal(await elsewhere.diffNow(run), '');
    await assert.rejects(here.diffNow(run), (error: unknown) => {
      assert.ok(error instanceof NotFoundError);
      assert.equal(error.code, 'no-patch');
      assert.ok(error.message.includes(run.code?.commit?.slice(0, 12) ?? '?'));
      assert.match(error.steps.join(), /laptop/);
      assert.deepEqual(error.nextAction?.arguments, [run.id, COMMIT_ONLY]);
      return true;
    });
    assert.match(await here.diffNow(run, { commitOnly: true }), /-lr = 1\n\+lr = 2/);
    assert.equal(await here.patch(run), null);
  });

  it('tells of a folder without git which files are not what was sent, by their hashes', async () => {
    const id = sampleRun().id;
    const place = { source: folder, tree: '/t', keep: '/k', kept: ['out'], exclude: ['*.bin'], manifest: 'ab' };
    const run = { ...runOf(null), spec: sampleSpec({ place }) };
    const file = (path: string, hash: string): HashedTree['entries'][number] =>
      ({ kind: 'file', path, hash, size: 1, modifiedAt: 0, mode: 0o644, identity: '' });
    const tree = (...entries: HashedTree['entries']): HashedTree =>
      ({ root: folder, rule: 'ignore-files', entries, problems: [], bytes: 1 });
    let now = tree(file('a.py', '11'), file('b.py', '22'), file('c\nd.py', '33'));
    const asked: unknown[] = [];
    const reader = {
      read: (root: string, options: unknown) => {
        asked.push(root, options);
        return Promise.resolve(now);
      },
    };
    await assert.rejects(here.listNow(run, reader), { code: 'no-code' });
    await here.keepList(id, formatManifest(manifestOf(now, [])));
    assert.equal(await here.listNow(run, reader), '');
    assert.deepEqual(asked, [folder, { exclude: ['*.bin'], persistent: ['out'] }]);
    now = tree(file('a.py', '11'), file('b.py', '99'), file('e.py', '44'));
    const lines = (await here.listNow(run, reader)).trimEnd().split('\n');
    assert.deepEqual(lines.slice(3), ['M b.py', 'A e.py', 'D "c\\nd.py"']);
    await here.forget(id);
    await assert.rejects(here.listNow(run, reader), { code: 'no-code' });
  });

  it('needs no patch where all was committed', async () => {
    const run = runOf(await elsewhere.capture(sampleRun().id, folder));
    assert.equal(await here.diffNow(run), '');
    assert.equal(await here.patch(run), '');
  });

  it('does not trust the silence of older records about what was dirty', async () => {
    const code = await elsewhere.capture(sampleRun().id, folder);
    assert.ok(code);
    assert.equal(await here.diffNow(runOf({ ...code, patch: null })), '');
    await assert.rejects(here.diffNow(runOf({ ...code, dirty: true, patch: null })), { code: 'no-patch' });
  });

  it('compares with a folder of this host where that of the run is on another', async () => {
    const run = runOf(await elsewhere.capture(sampleRun().id, folder), '/home/someone/project');
    await assert.rejects(here.diffNow(run), { code: 'no-repository' });
    assert.equal(await here.diffNow(run, { folders: [join(root, 'none'), folder] }), '');
  });
});
