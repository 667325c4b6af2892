import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { ValidationError } from '../../../src/core/errors.ts';
import {
  formatS3Uri,
  parseS3Uri,
  validateInstanceId,
  validateSnapshotId,
  validateVolumeId,
  validateVolumeSize,
  validateVolumeType,
} from '../../../src/core/validation-cloud.ts';

const refuses = (act: () => unknown, hint = ''): void =>
  assert.throws(act, (error) => {
    assert.ok(error instanceof ValidationError, hint);
    return error.steps.length > 0;
  });

describe('Ids of AWS', () => {
  const rules = [
    ['i', validateInstanceId],
    ['vol', validateVolumeId],
    ['snap', validateSnapshotId],
  ] as const;

  for (const [prefix, rule] of rules) {
    it(`takes ${prefix}- with exactly 8 or 17 hexadecimal digits`, () => {
      for (let digits = 0; digits <= 20; digits++) {
        const id = `${prefix}-${'0f'.repeat(10).slice(0, digits)}`;
        if (digits === 8 || digits === 17) {
          assert.equal(rule(id), id);
        } else {
          refuses(() => rule(id), id);
        }
      }
      const wrong = ['x-0123abcd', `${prefix}0123abcd`, `${prefix}-0123abcg`];
      for (const id of [...wrong, ` ${prefix}-0123abcd`]) {
        refuses(() => rule(id), id);
      }
      refuses(() => rule(`${prefix}-0123ABCD`));
      refuses(() => rule(`${prefix}-0123abcd\n`));
    });
  }
});

describe('S3 addresses', () => {
  it('has a bucket and perhaps a key', () => {
    assert.deepEqual(parseS3Uri('s3://abc'), { bucket: 'abc', key: '' });
    assert.deepEqual(parseS3Uri('s3://abc/'), { bucket: 'abc', key: '' });
    assert.deepEqual(parseS3Uri('s3://my.bucket-1/a/b c/ä'), {
      bucket: 'my.bucket-1',
      key: 'a/b c/ä',
    });
  });

  it('refuses what can be no bucket', () => {
    const shapes = ['', 'ab', 'x'.repeat(64), 'Abc', 'a_b', 'a b', '-ab', 'ab-', '.ab', 'a..b'];
    for (const bucket of [...shapes, '1.2.3.4', 'xn--abc', 'sthree-abc']) {
      refuses(() => parseS3Uri(`s3://${bucket}/key`), bucket);
    }
  });

  it('takes what exists although it cannot be made by hand', () => {
    for (const bucket of ['data--use1-az4--x-s3', 'ap-abcdef-s3alias', 'x'.repeat(63)]) {
      assert.equal(parseS3Uri(`s3://${bucket}`).bucket, bucket);
    }
  });

  it('refuses other schemes and keys that are too long', () => {
    for (const uri of ['abc', 'S3://abc', 'https://abc/x', 's3:/abc', 's3://abc/a\0b']) {
      refuses(() => parseS3Uri(uri), uri);
    }
    assert.equal(parseS3Uri(`s3://abc/${'k'.repeat(1024)}`).key.length, 1024);
    refuses(() => parseS3Uri(`s3://abc/${'ä'.repeat(513)}`));
  });

  it('reads back every address it writes', () => {
    const bucket = fc.stringMatching(/^[a-z][a-z0-9-]{1,40}[a-z]$/).filter((name) => {
      return !/^(?:xn--|sthree-|amzn-s3-demo-)/.test(name);
    });
    const key = fc.string({ maxLength: 200 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.record({ bucket, key }), (location) => {
        assert.deepEqual(parseS3Uri(formatS3Uri(location)), { ...location });
      }),
      { seed: 19 },
    );
  });
});

describe('Volumes', () => {
  it('have a size their type allows, to the edge', () => {
    const edges = [
      ['gp2', 1, 16_384],
      ['gp3', 1, 65_536],
      ['io1', 4, 16_384],
      ['io2', 4, 65_536],
      ['st1', 125, 16_384],
      ['sc1', 125, 16_384],
      ['standard', 1, 1024],
    ] as const;
    for (const [type, smallest, largest] of edges) {
      assert.equal(validateVolumeSize(smallest, type), smallest);
      assert.equal(validateVolumeSize(largest, type), largest);
      for (const size of [smallest - 1, largest + 1, smallest + 0.5, Number.NaN, Infinity]) {
        refuses(() => validateVolumeSize(size, type), `${type} ${size}`);
      }
    }
  });

  it('give examples that pass', () => {
    assert.throws(
      () => validateVolumeSize(1, 'st1'),
      (error) => {
        assert.ok(error instanceof ValidationError);
        for (const size of error.details['examples'] as number[]) {
          validateVolumeSize(size, 'st1');
        }
        return true;
      },
    );
  });

  it('have a type EBS knows', () => {
    assert.equal(validateVolumeType('gp3'), 'gp3');
    for (const type of ['', 'GP3', 'gp4', 'toString']) {
      refuses(() => validateVolumeType(type), type);
    }
  });
});
