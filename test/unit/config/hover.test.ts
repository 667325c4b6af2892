import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { hoverAt } from '../../../src/core/config/hover.ts';
import { atCursor } from './helpers.ts';

function hover(marked: string): { markdown: string; covers: string } | undefined {
  const { text, offset } = atCursor(marked);
  const found = hoverAt(text, offset);
  return found && { markdown: found.markdown, covers: text.slice(found.start, found.end) };
}

describe('Hover', () => {
  it('explains a key: name, type, what for, default', () => {
    const shown = hover('[runs.train]\ngr¦ace = "5s"');
    assert.equal(shown?.covers, 'grace');
    assert.match(shown.markdown, /^\*\*runs\.train\.grace\*\* \(duration/);
    assert.match(shown.markdown, /TERM/);
    assert.match(shown.markdown, /Default: `"30s"`/);
  });

  it('explains the section in a header, and the profile within', () => {
    assert.match(hover('[¦aws]')?.markdown ?? '', /Amazon EC2/);
    assert.match(hover('[ru¦ns.train]')?.markdown ?? '', /Run profiles/);
    assert.equal(hover('[runs.tra¦in]')?.covers, 'train');
  });

  it('explains keys in dotted and quoted form', () => {
    assert.equal(hover('checkpoint.keep_¦last_n = 3')?.covers, 'keep_last_n');
    assert.match(hover('["aws"]\n"reg¦ion" = "x"')?.markdown ?? '', /Region/);
  });

  it('explains keys in inline tables', () => {
    const shown = hover('[runs.a]\nkeep_best = { metric = "loss", mo¦de = "min" }');
    assert.equal(shown?.covers, 'mode');
    assert.match(shown.markdown, /runs\.a\.keep_best\.mode.*one of "min", "max"/);
  });

  it('shows examples as they are written in the file', () => {
    assert.match(hover('[runs.a]\nmet¦rics = ""')?.markdown ?? '', /`'step \(\?<step>\\d\+\)/);
  });

  it('works before a broken line', () => {
    assert.equal(hover('[runs.a]\nargs = ["x",\ngr¦ace = "5s\n[[')?.covers, 'grace');
  });

  it('says nothing over values, comments and unknown keys', () => {
    for (const text of ['[aws]\nregion = "us¦"', '# reg¦ion', '[aws]\nnon¦sense = 1', '¦', '[x¦]']) {
      assert.equal(hover(text), undefined, text);
    }
  });
});
