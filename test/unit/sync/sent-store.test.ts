import assert from 'node:assert/strict';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { FileSentStore } from '../../../src/sync/transfer/sent-store.ts';

const CHUNKS = [
  { offset: 0, length: 5, hash: 'aa' },
  { offset: 5, length: 7, hash: 'bb' },
];

describe('the memory of what was sent', () => {
  let directory: string;
  let store: FileSentStore;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'runctl-sent-'));
    store = new FileSentStore(directory);
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('gives back pieces, manifests and other hashes', async () => {
    await store.keepChunks('ab', CHUNKS);
    assert.deepEqual(await store.chunks('ab'), CHUNKS);
    await store.keepManifest('cd', '["l","path","target"]\n');
    const manifest = await store.manifest('cd');
    assert.deepEqual(manifest?.entries, [{ kind: 'link', path: 'path', target: 'target' }]);
    await store.keepOtherSums(new Map([['one', 'two']]));
    assert.deepEqual(await store.otherSums(), new Map([['one', 'two']]));
  });

  it('knows nothing of what is damaged, cut, or lies under another name', async () => {
    await store.keepChunks('ab', CHUNKS);
    const path = join(directory, 'chunks/ab');
    const whole = await readFile(path, 'utf8');
    await writeFile(path, whole.replace('[5,7', '[5,8'));
    assert.equal(await store.chunks('ab'), undefined);
    await writeFile(path, whole.slice(whole.indexOf('\n') + 1));
    assert.equal(await store.chunks('ab'), undefined, 'of a version without a seal');
    await writeFile(path, '');
    assert.equal(await store.chunks('ab'), undefined);
    await writeFile(path, whole);
    assert.deepEqual(await store.chunks('ab'), CHUNKS);
    await rename(path, join(directory, 'chunks/cd'));
    assert.equal(await store.chunks('cd'), undefined);
  });
});
