import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { discoverCheckpoints } from '../../../src/checkpoints/discovery.ts';
import { LocalCheckpointFiles } from '../../../src/checkpoints/local-files.ts';
import { IoError } from '../../../src/core/errors.ts';
import { TemporaryDirectory } from './temporary-directory.ts';

describe('finding checkpoints on this host', () => {
  let directory: TemporaryDirectory;
  const files = new LocalCheckpointFiles();

  beforeEach(async () => {
    directory = await TemporaryDirectory.make();
  });
  afterEach(() => directory.dispose());

  async function found(globs: readonly string[] = []): Promise<string[]> {
    const { candidates } = await discoverCheckpoints(files, directory.path, globs);
    return candidates.map((c) => c.path.slice(directory.path.length + 1)).sort();
  }

  it('takes files of the known kinds at any depth, and nothing else', async () => {
    await directory.write({
      'a.pt': '1', 'b.pth': '1', 'sub/c.ckpt': '1', 'sub/deep/d.safetensors': '1', 'e.keras': '1',
      'f.pkl': '1', 'log.txt': '1', 'a.json': '{}', 'events.out': '1',
    });
    const all = ['a.pt', 'b.pth', 'e.keras', 'f.pkl', 'sub/c.ckpt', 'sub/deep/d.safetensors'];
    assert.deepEqual(await found(), all);
  });

  it('takes directories of the known shapes as one, without the files in them', async () => {
    await directory.write({
      'checkpoint-500/model.safetensors': '12345', 'checkpoint-500/optimizer.pt': '123',
      'checkpoint-500/trainer_state.json': '{}', '1000/_CHECKPOINT_METADATA': 'm',
      '1000/default/d/part.pt': 'x', 'params.orbax/checkpoint': 'x', '42/notes.txt': 'x',
      'big/model-00001-of-00002.safetensors': 'x', 'big/model-00002-of-00002.safetensors': 'x',
    });
    assert.deepEqual(await found(), ['1000', 'big', 'checkpoint-500', 'params.orbax']);
    const { candidates } = await discoverCheckpoints(files, directory.path);
    assert.equal(candidates.find((c) => c.path.endsWith('checkpoint-500'))?.size, 10);
  });

  it('passes over what is temporary or hidden', async () => {
    await directory.write({
      'x.pt.tmp': '1', 'x.pt.partial': '1', '.x.pt': '1', '.cache/y.pt': '1',
      '7.orbax-checkpoint-tmp-1699/_CHECKPOINT_METADATA': '1',
      'tmp-checkpoint-9/model.safetensors': '1', 'kept.pt': '1',
    });
    assert.deepEqual(await found(), ['kept.pt']);
  });

  it('never follows a link out of the directory, nor round in a circle', async () => {
    const outside = await TemporaryDirectory.make();
    await outside.write({ 'secret.pt': '1' });
    await directory.write({ 'own.pt': '1' });
    await symlink(outside.path, directory.join('elsewhere'));
    await symlink(outside.join('secret.pt'), directory.join('alias.pt'));
    await symlink(directory.path, directory.join('loop'));
    assert.deepEqual(await found(), ['own.pt']);
    await outside.dispose();
  });

  it('takes the user\'s globs instead of its own, for directories by name', async () => {
    await directory.write({
      'a.pt': '1', 'w/b.bin': '1', 'dcp-7/data': '1', 'checkpoint-5/model.safetensors': '1',
    });
    assert.deepEqual(await found(['**/*.bin']), ['w/b.bin']);
    assert.deepEqual(await found(['dcp-*']), ['dcp-7']);
    assert.deepEqual(await found(['**/*.safetensors']), ['checkpoint-5']);
    assert.deepEqual(await found(['*']), ['a.pt']);
  });

  it('leaves a shard in the top directory out and says so', async () => {
    await directory.write({ 'model-00001-of-00003.safetensors': '1' });
    const { candidates, problems } = await discoverCheckpoints(files, directory.path);
    assert.equal(candidates.length, 0);
    assert.match(problems[0]?.reason ?? '', /shard/);
  });

  it('finds nothing where nothing was written yet', async () => {
    const { candidates } = await discoverCheckpoints(files, directory.join('not-there'));
    assert.deepEqual(candidates, []);
    await mkdir(directory.join('checkpoint-1'));
    assert.deepEqual(await found(), []);
  });

  it('refuses a directory that holds too much, with a next step', async () => {
    await directory.write({ 'a.pt': '1', 'b.pt': '1', 'c.pt': '1' });
    await assert.rejects(
      discoverCheckpoints(new LocalCheckpointFiles(2), directory.path),
      (error: unknown) => error instanceof IoError && error.steps.length > 0,
    );
  });

  it('reads pieces of files, and no links', async () => {
    await directory.write({ 'a.txt': '0123456789' });
    await symlink(directory.join('a.txt'), directory.join('b.txt'));
    const text = async (path: string, start: number, length: number) => {
      const bytes = await files.readBytes(directory.join(path), start, length);
      return bytes === null ? null : Buffer.from(bytes).toString();
    };
    assert.equal(await text('a.txt', 2, 3), '234');
    assert.equal(await text('a.txt', -3, 10), '789');
    assert.equal(await text('a.txt', -30, 4), '0123');
    assert.equal(await text('a.txt', 20, 4), '');
    assert.equal(await text('b.txt', 0, 4), null);
    assert.equal(await files.readText(directory.join('a.txt'), 9), null);
    assert.equal(await files.readText(directory.join('a.txt'), 10), '0123456789');
  });
});
