import assert from 'node:assert/strict';

import fc from 'fast-check';
import { describe, it } from 'mocha';

import { stripControls } from '../../../../src/training/log/control-stripper.ts';
import { LineSplitter } from '../../../../src/training/log/line-splitter.ts';
import { ScreenFolder } from '../../../../src/training/log/screen-text.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

import { cutAt } from './support.ts';

// eslint-disable-next-line no-control-regex -- what must never come out
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

describe('stripControls', () => {
  const cases: readonly (readonly [title: string, raw: string, plain: string])[] = [
    ['colours', '\u001b[1;31mred\u001b[0m text', 'red text'],
    ['cursor moves and erasing', 'a\u001b[2K\u001b[10;5Hb\u001b[?25l', 'ab'],
    ['a window title ended by BEL', '\u001b]0;evil\u0007shown', 'shown'],
    ['a link ended by ST', '\u001b]8;;http://x\u001b\\text\u001b]8;;\u001b\\', 'text'],
    ['a device control string', '\u001bPq#0;2;0;0;0\u001b\\after', 'after'],
    ['C1 introducers', '\u009b31mred\u009d0;t\u009cx', 'redx'],
    ['an escape left alone', 'a\u001b', 'a'],
    ['an escape that hides another', '\u001b\u001b[31m[31mx', '[31mx'],
    ['a malformed sequence, keeping the text', '\u001b[3é', '3é'],
    ['marks that reorder text', 'a\u202eb\u2066c', 'abc'],
    ['bells and nulls', 'a\u0007b\u0000c', 'abc'],
  ];
  for (const [title, raw, plain] of cases) {
    it(`takes out ${title}`, () => assert.equal(stripControls(raw), plain));
  }

  it('keeps tabs and writes over what a backspace went back on', () => {
    assert.equal(stripControls('a\tb'), 'a\tb');
    assert.equal(stripControls('|\b/\b-\b done'), ' done');
    assert.equal(stripControls('12/100\b\b\b\b\b\b'), '12/100');
  });
});

describe('ScreenFolder', () => {
  it('shows plain lines as they are', () => {
    assert.equal(screen('one\r\n\n  two\t2\n'), 'one\n\n  two\t2\n');
  });

  it('shows a bar at most once per two seconds and its final frame always', async () => {
    const clock = new FakeClock();
    const view = new View(clock);
    let shown = 0;
    for (let step = 0; step <= 100; step++) {
      const before = view.text.length;
      view.write(`\r${step}/100`);
      shown += view.text.length > before ? 1 : 0;
      await clock.advance(100);
    }
    view.write('\n');
    assert.ok(shown <= 6, `shown ${shown} times in ten seconds`);
    assert.ok(shown >= 4, `shown only ${shown} times in ten seconds`);
    assert.match(view.text, /\n100\/100\n$/);
  });

  it('shows the final frame only once when it was shown live', () => {
    const view = new View(new FakeClock());
    view.write('\r100%\r');
    view.write('100%\n');
    assert.equal(view.text, '100%\n');
  });

  it('folds a bar of carriage returns alone to its last frame at the end', () => {
    const view = new View(new FakeClock());
    view.write('1%\r2%\r3%\r4%');
    view.end();
    assert.equal(view.text, '1%\n4%');
  });

  it('shows the newest frame of a bar that stands still when its time has come', async () => {
    const clock = new FakeClock();
    const view = new View(clock);
    view.write('1%\r2%\r3%\r');
    assert.equal(view.text, '1%');
    view.tick();
    assert.equal(view.text, '1%');
    await clock.advance(2000);
    view.tick();
    assert.equal(view.text, '1%\n3%');
    view.write('3%\nnext\n');
    assert.equal(view.text, '1%\n3%\nnext\n');
  });

  it('shows an unfinished prompt, then only what is added to it', async () => {
    const clock = new FakeClock();
    const view = new View(clock);
    view.write('Downloading… ');
    await clock.advance(2000);
    view.tick();
    assert.equal(view.text, 'Downloading… ');
    view.write('done\n');
    assert.equal(view.text, 'Downloading… done\n');
  });

  it('leaves out a frame the program wiped before it was shown', () => {
    assert.equal(screen('\r10%\r20%\r      \rhello\n'), '10%\nhello\n');
    assert.equal(screen('\r10%\r20%\r\u001b[Khello\n'), '10%\nhello\n');
    assert.equal(screen('10%\r20%\r\u001b[K\n'), '10%\n');
  });

  it('folds nested bars, whose frames end in a line feed and go up again', () => {
    const frames = Array.from({ length: 50 }, (_, step) => `\n\rinner ${step}\u001b[A`).join('');
    const text = screen(`\router 0/2${frames}\n\router 1/2\n`);
    assert.ok(text.split('\n').length < 6, text);
    assert.match(text, /outer 1\/2\n$/);
  });

  it('joins the pieces of a long line and an escape sequence cut between them', () => {
    const clock = new FakeClock();
    const folder = new ScreenFolder(clock);
    const splitter = new LineSplitter(0, 8);
    const lines = splitter.push(Buffer.from('1234567\u001b[31mred and more\u001b[0m\nnext\n'));
    assert.equal(folder.push(lines), '1234567red and more\nnext\n');
  });

  it('breaks an unfinished line for a notice', () => {
    const view = new View(new FakeClock());
    view.write('1%\r2%\r3');
    assert.equal(view.folder.breakLine(), '\n2%\n');
    assert.equal(view.folder.breakLine(), '');
  });

  const unit = fc.constantFrom(
    ...['a', 'b', ' ', '\r', '\n', '\r\n', '\t', '\b', 'é', '😀', '\u001b[31m', '\u001b[K'],
    ...['\u001b[A', '\u001b]0;t\u0007', '\u001b', '[', '\u0000', '\u009b', '\u202e'],
  );

  it('gives the same text wherever the chunks are cut', () => {
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), fc.array(fc.nat()), (text, cuts) => {
        assert.equal(screen(text, cuts), screen(text));
      }),
      { seed: 20260115, numRuns: 1000 },
    );
  });

  it('lets no control character out but line feed and tab', () => {
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), (text) => {
        assert.doesNotMatch(screen(text), CONTROL);
      }),
      { seed: 20260115, numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        assert.doesNotMatch(screen(Buffer.from(bytes)), CONTROL);
      }),
      { seed: 20260115, numRuns: 1000 },
    );
  });
});

class View {
  text = '';
  readonly folder: ScreenFolder;
  private readonly splitter = new LineSplitter();

  constructor(clock: FakeClock) {
    this.folder = new ScreenFolder(clock);
  }

  write(data: string | Buffer): void {
    this.text += this.folder.push(this.splitter.push(Buffer.from(data)));
  }

  tick(): void {
    this.text += this.folder.tick(this.splitter.peek());
  }

  end(): void {
    this.text += this.folder.push(this.splitter.end());
  }
}

function screen(text: string | Buffer, cuts: readonly number[] = []): string {
  const view = new View(new FakeClock());
  for (const chunk of cutAt(Buffer.from(text), cuts)) {
    view.write(chunk);
  }
  view.end();
  return view.text;
}
