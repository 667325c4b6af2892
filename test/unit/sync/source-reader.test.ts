import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { SourceReader } from '../../../src/sync/source-reader.ts';
import { randomBytes } from './content.ts';
import { TreeBed, paths } from './tree-bed.ts';

describe('a reader of source trees', function () {
  this.timeout(20_000);
  let bed: TreeBed;
  let store: TreeBed;
  let reader: SourceReader;
  beforeEach(() => {
    bed = new TreeBed();
    store = new TreeBed();
    reader = new SourceReader(store.root);
  });
  afterEach(async () => {
    await reader.close();
    bed.remove();
    store.remove();
  });

  it('tells the hash that b2sum would, of files of all sizes', async () => {
    const big = randomBytes(9 * 1024 * 1024 + 7, 1);
    bed.write({ empty: '', 'sub/small': 'hello' }).link('to', 'sub/small');
    writeFileSync(join(bed.root, 'big'), big);
    writeFileSync(join(bed.root, 'edge'), big.subarray(0, 4 * 1024 * 1024));
    const tree = await reader.read(bed.root, {});
    assert.deepEqual(paths(tree), ['big', 'edge', 'empty', 'sub/small', 'to']);
    for (const entry of tree.entries) {
      if (entry.kind === 'file') {
        const bytes = readFileSync(join(bed.root, entry.path));
        assert.equal(entry.hash, createHash('blake2b512').update(bytes).digest('hex'), entry.path);
        assert.equal(entry.size, bytes.length);
        assert.equal(entry.mode, 0o644);
      }
    }
    assert.equal(tree.bytes, big.length + 4 * 1024 * 1024 + 5);
    const plain = await reader.select(bed.root, {});
    assert.deepEqual(paths(plain), paths(tree));
  });

  it('tells a tree that has not changed as the very same list, and each change of one that has', async () => {
    bed.write({ a: 'one', b: 'two', 'c/d': 'three' }).link('to', 'b');
    const first = await reader.read(bed.root, {});
    assert.equal((await reader.read(bed.root, {})).entries, first.entries);
    appendFileSync(join(bed.root, 'b'), '!');
    rmSync(join(bed.root, 'a'));
    bed.write({ 'c/c': 'new' });
    const second = await reader.read(bed.root, {});
    assert.deepEqual(paths(second), ['b', 'c/c', 'c/d', 'to']);
    const other = new SourceReader(store.root);
    assert.deepEqual(second.entries, (await other.read(bed.root, {})).entries);
    await other.close();
    const narrow = await reader.read(bed.root, { exclude: ['c'] });
    assert.deepEqual(paths(narrow), ['b', 'to']);
    rmSync(join(bed.root, 'to'));
    assert.deepEqual(paths(await reader.read(bed.root, { exclude: ['c'] })), ['b']);
    await reader.close();
    assert.deepEqual(paths(await reader.read(bed.root, {})), ['b', 'c/c', 'c/d']);
  });

  it('stops when it is told to, and can be asked again', async () => {
    writeFileSync(join(bed.root, 'big'), randomBytes(64 * 1024 * 1024, 2));
    const cancel = new AbortController();
    const onProgress = (): void => cancel.abort();
    const reading = reader.read(bed.root, {}, { signal: cancel.signal, onProgress });
    setTimeout(() => cancel.abort(), 30);
    await assert.rejects(reading, { name: 'CancelledError' });
    assert.equal((await reader.read(bed.root, {})).entries.length, 1);
    await assert.rejects(reader.read(bed.root, {}, { signal: AbortSignal.abort() }), {
      name: 'CancelledError',
    });
  });

  it('says so when the folder is not there', async () => {
    await assert.rejects(reader.read(join(bed.root, 'no'), {}), { code: 'source-unreadable' });
  });

  it('fails what is under way when it is closed, and starts again', async () => {
    writeFileSync(join(bed.root, 'big'), randomBytes(32 * 1024 * 1024, 3));
    const reading = assert.rejects(reader.read(bed.root, {}), { code: 'source-unreadable' });
    while (!reader.busy) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await reader.close();
    await reading;
    assert.equal((await reader.read(bed.root, {})).entries.length, 1);
  });

  it('cuts a file into chunks, and knows them when the file has long changed', async () => {
    const content = randomBytes(6 * 1024 * 1024, 4);
    writeFileSync(join(bed.root, 'w'), content);
    const [file] = (await reader.read(bed.root, {})).entries;
    assert.ok(file?.kind === 'file');
    const chunks = await reader.chunksOf(bed.root, file);
    let at = 0;
    for (const { offset, length, hash } of chunks) {
      assert.equal(offset, at);
      const part = content.subarray(offset, offset + length);
      assert.equal(hash, createHash('sha256').update(part).digest('hex'));
      at += length;
    }
    assert.equal(at, content.length);
    appendFileSync(join(bed.root, 'w'), 'more');
    assert.deepEqual(await reader.chunksOf(bed.root, file), chunks);
    rmSync(join(store.root, 'chunks.v2'), { recursive: true });
    await assert.rejects(reader.chunksOf(bed.root, file), { code: 'source-changed' });
    rmSync(join(bed.root, 'w'));
    await assert.rejects(reader.chunksOf(bed.root, file), { code: 'source-changed' });
  });
});
