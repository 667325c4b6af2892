import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { installationId } from '../../../src/core/installation.ts';

describe('the id of an installation', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runctl-installation-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('is made once, and the same for windows that ask at once', async () => {
    const storage = join(folder, 'a', 'b');
    const ids = await Promise.all(Array.from({ length: 8 }, () => installationId(storage)));
    assert.match(ids[0] ?? '', /^[0-9a-f]{16}$/);
    assert.deepEqual(new Set([...ids, await installationId(storage)]).size, 1);
  });

  it('differs from one computer to another', async () => {
    assert.notEqual(await installationId(join(folder, 'a')), await installationId(join(folder, 'b')));
  });

  it('is something usable also where the file was written over', async () => {
    await writeFile(join(folder, 'installation'), '$(rm -rf ~)');
    assert.equal(await installationId(folder), '0000000000000000');
  });
});
