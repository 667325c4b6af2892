import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { contentHash, contentHasher, portableEngine } from '../../../src/sync/content-hash.ts';
import { randomBytes } from './content.ts';

describe('the hash of contents', () => {
  const content = randomBytes(300_000, 9);
  const native = (bytes: Uint8Array): string =>
    createHash('blake2b512').update(bytes).digest('hex');

  it('is the one of the standard, also on hosts that have none', async () => {
    // RFC 7693, appendix A.
    const abc = (await portableEngine()).whole(Buffer.from('abc'));
    assert.ok(abc.startsWith('ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1'));
    assert.equal(abc, native(Buffer.from('abc')));
    assert.equal(contentHash(content), native(content));
  });

  it('does not depend on the parts it is given, or on others that run beside it', async () => {
    const portable = await portableEngine();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(70_000), { maxLength: 6 }), async (sizes) => {
        const hashers = await Promise.all([contentHasher(), portable.start()]);
        let at = 0;
        for (const size of sizes) {
          for (const hasher of hashers) hasher.update(content.subarray(at, at + size));
          portable.whole(content);
          at = Math.min(content.length, at + size);
        }
        for (const hasher of hashers) assert.equal(hasher.digest(), native(content.subarray(0, at)));
      }),
      { seed: 20_253, numRuns: 60 },
    );
  });
});
