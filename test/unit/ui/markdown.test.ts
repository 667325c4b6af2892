import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { escapeMarkdown, markdownTable } from '../../../src/ui/tree/markdown.ts';

// VS Code turns markdown into HTML, where backslashes are gone and entities
// stay, and looks for icons in that.
const ICON = /\$\([a-z0-9-]+(?:~[a-z]+)?\)/i;
const ENTITIES: readonly (readonly [string, string])[] = [
  ['&#36;', '$'],
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&amp;', '&'],
];

describe('text from outside in a tooltip', () => {
  it('shows no icon, whatever stands before it', () => {
    for (const text of ['$(rocket)', String.raw`\$(rocket)`, String.raw`\\$(sync~spin)`, '$$(x)']) {
      assert.doesNotMatch(html(escapeMarkdown(text)), ICON, text);
    }
  });

  it('has nothing that markdown takes for a link, an address included', () => {
    const text = 'a [b](http://x) ![c](d) <http://e> www.example.com me@example.com';
    // What an escape stands for is plain text: it takes no part in the syntax.
    const syntax = escapeMarkdown(text).replaceAll(/\\./g, ' ');
    assert.doesNotMatch(syntax, /[[\]()<>]|:\/\/|www\.|@/);
  });

  it('reads exactly as it was written', () => {
    const text = String.raw`a_b *c* ~~d~~ \$(rocket) 1 < 2 & 3 > | x: y@z # - . ! {} &#36;`;
    const shown = ENTITIES.reduce(
      (current, [entity, char]) => current.replaceAll(entity, char),
      html(escapeMarkdown(text)),
    );
    assert.equal(shown, text);
  });

  it('stays in its cell of a table', () => {
    const row = markdownTable([['Name', 'a | b\n| c']]).split('\n').at(-1) ?? '';
    assert.equal(row.replaceAll(/\\./g, '').split('|').length, 4);
  });
});

function html(markdown: string): string {
  return markdown.replaceAll(/\\([!-/:-@[-`{-~])/g, '$1');
}
