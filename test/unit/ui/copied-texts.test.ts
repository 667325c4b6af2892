import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { copiedText } from '../../../src/ui/machines/copied-texts.ts';

describe('The message at the end of a copy', () => {
  const where = 'lab:/data';

  it('names the one copy, or counts them', () => {
    assert.equal(copiedText({ names: ['a.pt'], where, leftOut: 0 }), 'a.pt is in lab:/data, proved by hash');
    assert.equal(copiedText({ names: ['a', 'b'], where, leftOut: 0 }), '2 copies are in lab:/data, proved by hash');
  });

  it('tells links that were followed, and what was left out', () => {
    assert.equal(
      copiedText({ names: ['latest', 'b'], where, leftOut: 2, followed: ['latest'] }),
      '2 copies are in lab:/data, proved by hash. latest is a link here: what it leads to was copied. Left out: 2',
    );
    assert.equal(
      copiedText({ names: ['a', 'b'], where, leftOut: 0, followed: ['a', 'b'] }),
      '2 copies are in lab:/data, proved by hash. 2 are links here: what they lead to was copied',
    );
  });
});
