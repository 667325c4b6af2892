import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { NotFoundError } from '../../../src/core/errors.ts';
import type { CodeState, Run } from '../../../src/core/model/run.ts';
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
