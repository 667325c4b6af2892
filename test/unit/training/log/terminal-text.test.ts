import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { TerminalText } from '../../../../src/training/log/terminal-text.ts';

const SECRET = 's3cr3t-VALUE';

function written(...pieces: string[]): string {
  const terminal = new TerminalText((text) => text.replaceAll(SECRET, '***'));
  return pieces.map((piece) => terminal.push(piece)).join('') + terminal.end();
}

describe('text for a terminal', () => {
  it('keeps colours, bars and cursor moves', () => {
    const text = '\u001b[31mred\u001b[0m 50%\r\u001b[K100%\u001b[1A';
    assert.equal(written(text), text);
  });

  it('ends lines as terminals want them', () => {
    assert.equal(written('a\nb\r\nc'), 'a\r\nb\r\nc');
  });

  it('takes out what writes to the clipboard or retitles, in every form', () => {
    for (const text of [
      '\u001b]52;c;aGk=\u0007',
      '\u001b]52;c;aGk=\u001b\\',
      '\u009d52;c;aGk=\u009c',
      '\u009d0;title\u0007',
      '\u001bP+q544e\u001b\\',
      '\u0090x\u009c',
      '\u001b[6n',
      '\u009b6n'.slice(0, 1),
    ]) {
      assert.equal(written(`<${text}>\n`), '<>\r\n', JSON.stringify(text));
    }
  });

  it('is not fooled by a sequence cut in two', () => {
    assert.equal(written('<\u001b', ']52;c;aGk=\u0007>\n'), '<>\r\n');
  });

  it('hides a secret that comes in two pieces', () => {
    assert.equal(written('key is s3cr3t-', 'VALUE\n'), 'key is ***\r\n');
  });

  it('does not hold back a long line for ever', () => {
    const terminal = new TerminalText((text) => text);
    assert.equal(terminal.push('x'.repeat(9000)).length, 9000);
  });
});
