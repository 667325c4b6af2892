import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { CancelledError, IoError, MachineError } from '../../../../src/core/errors.ts';
import { NULL_LOGGER } from '../../../../src/core/logger.ts';
import { LogCopy } from '../../../../src/training/log/log-copy.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { until } from '../../../support/proc.ts';
import { sampleRun } from '../../../support/samples.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

describe('the copy of a log', () => {
  const { id } = sampleRun();
  let folder: string;
  let path: string;
  let log: Buffer;
  let clock: FakeClock;
  let fails: () => boolean;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runctl-copy-'));
    path = join(folder, 'logs', 'r.log');
    log = Buffer.alloc(0);
    clock = new FakeClock();
    fails = () => false;
  });

  afterEach(() => rm(folder, { recursive: true }));

  const source = {
    read: (_id: string, offset: number, max: number): Promise<Buffer> =>
      fails()
        ? Promise.reject(new MachineError('connection-lost', 'gone'))
        : Promise.resolve(log.subarray(offset, offset + max)),
  };

  const copy = (): LogCopy => new LogCopy(id, path, { source, clock, logger: NULL_LOGGER });
  const copied = (): Promise<Buffer> => readFile(path).catch(() => Buffer.alloc(0));

  it('is whole, however large the log, and goes on from where it ended', async () => {
    log = Buffer.from('x'.repeat(700_001));
    await copy().complete(log.length);
    assert.ok((await copied()).equals(log));
    log = Buffer.concat([log, Buffer.from('the end')]);
    await copy().complete(log.length);
    assert.ok((await copied()).equals(log));
  });

  it('grows while the log does, over failures of the way to it', async () => {
    const random = seededRandom(11);
    fails = () => random() < 0.3;
    const copying = copy();
    copying.start();
    for (let line = 0; line < 200; line += 1) {
      log = Buffer.concat([log, Buffer.from(`line ${line}\n`)]);
      await clock.advance(400);
    }
    fails = () => false;
    await until('all is there', async () => {
      await clock.advance(16_000);
      return (await copied()).equals(log) ? true : undefined;
    });
    copying.dispose();
  });

  it('is the same when two windows make it at once', async () => {
    log = Buffer.from(Array.from({ length: 60_000 }, (_, line) => `line ${line}\n`).join(''));
    await Promise.all([copy().complete(log.length), copy().complete(log.length)]);
    assert.ok((await copied()).equals(log));
  });

  it('tells when it cannot be whole, and why', async () => {
    log = Buffer.from('short');
    await assert.rejects(copy().complete(10), IoError);
    fails = () => true;
    await assert.rejects(copy().complete(10), MachineError);
    const dropped = copy();
    dropped.dispose();
    await assert.rejects(dropped.complete(10), CancelledError);
    await copy().complete(0);
  });

  it('that cannot be written is an error with its path', async () => {
    await writeFile(join(folder, 'logs'), 'a file where a folder should be');
    log = Buffer.from('x');
    await assert.rejects(copy().complete(1), (error) => error instanceof IoError && error.message.includes(path));
  });
});
