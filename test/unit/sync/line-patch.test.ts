import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { linePatch } from '../../../src/sync/transfer/line-patch.ts';

describe('a patch of lines', () => {
  it('makes the new text of the old one, whatever changed', () => {
    const word = fc.constantFrom('a', 'b', 'c', 'd');
    const lines = fc.array(word, { maxLength: 12 });
    // Longer lines around them, or no patch is worth it.
    const around = fc.tuple(fc.nat(2), fc.nat(2));
    fc.assert(
      fc.property(lines, lines, around, (left, right, [first, last]) => {
        const wrap = (inner: string[]): string =>
          [...same('first', first), ...inner, ...same('last', last)].map((line) => `${line}\n`).join('');
        const [old, now] = [wrap(left), wrap(right)];
        const patch = linePatch(old, now);
        assert.equal(patch === undefined ? now : applied(old, patch), now);
      }),
      { seed: 5, numRuns: 3000 },
    );
  });

  it('says little about a long text with few changes', () => {
    const lines = Array.from({ length: 5000 }, (_line, at) => `line ${at}`);
    const old = `${lines.join('\n')}\n`;
    lines[2000] = 'changed';
    lines.splice(4000, 1, 'one', 'two');
    const patch = linePatch(old, `${lines.join('\n')}\n`);
    assert.equal(patch, 'k 1 2000\na 1\nchanged\nk 2002 4000\na 2\none\ntwo\nk 4002 5000\n');
  });
});

function same(name: string, count: number): string[] {
  return Array.from({ length: count }, (_line, at) => `${name} ${at} `.repeat(40));
}

/** As the machine does it, which reads the old text once. */
function applied(old: string, patch: string): string {
  const before = old.split('\n');
  const commands = patch.split('\n');
  let text = '';
  let kept = 0;
  for (let at = 0; at < commands.length - 1; at += 1) {
    const [how, from = '', to] = (commands[at] ?? '').split(' ');
    if (how === 'k') {
      assert.ok(Number(from) > kept, `${from} after ${kept}`);
      kept = Number(to);
      text += before.slice(Number(from) - 1, Number(to)).map((line) => `${line}\n`).join('');
    } else {
      for (let left = Number(from); left > 0; left -= 1) text += `${commands[(at += 1)] ?? ''}\n`;
    }
  }
  return text;
}
