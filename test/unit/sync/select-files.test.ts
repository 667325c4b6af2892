import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { selectFiles } from '../../../src/sync/select-files.ts';
import { TreeBed, paths, problems } from './tree-bed.ts';

describe('the files a sync sends', () => {
  let bed: TreeBed;
  beforeEach(() => {
    bed = new TreeBed();
  });
  afterEach(() => bed.remove());

  describe('in a git repository', () => {
    beforeEach(() => bed.git(['init', '-q']));

    it('are those git tracks or would, not those it ignores or that are gone', async () => {
      bed.write({ 'train.py': '1', 'kept.log': '22', 'gone.py': '' });
      bed.write({ '.gitignore': '*.log\nout/\n' });
      bed.git(['add', '-f', '.']);
      rmSync(join(bed.root, 'gone.py'));
      bed.write({ 'new.py': '333', 'a.log': '', 'out/x': '' });
      const tree = await selectFiles(bed.root);
      assert.deepEqual(paths(tree), ['.gitignore', 'kept.log', 'new.py', 'train.py']);
      assert.equal(tree.rule, 'git');
      assert.equal(tree.bytes, 11 + 2 + 3 + 1);
      assert.deepEqual(tree.problems, []);
    });

    it('obey the rules of the repository also when the workspace is a folder in it', async () => {
      bed.write({ '.gitignore': '*.bin\n/sub/deep/no\n', 'above.py': '' });
      bed.write({ 'sub/a.py': '', 'sub/a.bin': '', 'sub/deep/no': '', 'sub/deep/yes': '' });
      const tree = await selectFiles(join(bed.root, 'sub'));
      assert.deepEqual(paths(tree), ['a.py', 'deep/yes']);
    });

    it('are found by ignore files when the repository around ignores the folder', async () => {
      bed.write({ '.gitignore': '/*\n', 'work/.gitignore': '*.log\n' });
      bed.write({ 'work/train.py': '', 'work/a.log': '' });
      const tree = await selectFiles(join(bed.root, 'work'));
      assert.equal(tree.rule, 'ignore-files');
      assert.deepEqual(paths(tree), ['.gitignore', 'train.py']);
    });

    it('leave out what .runctlignore and the configuration say, nested and in order', async () => {
      bed.write({ 'a.csv': '', 'data/a.csv': '', 'data/b.txt': '', 'keep/a.csv': '', 'z.txt': '' });
      bed.write({ '.runctlignore': '*.csv\n', 'keep/.runctlignore': '!a.csv\n' });
      const tree = await selectFiles(bed.root, { exclude: ['/z.txt', 'a.csv'] });
      const own = ['.runctlignore', 'data/b.txt', 'keep/.runctlignore', 'keep/a.csv'];
      assert.deepEqual(paths(tree), own);
    });

    it('never hold .git, .runctl or the directories of the runs', async () => {
      bed.write({ '.runctl/x': '', 'a/.runctl/y': '', 'outputs/step_1.pt': '', 'outputs.py': '' });
      bed.write({ '.runctlignore': '!.git\n!.runctl\n!outputs\n' });
      bed.git(['add', '-f', '.']);
      const persistent = ['./outputs/', '.', '/', '..', ''];
      const tree = await selectFiles(bed.root, { persistent });
      assert.deepEqual(paths(tree), ['.runctlignore', 'outputs.py']);
    });

    it('hold those of submodules and of repositories inside, which are told', async () => {
      bed.write({ 'inner/.gitignore': '*.log\n', 'inner/a.py': '', 'inner/a.log': '' });
      bed.write({ 'lib/b.py': '', 'main.py': '' });
      for (const inner of ['inner', 'lib']) {
        bed.git(['init', '-q'], inner);
        bed.git(['add', '.'], inner);
        bed.git(['commit', '-qm', 'x'], inner);
      }
      bed.git(['submodule', 'add', '-q', './lib', 'lib']);
      const tree = await selectFiles(bed.root);
      const inner = ['inner/.gitignore', 'inner/a.py'];
      assert.deepEqual(paths(tree), ['.gitmodules', ...inner, 'lib/b.py', 'main.py']);
      assert.deepEqual(problems(tree), ['nested-repository inner', 'nested-repository lib']);
      const some = await selectFiles(bed.root, { exclude: ['inner'] });
      assert.deepEqual(problems(some), ['nested-repository lib']);
      rmSync(join(bed.root, 'lib'), { recursive: true });
      mkdirSync(join(bed.root, 'lib'));
      const bare = await selectFiles(bed.root);
      assert.match(bare.problems.at(-1)?.message ?? '', /lib is a submodule that is not checked/);
    });

    it('are found by ignore files, and it is told, when git refuses', async () => {
      bed.write({ '.gitignore': '*.log\n', '.git/info/exclude': 'secret\n' });
      bed.write({ 'a.py': '', 'a.log': '', secret: '', 'sub/a.log': '', 'sub/b': '' });
      writeFileSync(join(bed.root, '.git/config'), '[core\n');
      const tree = await selectFiles(bed.root);
      assert.equal(tree.rule, 'ignore-files');
      assert.deepEqual(paths(tree), ['.gitignore', 'a.py', 'sub/b']);
      assert.match(tree.problems[0]?.message ?? '', /bad config line 1/);
      assert.deepEqual(paths(await selectFiles(join(bed.root, 'sub'))), ['b']);
    });

    it('are found by ignore files without git, and not at all when git is ended', async () => {
      bed.write({ '.gitignore': '*.log\n', 'a.py': '', 'a.log': '' });
      const before = process.env['PATH'];
      const bin = new TreeBed();
      try {
        process.env['PATH'] = bin.root;
        const tree = await selectFiles(bed.root);
        assert.deepEqual(paths(tree), ['.gitignore', 'a.py']);
        assert.match(tree.problems[0]?.message ?? '', /^Git cannot be run/);
        bin.write({ git: '#!/bin/sh\nkill -9 $$\n' });
        chmodSync(join(bin.root, 'git'), 0o755);
        await assert.rejects(selectFiles(bed.root), { signal: 'SIGKILL' });
      } finally {
        process.env['PATH'] = before;
        bin.remove();
      }
    });

    it('run no program that the repository names', async () => {
      const mark = join(bed.root, 'ran');
      const program = join(bed.root, '.git', 'evil.sh');
      writeFileSync(program, `#!/bin/sh\ntouch ${mark}\n`);
      chmodSync(program, 0o755);
      bed.git(['config', 'core.fsmonitor', program]);
      bed.git(['config', 'core.pager', program]);
      bed.write({ 'a.py': '' });
      assert.deepEqual(paths(await selectFiles(bed.root)), ['a.py']);
    });

    it('come from this repository whatever the environment says', async () => {
      bed.write({ 'a.py': '' });
      process.env['GIT_DIR'] = '/nowhere';
      try {
        assert.deepEqual(paths(await selectFiles(bed.root)), ['a.py']);
      } finally {
        delete process.env['GIT_DIR'];
      }
    });

    it('are told apart from pipes and sockets, unless those are ignored', async () => {
      bed.write({ '.gitignore': '*.ignored\n', 'a.py': '' });
      execFileSync('mkfifo', [join(bed.root, 'pipe'), join(bed.root, 'pipe.ignored')]);
      const server = createServer().listen(join(bed.root, 'sock'));
      await new Promise((resolve) => server.once('listening', resolve));
      const tree = await selectFiles(bed.root);
      server.close();
      assert.deepEqual(paths(tree), ['.gitignore', 'a.py']);
      assert.deepEqual(problems(tree), ['special-file pipe', 'special-file sock']);
    });
  });

  for (const repository of [true, false]) {
    describe(repository ? 'with git' : 'without git', () => {
      beforeEach(() => {
        if (repository) {
          bed.git(['init', '-q']);
        }
      });

      it('include what git ignores and .runctlignore brings back', async () => {
        bed.write({ '.gitignore': 'data/\n*.npy\n', 'x.npy': '', 'y.npy': '' });
        bed.write({ 'data/train.bin': '', 'data/big.bin': '', 'data/deep/train.bin': '' });
        bed.write({ '.runctlignore': '!/data/train.bin\n!x.npy\n' });
        const tree = await selectFiles(bed.root);
        assert.deepEqual(paths(tree), ['.gitignore', '.runctlignore', 'data/train.bin', 'x.npy']);
        bed.write({ '.runctlignore': '!data/\nbig.bin\n' });
        const whole = await selectFiles(bed.root);
        const data = ['data/deep/train.bin', 'data/train.bin'];
        assert.deepEqual(paths(whole), ['.gitignore', '.runctlignore', ...data]);
      });

      it('may have any name', async () => {
        const names = ['-rf', 'a\nb', 'a "q" \'s\'', '$(x)', '\u00e9', 'e\u0301x'];
        names.push('z\u{1F600}', '\uFB01');
        names.push(' lead', 'trail ', String.raw`back\slash`, '*', '#x', '!y', 'd e/-f');
        bed.write(Object.fromEntries(names.map((name) => [name, ''])));
        const sorted = names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        const tree = await selectFiles(bed.root);
        assert.deepEqual(paths(tree), sorted);
        assert.deepEqual(tree.problems, []);
      });

      it('have names in UTF-8: others are told, not mangled', async function () {
        if (process.platform !== 'linux') {
          this.skip();
        }
        bed.write({ ok: '', '\uFFFD': '' });
        const at = Buffer.from(`${bed.root}/`);
        writeFileSync(Buffer.concat([at, Buffer.from([0x62, 0xff])]), '');
        const tree = await selectFiles(bed.root);
        assert.deepEqual(paths(tree), ['ok', '\uFFFD']);
        assert.deepEqual(problems(tree), ['undecodable-name b\uFFFD']);
      });

      it('keep links inside the tree and refuse those that lead out of it', async () => {
        bed.write({ 'a/b/c.py': '', 'z/x': '' });
        bed.link('in', 'a/b/c.py').link('a/up', '../z').link('dead', 'nothing');
        bed.link('abs', join(bed.root, 'z/x')).link('out', '../else').link('a/out', '../..');
        bed.link('a/b/root', '../..').link('sly', 'a/b/root/../x').link('own', 'outputs/last');
        const tree = await selectFiles(bed.root, { persistent: ['outputs'] });
        const links = tree.entries.filter(({ kind }) => kind === 'link').map(({ path }) => path);
        assert.deepEqual(links, ['a/b/root', 'a/up', 'dead', 'in', 'own']);
        assert.deepEqual(problems(tree), [
          'outside-link a/out',
          'outside-link abs',
          'dangling-link dead',
          'outside-link out',
          'outside-link sly',
        ]);
        assert.match(tree.problems[1]?.message ?? '', /Make it relative/);
      });

      it('tell of names that only differ in case or accents, once for a folder', async () => {
        bed.write({ 'Data/a': '', 'data/a': '', 'data/b': '', 'x/\u00e9': '', 'x/e\u0301': '' });
        const tree = await selectFiles(bed.root);
        assert.deepEqual(problems(tree), ['case-collision data', 'case-collision x/\u00e9']);
        assert.equal(paths(tree).length, 5);
      });

      it('tell of a directory that cannot be read', async function () {
        if (process.getuid?.() === 0) {
          this.skip();
        }
        bed.write({ 'a.py': '', 'locked/x': '' });
        chmodSync(join(bed.root, 'locked'), 0);
        const tree = await selectFiles(bed.root);
        chmodSync(join(bed.root, 'locked'), 0o700);
        assert.deepEqual(problems(tree), ['unreadable locked']);
      });

      it('stop being looked for when the signal is aborted', async () => {
        bed.write({ 'a.py': '' });
        const signal = AbortSignal.abort(new Error('enough'));
        await assert.rejects(selectFiles(bed.root, {}, signal), /enough/);
      });
    });
  }
});
