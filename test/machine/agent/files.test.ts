import assert from 'node:assert/strict';
import {
  lutimes,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { CheckpointScanner } from '../../../src/checkpoints/checkpoint-scanner.ts';
import { LocalCheckpointFiles } from '../../../src/checkpoints/local-files.ts';
import { ShellCheckpointFiles } from '../../../src/checkpoints/shell-files.ts';
import { AgentClient } from '../../../src/remote/agent/agent-client.ts';
import { LocalShell } from '../../../src/remote/local-shell.ts';
import type { ExecOptions, ExecResult } from '../../../src/remote/remote-shell.ts';
import { readAgent } from '../../support/agent-source.ts';
import { callCommand } from '../../support/agent.ts';
import type { Files } from '../../support/files-kinds.ts';
import { FILES_KINDS } from '../../support/files-kinds.ts';

const ODD_NAMES = ['naïve 💡', 'a\nb', '-rf', "it's $(x) `y` \"z\"", ' lead', '\n81a4 5 1700000000.000 .', 'x\\0101'];

for (const kind of FILES_KINDS) {
  describe(`files of checkpoints (${kind.name})`, function () {
    this.timeout(30_000);
    let base: string;
    let root: string;
    let files: Files;

    beforeEach(async () => {
      base = await realpath(await mkdtemp(join(tmpdir(), 'runctl-files-')));
      root = join(base, 'root dir');
      await mkdir(root);
      files = await kind.make(base);
    });

    afterEach(async () => {
      await rm(base, { recursive: true, force: true });
    });

    it('list what is below, by any name, with kind, size and time, down to a depth', async () => {
      const when = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 500));
      const names = ODD_NAMES.slice();
      for (const [index, name] of names.entries()) {
        await writeFile(join(root, name), 'x'.repeat(index));
        await utimes(join(root, name), when, when);
      }
      await mkdir(join(root, 'sub', 'deep', 'deeper'), { recursive: true });
      await writeFile(join(root, 'sub', 'deep', 'file'), 'abc');
      await symlink('/etc', join(root, 'sub', 'link'));
      const found = await files.list(root, 3);
      const at = new Map(found.map((entry) => [entry.path, entry]));
      assert.deepEqual(
        [...at.keys()].sort(),
        [...names, 'sub', 'sub/deep', 'sub/deep/deeper', 'sub/deep/file', 'sub/link'].sort(),
      );
      for (const [index, name] of names.entries()) {
        const { kind: what, size, modifiedAt } = at.get(name) ?? {};
        assert.deepEqual([what, size], ['file', index]);
        const expected = Math.trunc(when.getTime() / kind.precision) * kind.precision;
        // A listing tells the day alone of what is older than half a year.
        const isOld = kind.precision === 60_000 && Date.now() - when.getTime() > 180 * 86_400_000;
        const day = 86_400_000;
        assert.equal(modifiedAt, isOld ? Math.trunc(expected / day) * day : expected);
      }
      assert.equal(at.get('sub')?.kind, 'directory');
      assert.deepEqual([at.get('sub/link')?.kind, at.get('sub/link')?.size], ['other', 0]);
      assert.equal(at.get('sub')?.size, 0);
      assert.equal((await files.list(root, 1)).length, names.length + 1);
      const fresh = at.get('sub/deep/file')?.modifiedAt ?? 0;
      assert.ok(Math.abs(fresh - Date.now()) < 5000 + kind.precision, String(fresh));
    });

    it('list nothing where there is nothing, and through a link', async () => {
      assert.deepEqual(await files.list(join(root, 'none'), 3), []);
      await writeFile(join(root, 'file'), '');
      assert.deepEqual(await files.list(join(root, 'file'), 3), []);
      await symlink(root, join(base, 'link'));
      assert.deepEqual((await files.list(join(base, 'link'), 3)).map(({ path }) => path), ['file']);
      await mkdir(join(base, '-n'));
      assert.deepEqual(await files.list(join(base, '-n'), 3), []);
    });

    it('refuse to list a whole disk', async () => {
      const few = await kind.make(base, 3);
      for (const name of ['a', 'b', 'c']) await writeFile(join(root, name), '');
      assert.equal((await few.list(root, 2)).length, 3);
      await writeFile(join(root, 'd'), '');
      await assert.rejects(few.list(root, 2), { code: 'too-many-files' });
      for (let n = 0; n < 40; n++) await writeFile(join(root, `${'n'.repeat(100)}${n}`), '');
      await assert.rejects(few.list(root, 2), { code: 'too-many-files' });
    });

    it('read pieces of many files, from either end, and nothing of what is no file', async () => {
      const bytes = Buffer.from(Array.from({ length: 5_000_000 }, (_, n) => (n * 7 + (n >> 9)) % 256));
      const odd = join(root, ODD_NAMES[1] ?? '');
      await writeFile(odd, bytes);
      await writeFile(join(root, 'empty'), '');
      await symlink(odd, join(root, 'link'));
      await callCommand(['mkfifo', join(root, 'pipe')], {});
      const pieces = [
        { path: odd, start: 0, length: 8 },
        { path: odd, start: -5, length: 9 },
        { path: odd, start: -9_000_000, length: 3 },
        { path: odd, start: 123_457, length: 4_500_001 },
        { path: odd, start: 4_999_999, length: 100 },
        { path: odd, start: 6_000_000, length: 100 },
        { path: join(root, 'none'), start: 0, length: 5 },
        { path: join(root, 'empty'), start: 0, length: 5 },
        { path: join(root, 'link'), start: 0, length: 5 },
        { path: join(root, 'pipe'), start: 0, length: 5 },
        { path: root, start: 0, length: 5 },
      ];
      const found = await files.readMany(pieces);
      const expected = [
        bytes.subarray(0, 8),
        bytes.subarray(-5),
        bytes.subarray(0, 3),
        bytes.subarray(123_457, 123_457 + 4_500_001),
        bytes.subarray(-1),
        Buffer.alloc(0),
        null,
        Buffer.alloc(0),
        null,
        null,
        null,
      ];
      assert.equal(found.length, expected.length);
      for (const [index, piece] of expected.entries()) {
        const one = found[index] ?? null;
        if (piece === null || one === null) assert.equal(one, piece, `piece ${index}`);
        else assert.ok(Buffer.from(one).equals(piece), `piece ${index}: ${one.length}`);
      }
      assert.equal((await files.readBytes(odd, 1, 2))?.length, 2);
    });

    it('read small texts, and no larger ones', async () => {
      await writeFile(join(root, 'text'), 'naïve');
      assert.equal(await files.readText(join(root, 'text'), 6), 'naïve');
      assert.equal(await files.readText(join(root, 'text'), 5), null);
      assert.equal(await files.readText(join(root, 'none'), 5), null);
    });

    it('are inspected by their real path, without following them', async () => {
      for (const name of ODD_NAMES) {
        const real = join(root, name);
        await mkdir(join(real, 'in'), { recursive: true });
        await writeFile(join(real, 'in', 'file'), 'abcde');
        await writeFile(join(real, 'other'), 'abc');
        await symlink(root, `${base}/way`).catch(() => undefined);
        const found = await files.inspect(join(base, 'way', name));
        assert.deepEqual([found?.realPath, found?.kind, found?.size], [real, 'directory', 8]);
        assert.ok(Math.abs((found?.modifiedAt ?? 0) - Date.now()) < 10_000 + kind.precision);
      }
      await writeFile(join(root, 'f'), '12');
      await symlink('f', join(root, 'link'));
      await symlink('nowhere', join(root, 'broken'));
      assert.deepEqual((await files.inspect(join(root, 'f')))?.size, 2);
      const link = await files.inspect(join(root, 'link'));
      assert.deepEqual([link?.kind, link?.realPath], ['other', join(root, 'f')]);
      assert.equal(await files.inspect(join(root, 'broken')), null);
      assert.equal(await files.inspect(join(root, 'none', 'none')), null);
    });

    it('are renamed beside themselves, and never onto something', async () => {
      const [from, to] = [join(root, ODD_NAMES[2] ?? ''), join(root, 'a\nnew')];
      await mkdir(from);
      await files.rename(from, to);
      await writeFile(from, 'kept');
      await assert.rejects(files.rename(from, to));
      await assert.rejects(files.rename(to, from));
      await assert.rejects(files.rename(join(root, 'none'), join(root, 'x')));
      await assert.rejects(files.rename(from, join(base, 'x')));
      assert.equal(await readFile(from, 'utf8'), 'kept');
      assert.deepEqual(await readdir(root), [ODD_NAMES[2], 'a\nnew']);
    });

    it('are removed with all within, but not what links lead to', async () => {
      await writeFile(join(base, 'kept'), '');
      for (const name of ODD_NAMES) {
        await mkdir(join(root, name, 'in'), { recursive: true });
        await symlink(base, join(root, name, 'in', 'link'));
        await files.remove(join(root, name));
      }
      await symlink(base, join(root, 'link'));
      await lutimes(join(root, 'link'), 1, 1);
      await files.remove(join(root, 'link'));
      assert.deepEqual(await readdir(root), []);
      assert.ok((await readdir(base)).includes('kept'));
      await assert.rejects(files.remove(join(root, 'none')));
    });
  });
}

describe('a scan of checkpoints over a shell', () => {
  let base: string;

  beforeEach(async () => {
    base = await realpath(await mkdtemp(join(tmpdir(), 'runctl-files-')));
  });

  afterEach(async () => {
    await rm(base, { recursive: true, force: true });
  });

  it('takes two round trips, and one when nothing has changed', async function () {
    this.timeout(30_000);
    const root = join(base, 'root');
    await mkdir(root);
    for (let n = 0; n < 30; n++) {
      const header = Buffer.from('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}');
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(header.length));
      await writeFile(join(root, `step-${n}.safetensors`), Buffer.concat([length, header, Buffer.alloc(4)]));
      await writeFile(join(root, `step-${n}.json`), JSON.stringify({ step: n, loss: 1 / (n + 1) }));
      await writeFile(join(root, `old-${n}.pt`), 'PK\u0003\u0004 cut');
    }
    const shell = new CountingShell();
    const agent = new AgentClient(shell, await readAgent(), join(base, 'home'));
    await agent.version();
    const options = { runId: null, directory: root, globs: [], best: null };
    const scanner = new CheckpointScanner(new ShellCheckpointFiles(agent), options);
    shell.calls = 0;
    const far = await scanner.scan(Date.now() + 60_000);
    assert.equal(shell.calls, 2);
    const near = new CheckpointScanner(new LocalCheckpointFiles(), options);
    const local = await near.scan(Date.now() + 60_000);
    const byPath = (one: { path: string }, other: { path: string }): number =>
      one.path < other.path ? -1 : 1;
    assert.deepEqual(far.checkpoints.toSorted(byPath), local.checkpoints.toSorted(byPath));
    assert.equal(far.checkpoints.filter(({ complete }) => complete).length, 30);
    assert.equal(far.checkpoints.find(({ path }) => path.endsWith('step-7.safetensors'))?.step, 7);
    await scanner.scan(Date.now() + 60_000);
    assert.equal(shell.calls, 3);
  });
});

class CountingShell extends LocalShell {
  calls = 0;

  override exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult> {
    this.calls += 1;
    return super.exec(argv, options);
  }
}
