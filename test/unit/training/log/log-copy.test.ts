import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { CancelledError, IoError, MachineError } from '../../../../src/core/errors.ts';
import { LogCopy } from '../../../../src/training/log/log-copy.ts';
import { sampleRun } from '../../../support/samples.ts';

describe('the copy of a log', () => {
  const { id } = sampleRun();
  let folder: string;
  let path: string;
  let log: Buffer;
  let fails: boolean;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runctl-copy-'));
    path = join(folder, 'logs', 'r.log');
    log = Buffer.alloc(0);
    fails = false;
  });

  afterEach(() => rm(folder, { recursive: true }));

  const source = {
    read: (_id: string, offset: number, max: number): Promise<Buffer> =>
      fails
        ? Promise.reject(new MachineError('connection-lost', 'gone'))
        : Promise.resolve(log.subarray(offset, offset + max)),
  };

  const copy = (): LogCopy => new LogCopy(id, path, source);

  it('is whole, however large the log, and goes on from where it ended', async () => {
    log = Buffer.from('x'.repeat(700_001));
    await copy().complete(log.length);
    assert.ok((await readFile(path)).equals(log));
    log = Buffer.concat([log, Buffer.from('the end')]);
    await copy().complete(log.length);
    assert.ok((await readFile(path)).equals(log));
    assert.equal(await copy().size(), log.length);
  });

  it('takes parts at their places, also twice and by two at once', async () => {
    log = Buffer.from(Array.from({ length: 60_000 }, (_, line) => `line ${line}\n`).join(''));
    const other = copy();
    await other.take(0, log.subarray(0, 1000));
    await Promise.all([
      copy().complete(log.length),
      other.complete(log.length),
      other.take(500, log.subarray(500, 900)),
    ]);
    assert.ok((await readFile(path)).equals(log));
  });

  it('is empty again when the log was begun anew', async () => {
    await copy().take(0, Buffer.from('old and long'));
    await copy().restart();
    log = Buffer.from('new');
    await copy().complete(log.length);
    assert.equal(await readFile(path, 'utf8'), 'new');
  });

  it('tells when it cannot be whole, and why', async () => {
    log = Buffer.from('short');
    await assert.rejects(copy().complete(10), { code: 'log-short' });
    fails = true;
    await assert.rejects(copy().complete(10), MachineError);
    const dropped = copy();
    dropped.dispose();
    await assert.rejects(dropped.complete(10), CancelledError);
    await copy().complete(0);
  });

  it('that cannot be written is an error with its path', async () => {
    await writeFile(join(folder, 'logs'), 'a file where a folder should be');
    log = Buffer.from('x');
    await assert.rejects(
      copy().complete(1),
      (error) => error instanceof IoError && error.message.includes(path),
    );
  });
});
