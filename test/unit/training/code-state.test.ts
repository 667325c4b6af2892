import assert from 'node:assert/strict';
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { captureCode } from '../../../src/training/code-state.ts';
import { TreeBed } from '../sync/tree-bed.ts';

const MIB = 1024 * 1024;

describe('the record of the code of a run', () => {
  let bed: TreeBed;

  beforeEach(() => {
    bed = new TreeBed();
    bed.git(['init', '-q', '-b', 'main']);
    bed.write({ 'train.py': 'print(1)\n', '.gitignore': 'ignored/\n' });
    bed.git(['add', '.']);
    bed.git(['commit', '-q', '-m', 'first']);
  });

  afterEach(() => bed.remove());

  const patch = async (outputs: string[] = []): Promise<string> =>
    (await captureCode(bed.root, outputs)).patch?.toString('utf8') ?? '';

  /** Puts the patch onto the bare commit, as somebody who wants the code back. */
  async function restored(names: readonly string[]): Promise<Map<string, string>> {
    const { patch: whole } = await captureCode(bed.root);
    const target = new TreeBed();
    try {
      target.git(['clone', '-q', bed.root, 'copy']);
      const file = join(target.root, 'patch');
      writeFileSync(file, whole ?? '');
      target.git(['apply', file], 'copy');
      return new Map(
        names.map((name) => {
          const path = join(target.root, 'copy', name);
          const mark = (statSync(path).mode & 0o100) === 0 ? '' : 'x ';
          return [name, mark + readFileSync(path, 'utf8')];
        }),
      );
    } finally {
      target.remove();
    }
  }

  it('brings untracked files back beside the changes of tracked ones', async () => {
    const files: Record<string, string> = {
      'train.py': 'print(2)\n',
      'model/new net.py': 'no newline at the end',
      'empty.py': '',
      'dos.txt': 'a\r\nb\r\n\r\n',
      'ünï"code\t.py': 'x = "é"\n',
      'one.txt': '\n',
    };
    bed.write({ ...files, 'run.sh': 'exit 0\n', 'ignored/big.py': 'no\n' });
    chmodSync(join(bed.root, 'run.sh'), 0o755);
    const found = await restored([...Object.keys(files), 'run.sh']);
    assert.deepEqual(found, new Map(Object.entries({ ...files, 'run.sh': 'x exit 0\n' })));
    assert.doesNotMatch(await patch(), /ignored|^#/m);
  });

  it('tells two runs apart whose only difference is in an untracked file', async () => {
    bed.write({ 'new.py': 'rate = 1\n' });
    const first = await patch();
    bed.write({ 'new.py': 'rate = 2\n' });
    assert.match(first, /^\+rate = 1$/m);
    assert.notEqual(await patch(), first);
  });

  it('only names what may hold a secret', async () => {
    const names = ['.env', '.env.local', 'prod.env', 'a/server.pem', 'id_ed25519', '.netrc', 'secrets.toml'];
    bed.write(Object.fromEntries(names.map((name) => [name, 'hidden=value\n'])));
    bed.write({
      'notes.txt': '-----BEGIN OPENSSH PRIVATE KEY-----\nhidden\n',
      'id_map.py': 'shown = 1\n',
    });
    const text = await patch();
    assert.doesNotMatch(text, /hidden/);
    assert.match(text, /^\+shown = 1$/m);
    for (const name of names) {
      assert.ok(text.includes(`# ${JSON.stringify(name)}: 13 bytes, may hold secrets\n`), name);
    }
    assert.match(text, /^# "notes\.txt": \d+ bytes, holds a private key$/m);
  });

  it('only names what is binary, too large, no file, or written by runs', async () => {
    bed.write({
      'a.bin': 'a\0b',
      'large.txt': 'x'.repeat(MIB + 1),
      'checkpoints/step-1.json': '{"loss": 1}\n',
      'other.json': '{}\n',
    });
    bed.link('link', 'train.py');
    const text = await patch([join(bed.root, 'checkpoints'), bed.root, '/elsewhere']);
    const head = text.split('\n').filter((line) => line.startsWith('# '));
    assert.deepEqual(head, [
      '# Not in this patch:',
      '# "a.bin": 3 bytes, binary',
      '# "checkpoints/step-1.json": 12 bytes, written by runs',
      `# "large.txt": ${MIB + 1} bytes, too large`,
      '# "link": not a plain file',
    ]);
    assert.match(text, /^\+\{\}$/m);
    assert.equal((await restored(['other.json'])).get('other.json'), '{}\n');
  });

  it('takes code before other text when there is more than fits', async () => {
    const line = `${'x'.repeat(1023)}\n`;
    for (let index = 0; index < 9; index++) {
      bed.write({ [`a-${index}.csv`]: line.repeat(1000) });
    }
    bed.write({ 'z.py': 'last = 1\n' });
    const text = await patch();
    assert.match(text, /^\+last = 1$/m);
    assert.match(text, /^# "a-8\.csv": 1024000 bytes, too large$/m);
    assert.ok(text.length < 9 * MIB);
  });

  it('says nothing of a clean tree, and of a folder without a repository', async () => {
    assert.equal((await captureCode(bed.root)).patch, null);
    rmSync(join(bed.root, '.git'), { recursive: true });
    assert.deepEqual(await captureCode(bed.root), { state: null, patch: null });
  });

  it('is of the whole repository from a folder within it', async () => {
    bed.write({ 'sub/a.py': 'a = 1\n', 'b.py': 'b = 1\n' });
    const { patch: found } = await captureCode(join(bed.root, 'sub'));
    assert.match(found?.toString() ?? '', /^\+a = 1$[^]*^\+b = 1$|^\+b = 1$[^]*^\+a = 1$/m);
  });
});
