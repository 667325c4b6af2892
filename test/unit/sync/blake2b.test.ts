import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { Blake2b } from '../../../src/sync/blake2b.ts';
import { contentHash, contentHasher } from '../../../src/sync/content-hash.ts';
import { randomBytes } from './content.ts';

describe('the BLAKE2b-512 of hosts that have none', () => {
  const content = randomBytes(300_000, 9);
  const native = (bytes: Uint8Array): string =>
    createHash('blake2b512').update(bytes).digest('hex');

  it('is the one of the standard', () => {
    // RFC 7693, appendix A.
    const abc = new Blake2b().update(Buffer.from('abc')).digest();
    assert.ok(abc.startsWith('ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1'));
    assert.equal(abc, native(Buffer.from('abc')));
  });

  it('is that of native code at all borders', () => {
    for (const edge of [0, 1, 127, 128, 129, 255, 256, 257, 64_511, 64_512, 64_513, 129_024]) {
      const bytes = content.subarray(0, edge);
      assert.equal(new Blake2b().update(bytes).digest(), native(bytes), `${edge} bytes`);
    }
  });

  it('does not depend on the parts it is given, or on others that run beside it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(70_000), { maxLength: 6 }), (sizes) => {
        const hasher = new Blake2b();
        let at = 0;
        for (const size of sizes) {
          hasher.update(content.subarray(at, at + size));
          new Blake2b().update(content).digest();
          at = Math.min(content.length, at + size);
        }
        assert.equal(hasher.digest(), native(content.subarray(0, at)));
      }),
      { seed: 20_253, numRuns: 60 },
    );
  });

  it('is the one that files are known by', () => {
    assert.equal(contentHash(content), native(content));
    assert.equal(contentHasher().update(content).digest(), native(content));
  });
});
