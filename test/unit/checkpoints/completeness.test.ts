import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  completenessOf,
  safetensorsHeaderLength,
  safetensorsStructure,
  SETTLE_MS,
  zipStructure,
} from '../../../src/checkpoints/completeness.ts';
import type { WritingFacts } from '../../../src/checkpoints/completeness.ts';
import { safetensors, zip } from './sample-files.ts';

const NOW = 1_000_000;

function verdict(facts: Partial<WritingFacts>): boolean {
  return completenessOf({
    size: 100,
    modifiedAt: NOW - SETTLE_MS,
    now: NOW,
    previous: null,
    declared: null,
    structure: 'unknown',
    ...facts,
  }).complete;
}

describe('whether a checkpoint is complete', () => {
  it('waits until an unknown file has settled, to the millisecond', () => {
    assert.equal(verdict({ modifiedAt: NOW - SETTLE_MS }), true);
    assert.equal(verdict({ modifiedAt: NOW - SETTLE_MS + 1 }), false);
  });

  it('believes two looks that are far enough apart and the same', () => {
    const modifiedAt = NOW - 5_000;
    const at = (ms: number) => ({ size: 100, modifiedAt, at: NOW - ms });
    assert.equal(verdict({ modifiedAt, previous: at(2_000) }), true);
    assert.equal(verdict({ modifiedAt, previous: at(1_999) }), false);
  });

  it('says no while the size still moves, also with a clock that is ahead', () => {
    const previous = { size: 90, modifiedAt: NOW - 3_000, at: NOW - 3_000 };
    assert.equal(verdict({ modifiedAt: NOW - 100, previous, declared: true }), false);
    assert.equal(verdict({ modifiedAt: NOW + 60_000, previous }), false);
  });

  it('believes what the writer declares, and the format more', () => {
    assert.equal(verdict({ modifiedAt: NOW, declared: true }), true);
    assert.equal(verdict({ declared: false }), false);
    assert.equal(verdict({ declared: true, structure: 'cut' }), false);
    assert.equal(verdict({ modifiedAt: NOW, structure: 'whole' }), true);
    assert.equal(verdict({ structure: 'cut' }), false);
  });

  it('never takes an empty one', () => {
    assert.equal(verdict({ size: 0, declared: true }), false);
  });
});

describe('the structure of a file', () => {
  it('knows a ZIP by its end record and every cut of it', () => {
    const whole = zip('data');
    assert.equal(zipStructure(whole, whole.length), 'whole');
    for (let length = 4; length < whole.length; length += 1) {
      assert.equal(zipStructure(whole.subarray(0, length), length), 'cut', `${length} bytes`);
    }
  });

  it('knows a safetensors file by its header and every cut of it', () => {
    const whole = safetensors(64);
    const check = (bytes: Buffer) => {
      const length = safetensorsHeaderLength(bytes);
      const header = length === null ? null : bytes.subarray(8, 8 + length).toString();
      return safetensorsStructure(length, header, bytes.length);
    };
    assert.equal(check(whole), 'whole');
    for (let length = 0; length < whole.length; length += 1) {
      assert.equal(check(whole.subarray(0, length)), 'cut', `${length} bytes`);
    }
  });
});
