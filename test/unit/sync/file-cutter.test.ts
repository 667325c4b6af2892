import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { LONGEST_CHUNK } from '../../../src/sync/cut-chunks.ts';
import type { Chunk } from '../../../src/sync/cut-chunks.ts';
import { FileCutter } from '../../../src/sync/file-cutter.ts';
import { randomBytes } from './content.ts';

describe('a file that is cut with its former version at hand', () => {
  const content = randomBytes(6 * 1024 * 1024, 3);

  it('gives the chunks it would give without, after any edits', async () => {
    const former = await cut(content, undefined);
    const edit = fc.record({ at: fc.nat(content.length), drop: fc.nat(90_000), add: fc.nat(90_000) });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { maxLength: 4 }), async (edits) => {
        let now = content;
        for (const { at, drop, add } of edits) {
          const rest = now.subarray(at + drop);
          now = Buffer.concat([now.subarray(0, at), randomBytes(add, at), rest]);
        }
        assert.deepEqual(await cut(now, former), await cut(now, undefined));
      }),
      { seed: 77, numRuns: 25 },
    );
  });

  it('does not end a chunk where only the former file ended', async () => {
    const former = await cut(content.subarray(0, 1_000_000), undefined);
    assert.deepEqual(await cut(content, former), await cut(content, undefined));
  });
});

/** As a reader does it: a buffer of two mebibytes, what is left over comes again. */
async function cut(bytes: Buffer, former: readonly Chunk[] | undefined): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  const cutter = new FileCutter(chunks, former);
  const piece = 4 * LONGEST_CHUNK;
  let meanwhile = 0;
  for (let at = 0, turns = 1; ; turns += 1) {
    const ends = at + piece >= bytes.length;
    at += await cutter.cut(bytes.subarray(at, at + piece), ends, () => (meanwhile += 1));
    assert.equal(meanwhile, turns);
    if (ends) {
      assert.equal(cutter.offset, bytes.length);
      return chunks;
    }
  }
}
