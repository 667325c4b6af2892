import assert from 'node:assert/strict';

import fc from 'fast-check';
import { describe, it } from 'mocha';

import { LineSplitter, type LogLine } from '../../../../src/training/log/line-splitter.ts';

import { cutAt } from './support.ts';

describe('LineSplitter', () => {
  it('tells lines, CRLF lines, frames and an open end apart, with byte offsets', () => {
    assert.deepEqual(brief(split([Buffer.from('a\nb\r\nc\rd\r\n\ré\n\r\ne')])), [
      ['a', 0, 'line'],
      ['b', 2, 'line'],
      ['c', 5, 'frame'],
      ['d', 7, 'line'],
      ['', 10, 'frame'],
      ['é', 11, 'line'],
      ['', 14, 'line'],
      ['e', 16, 'open'],
    ]);
  });

  it('waits for the next byte before it calls a CR a frame', () => {
    const splitter = new LineSplitter(100);
    assert.deepEqual(splitter.push(Buffer.from('50%\r')), []);
    assert.equal(splitter.pendingBytes, 4);
    assert.equal(splitter.peek(), '50%');
    assert.deepEqual(brief(splitter.push(Buffer.from('\n'))), [['50%', 100, 'line']]);
    assert.equal(splitter.pendingBytes, 0);
    assert.deepEqual(splitter.push(Buffer.from('60%\r')), []);
    assert.deepEqual(brief(splitter.end()), [['60%', 105, 'frame']]);
  });

  it('gives a character cut between chunks whole', () => {
    const bytes = Buffer.from('日本語 😀\n');
    for (let cut = 0; cut <= bytes.length; cut++) {
      assert.equal(split([bytes.subarray(0, cut), bytes.subarray(cut)])[0]?.text, '日本語 😀');
    }
  });

  it('does not show half a character of an unfinished line', () => {
    const splitter = new LineSplitter();
    splitter.push(Buffer.from('Größe 😀').subarray(0, 10));
    assert.equal(splitter.peek(), 'Größe ');
  });

  it('cuts a line of 256 KB into pieces of at most 64 KiB and loses nothing', () => {
    const text = 'é😀x'.repeat(40_000);
    const lines = split(cutAt(Buffer.from(`${text}\nnext\n`), [1, 4096, 70_000, 200_000]));
    assert.deepEqual(
      lines.map((line) => line.end),
      ['piece', 'piece', 'piece', 'piece', 'line', 'line'],
    );
    assert.deepEqual(
      lines.map((line) => line.continued),
      [false, true, true, true, true, false],
    );
    assert.ok(lines.every((line) => Buffer.byteLength(line.text) <= 64 * 1024));
    assert.equal(lines.slice(0, -1).map((line) => line.text).join(''), text);
    assert.equal(lines.at(-1)?.offset, Buffer.byteLength(text) + 1);
  });

  it('keeps no more than one piece of an endless line in memory', () => {
    const splitter = new LineSplitter(0, 100);
    for (let turn = 0; turn < 50; turn++) {
      splitter.push(Buffer.alloc(33, 'x'));
      assert.ok(splitter.pendingBytes <= 100);
    }
  });

  it('gives a line of exactly the longest length in one', () => {
    assert.deepEqual(brief(split([Buffer.from('12345678\n123456789\n')], 8)), [
      ['12345678', 0, 'line'],
      ['12345678', 9, 'piece'],
      ['9', 17, 'line'],
    ]);
  });

  it('gives the same lines wherever the chunks are cut', () => {
    const bytes = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', '\r', '\n', 'é', '😀', '\r\n') }).map((text) =>
        Buffer.from(text),
      ),
      fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array)),
    );
    fc.assert(
      fc.property(bytes, fc.array(fc.nat()), fc.integer({ min: 4, max: 12 }), (data, cuts, max) => {
        assert.deepEqual(split(cutAt(data, cuts), max), split([data], max));
      }),
      { seed: 20260115, numRuns: 500 },
    );
  });

  it('puts every line where its offset says, so that all bytes are accounted for', () => {
    const unit = fc.constantFrom('a', '\r', '\n', 'é', '😀');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
        const data = Buffer.from(text);
        let end = 0;
        for (const line of split([data], 6)) {
          const size = Buffer.byteLength(line.text);
          assert.equal(data.toString('utf8', line.offset, line.offset + size), line.text);
          assert.match(data.toString('utf8', end, line.offset), /^(?:\r?\n|\r)?$/);
          end = line.offset + size;
        }
        assert.match(data.toString('utf8', end), /^(?:\r?\n|\r)?$/);
      }),
      { seed: 20260115, numRuns: 500 },
    );
  });
});

function split(chunks: readonly Buffer[], maxBytes?: number): LogLine[] {
  const splitter = new LineSplitter(0, maxBytes);
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
}

function brief(lines: readonly LogLine[]): unknown[] {
  return lines.map((line) => [line.text, line.offset, line.end]);
}
