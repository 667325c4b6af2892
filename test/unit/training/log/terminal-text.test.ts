import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { SecretMasker } from '../../../../src/core/mask.ts';
import { TerminalText } from '../../../../src/training/log/terminal-text.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const SECRET = 's3cr3t-VALUE-123456';

describe('text for a terminal', () => {
  it('keeps colours, bars and cursor moves', () => {
    const text = '\u001b[31mred\u001b[0m 50%\r\u001b[K100%\u001b[1A\u001b[?25l';
    assert.equal(written(text), text);
  });

  it('ends lines as terminals want them', () => {
    assert.equal(written('a\nb\r\nc'), 'a\r\nb\r\nc');
  });

  const harmful = [
    '\u001b]52;c;aGk=\u0007',
    '\u001b]52;c;aGk=\u001b\\',
    '\u009d52;c;aGk=\u009c',
    '\u009d0;title\u0007',
    '\u001bP+q544e\u001b\\',
    '\u0090x\u009c',
    '\u001b_x\u009c',
    '\u001b[6n',
    '\u009b6n',
    '\u001b[>4;1m',
    '\u001b[?1000h',
    '\u001bc',
    '\u001b(0',
  ];
  for (const text of harmful) {
    it(`takes out ${JSON.stringify(text)}, wherever it is cut`, () => {
      for (let cut = 0; cut <= text.length; cut++) {
        assert.equal(written(`<${text.slice(0, cut)}`, `${text.slice(cut)}>\n`), '<>\r\n');
      }
    });
  }

  it('lets no taken out character join the rest to a sequence', () => {
    for (const between of ['\u0080', '\u0007', '\u0000', '\u001b', '\u009b']) {
      const text = written(`\u001b${between}]52;c;aGk=\u0007\n`);
      assert.ok(!text.includes('\u001b'), JSON.stringify(text));
    }
  });

  it('does not let a string without end swallow the log', () => {
    assert.equal(written('a\u001b]0;title\nb\n'), 'a\r\nb\r\n');
  });

  it('says the same however the log is cut', () => {
    const part = fc.constantFrom('\u001b', '[', ']', '52;c;', '\u0007', '\u009d', 'm', 'x', '\n');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        assert.equal(written(...parts), written(parts.join('')));
      }),
      { seed: 7 },
    );
  });

  it('hides a secret that comes in two pieces, after a pause too', async () => {
    for (let cut = 1; cut < SECRET.length; cut++) {
      const { terminal, clock, text } = setUp();
      terminal.push(`key is ${SECRET.slice(0, cut)}`);
      await clock.advance(1000);
      assert.equal(text(), 'key is ');
      terminal.push(`${SECRET.slice(cut)}\n`);
      assert.equal(text(), 'key is ***\r\n');
    }
  });

  it('shows an unfinished line after a pause', async () => {
    const { terminal, clock, text } = setUp();
    terminal.push('Continue? ');
    assert.equal(text(), '');
    await clock.advance(1000);
    assert.equal(text(), 'Continue? ');
    terminal.push('yes');
    terminal.end();
    assert.equal(text(), 'Continue? yes');
  });

  it('does not hold back a long line for ever, nor cut a secret in it', () => {
    const { terminal, text } = setUp();
    terminal.push(`${'x'.repeat(9000)}${SECRET.slice(0, 8)}`);
    assert.equal(text(), 'x'.repeat(9000));
    terminal.push(`${SECRET.slice(8)}\n`);
    assert.equal(text(), `${'x'.repeat(9000)}***\r\n`);
  });

  it('hides a secret with colour codes inside, and goes on in its last colour', () => {
    const token = 'hf_\u001b[31mabcdefghijkl\u001b[0mmnopqrstuvwxyz';
    assert.equal(written(`token ${token} end\n`), 'token ***\u001b[31m\u001b[0m end\r\n');
    const coloured = SECRET.replaceAll(/(?<=.)(?=.)/g, '\u001b[1;32m\u001b[K');
    assert.equal(visible(written(`<${coloured}>`)), '<***>');
  });

  it('hides the rest of a token whose first characters were shown before a pause', async () => {
    const { terminal, clock, text } = setUp();
    for (const piece of ['token h', 'f', '_abcdefghijklm', 'nopqrstuvwxyz\n', 'f_abc\n']) {
      terminal.push(piece);
      await clock.advance(1000);
    }
    assert.equal(text(), 'token hf***\r\nf_abc\r\n');
  });

  it('lets no secret be read, however it is cut and whatever codes stand in it', async () => {
    const token = 'hf_abcdefghijklmnopqrstuvwxyz';
    const code = fc.constantFrom(
      ...['\u001b[31m', '\u001b[0m', '\u009b1m', '\u001b[K', '\u001b[2C', '\u001b[?25l', '\u001b[38;2;1;2;3m'],
      ...['\u0007', '\u001b]0;title\u0007', '\u001b[6n', '\u0000', '\u001bc'],
    );
    const some = fc.array(code, { maxLength: 3 }).map((codes) => codes.join(''));
    const inside = fc.array(some, { minLength: 30, maxLength: 30 });
    const around = fc.constantFrom('', ' ', 'key: ', 'a\n', '\r', '\u001b[1m');
    const secret = fc
      .tuple(around, fc.constantFrom(SECRET, token), inside)
      .map(([before, value, codes]) => `${before}${value.replaceAll(/./g, (c, n: number) => c + (codes[n] ?? ''))}`);
    const log = fc.array(secret, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(' '));
    const cuts = fc.array(fc.record({ size: fc.integer({ min: 1, max: 40 }), wait: fc.boolean() }));
    await fc.assert(
      fc.asyncProperty(log, cuts, async (raw, pieces) => {
        const { terminal, clock, text } = setUp();
        let from = 0;
        for (const { size, wait } of [...pieces, { size: raw.length, wait: false }]) {
          terminal.push(raw.slice(from, from + size));
          from += size;
          if (wait) await clock.advance(1000);
        }
        terminal.end();
        const read = visible(text());
        assert.ok(!read.includes(SECRET) && !read.includes(token), JSON.stringify(read));
        // Nor a piece of one that would betray most of it.
        assert.doesNotMatch(read, /s3cr3t|123456|abcdefgh|stuvwxyz/);
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('hides a private key of several lines that comes line by line', () => {
    const key = ['-----BEGIN PRIVATE KEY-----\n', 'bGluZQ\n', '-----END PRIVATE KEY-----\n'];
    assert.equal(written('a\n', ...key, 'b\n'), 'a\r\n***\r\nb\r\n');
  });
});

function visible(text: string): string {
  // eslint-disable-next-line no-control-regex -- what a terminal obeys
  return text.replaceAll(/\u001b\[[0-?]*[ -/]*[@-~]/g, '');
}

function written(...pieces: string[]): string {
  const { terminal, text } = setUp();
  pieces.forEach((piece) => terminal.push(piece));
  terminal.end();
  return text();
}

function setUp(): { terminal: TerminalText; clock: FakeClock; text: () => string } {
  const clock = new FakeClock();
  const masker = new SecretMasker();
  masker.add(SECRET);
  let shown = '';
  const { signal } = new AbortController();
  const write = (text: string): void => void (shown += text);
  const terminal = new TerminalText({ masker, clock, signal, write });
  return { terminal, clock, text: () => shown };
}
