import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { describe, it } from 'mocha';
import { adaptiveGzip } from '../../../src/sync/transfer/adaptive-gzip.ts';
import { randomBytes } from './content.ts';

const PIECE = 256 * 1024;

describe('compression as far as the link leaves time', () => {
  const text = Buffer.from('def train(model): return model.step()\n'.repeat(100_000));

  it('shrinks what waits for the link, and sends as it is what does not wait', async () => {
    const slow = await packed(text, () => 2 * 1024 * 1024);
    assert.ok(slow.length < text.length / 20, `${slow.length} bytes`);
    const fast = await packed(text, () => 0);
    assert.ok(fast.length > text.length, `${fast.length} bytes`);
    for (const gzip of [slow, fast]) assert.deepEqual(gunzipSync(gzip), text);
  });

  it('keeps every byte when the link comes and goes, and content that cannot shrink', async () => {
    const content = Buffer.concat([randomBytes(3_000_000, 1), text, randomBytes(3_000_000, 2), text]);
    let turn = 0;
    const gzip = await packed(content, () => [0, 3e6, 3e6, 1e5][(turn += 1) % 4] ?? 0);
    assert.deepEqual(gunzipSync(gzip), content);
    const slow = await packed(content, () => 3e6);
    assert.deepEqual(gunzipSync(slow), content);
    assert.ok(slow.length < 6_000_000 + text.length, `${slow.length} bytes`);
  });

  it('makes a whole stream of nothing', async () => {
    assert.deepEqual(gunzipSync(await packed(Buffer.alloc(0), () => 0)), Buffer.alloc(0));
  });
});

async function packed(content: Buffer, waiting: () => number): Promise<Buffer> {
  const pieces = function* pieces(): Generator<Buffer> {
    for (let at = 0; at < content.length; at += PIECE) yield content.subarray(at, at + PIECE);
  };
  const source = { [Symbol.asyncIterator]: () => asAsync(pieces()) };
  const made: Buffer[] = [];
  for await (const piece of adaptiveGzip(source, waiting)) made.push(piece);
  return Buffer.concat(made);
}

async function* asAsync(pieces: Iterable<Buffer>): AsyncGenerator<Buffer> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}
