import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'mocha';
import { LONGEST_CHUNK, cutChunk } from '../../../src/sync/cut-chunks.ts';
import { randomBytes } from './content.ts';

describe('chunks cut by content', () => {
  const content = randomBytes(24 * 1024 * 1024, 7);

  it('have lengths within their bounds, around 128 KiB', () => {
    const lengths = cut(content).map((chunk) => chunk.length);
    const inner = lengths.slice(0, -1);
    assert.ok(inner.every((length) => length > 32 * 1024 && length <= LONGEST_CHUNK));
    const usual = content.length / lengths.length / 1024;
    assert.ok(usual > 96 && usual < 192, `${usual} KiB`);
  });

  it('are the same but for the ones around an insertion, a deletion or a change', () => {
    const at = 10_000_003;
    const before = new Set(cut(content).map(digest));
    const rest = content.subarray(at);
    for (const changed of [
      Buffer.concat([content.subarray(0, at), Buffer.from('inserted'), rest]),
      Buffer.concat([content.subarray(0, at), rest.subarray(70_000)]),
      Buffer.concat([content.subarray(0, at), Buffer.alloc(9), rest.subarray(9)]),
    ]) {
      const other = cut(changed).filter((chunk) => !before.has(digest(chunk)));
      assert.ok(other.length > 0 && other.length <= 8, `${other.length} chunks differ`);
    }
  });

  it('do not depend on where the rest of the file begins to be held', () => {
    const shifted = Buffer.concat([Buffer.alloc(1000), content]);
    let at = 1000;
    for (const chunk of cut(content)) {
      assert.equal(cutChunk(shifted, at, shifted.length), chunk.length);
      at += chunk.length;
    }
  });

  it('are as long as they may be where nothing varies', () => {
    const lengths = cut(Buffer.alloc(2 * 1024 * 1024)).map((chunk) => chunk.length);
    assert.deepEqual(lengths, [LONGEST_CHUNK, LONGEST_CHUNK, LONGEST_CHUNK, LONGEST_CHUNK]);
    assert.deepEqual(cut(Buffer.alloc(5)).map((chunk) => chunk.length), [5]);
  });

  it('are cut where they always were: signatures of what was sent are kept', () => {
    const first = cut(content).slice(0, 4).map((chunk) => chunk.length);
    assert.deepEqual(first, [40_598, 129_781, 141_967, 184_386]);
  });
});

function cut(bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = cutChunk(bytes, at, bytes.length);
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

function digest(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}
