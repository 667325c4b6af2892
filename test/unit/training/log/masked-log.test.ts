import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { SecretMasker } from '../../../../src/core/mask.ts';
import { partCount, partStart } from '../../../../src/training/log/log-parts.ts';
import { MaskedLog } from '../../../../src/training/log/masked-log.ts';

const SECRET = 'sesame-open-42';
const KEY = `-----BEGIN PRIVATE KEY-----\n${'aGVsbG8=\n'.repeat(20)}-----END PRIVATE KEY-----\n`;

describe('a log with its secrets hidden', () => {
  let folder: string;
  let path: string;
  let masker: SecretMasker;
  const logs: MaskedLog[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'runctl-masked-'));
    path = join(folder, 'log');
    masker = new SecretMasker();
    masker.add(SECRET);
  });

  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()));
    rmSync(folder, { recursive: true });
  });

  function logOf(part = 0, partBytes?: number): MaskedLog {
    const log = new MaskedLog({ path, part, masker, ...(partBytes === undefined ? {} : { partBytes }) });
    logs.push(log);
    return log;
  }

  it('tells the size of exactly what it gives, also in other letters', async () => {
    writeFileSync(path, `é ${SECRET} ü\r 50%\r\u001b[32mdone\u001b[0m\n${KEY}end`);
    const log = logOf();
    const { size } = await log.refresh(true);
    const text = log.content().toString();
    assert.equal(size, log.content().length);
    assert.equal(text, 'é *** ü\r 50%\r\u001b[32mdone\u001b[0m\n***\nend');
  });

  it('hides a secret that comes in pieces, and shows its rest once the run has ended', async () => {
    writeFileSync(path, 'key: sesame-');
    const log = logOf();
    await log.refresh(false);
    assert.equal(log.content().toString(), 'key: ');
    appendFileSync(path, 'open-42 ok\nse');
    await log.refresh(false);
    assert.equal(log.content().toString(), 'key: *** ok\n');
    const { size } = await log.refresh(true);
    assert.equal(log.content().toString(), 'key: *** ok\nse');
    assert.equal(size, 'key: *** ok\nse'.length);
  });

  it('reads a log anew that was written over or replaced', async () => {
    writeFileSync(path, 'old line\n'.repeat(50));
    const log = logOf();
    await log.refresh(false);
    writeFileSync(path, 'new line\n'.repeat(60));
    await log.refresh(false);
    assert.equal(log.content().toString(), 'new line\n'.repeat(60));
    writeFileSync(`${path}2`, 'third\n');
    renameSync(`${path}2`, path);
    assert.equal((await log.refresh(false)).size, 6);
    assert.equal(log.content().toString(), 'third\n');
  });

  it('says that its file is gone, with an error of its own', async () => {
    await assert.rejects(logOf().refresh(true), { code: 'log-gone' });
    writeFileSync(path, 'x\n');
    const log = logOf();
    await log.refresh(true);
    rmSync(path);
    await assert.rejects(log.refresh(true), { code: 'log-gone' });
  });

  it('makes one whole of its parts, cut between lines and through no secret', async function () {
    this.timeout(60_000);
    const line = fc.constantFrom('loss 0.5', `token ${SECRET}`, KEY.trimEnd(), 'é'.repeat(40), '');
    const lines = fc.array(line, { minLength: 5, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(lines, fc.integer({ min: 9000, max: 60_000 }), async (list, partBytes) => {
        const some = `${list.join('\n')}\n`;
        const raw = some.repeat(Math.ceil(150_000 / some.length));
        writeFileSync(path, raw);
        const count = partCount(Buffer.byteLength(raw), partBytes);
        const parts: string[] = [];
        for (let part = 0; part < count; part++) {
          const log = logOf(part, partBytes);
          await log.refresh(true);
          parts.push(log.content().toString());
          await log.close();
        }
        // One that breaks off in its last line is hidden in two pieces.
        const shown = parts.join('').replaceAll(/(?:\*{3})+/g, '***');
        assert.ok(shown === masker.mask(raw), `${count} parts of ${partBytes}`);
      }),
      { numRuns: 12, seed: 7, endOnFailure: true },
    );
  });

  it('keeps where a part begins while the log grows', async () => {
    writeFileSync(path, 'a line of a log\n'.repeat(8000));
    const before = await partStart(path, 1, masker, 50_000);
    appendFileSync(path, 'more\n'.repeat(9000));
    assert.equal(await partStart(path, 1, masker, 50_000), before);
    assert.equal(readFileSync(path)[before - 1], 10);
  });
});
