import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  configErrorWithFix,
  notFoundWithSuggestions,
  OPEN_FILE_AT_COMMAND,
  validationWithExamples,
} from '../../../src/core/error-helpers.ts';

const suggest = (name: string, candidates: readonly string[]): unknown =>
  notFoundWithSuggestions('profile', name, candidates).details['suggestions'];

describe('Not found, with suggestions', () => {
  it('names what is closest, nearest first', () => {
    assert.deepEqual(suggest('tran', ['brain', 'evaluate', 'train']), ['train', 'brain']);
  });

  it('names three at most', () => {
    const names = ['train1', 'train2', 'train3', 'train4'];
    assert.deepEqual(suggest('train', names), ['train1', 'train2', 'train3']);
  });

  it('looks past letter case and finds longer names that begin alike', () => {
    assert.deepEqual(suggest('TRAIN', ['train']), ['train']);
    assert.deepEqual(suggest('train', ['train-on-everything']), ['train-on-everything']);
  });

  it('suggests nothing that is merely different', () => {
    assert.deepEqual(suggest('train', ['evaluate', 'export']), []);
    assert.deepEqual(suggest('', ['a']), []);
  });

  it('forgives two swapped letters', () => {
    assert.deepEqual(suggest('trian', ['train']), ['train']);
  });

  it('says each name once', () => {
    assert.deepEqual(suggest('trian', ['train', 'train']), ['train']);
  });

  it('asks whether a close name was meant', () => {
    const error = notFoundWithSuggestions('run profile', 'trian', ['train']);
    assert.equal(error.message, 'There is no run profile “trian”.');
    assert.deepEqual(error.steps, ['Did you mean “train”?']);
    assert.equal(error.kind, 'not-found');
    assert.equal(error.code, 'not-found');
  });

  it('tells an empty list from a misspelt name', () => {
    assert.deepEqual(notFoundWithSuggestions('run', 'a', []).steps, ['There are none yet.']);
    const step = notFoundWithSuggestions('run', 'zzz', ['alpha', 'beta']).steps[0] ?? '';
    assert.match(step, /Known: “alpha”, “beta”\./);
  });

  it('keeps code, cause and next action', () => {
    const cause = new Error('404');
    const nextAction = { title: 'Refresh', command: 'runctl.refresh' };
    const options = { code: 'no-run', cause, nextAction };
    const error = notFoundWithSuggestions('run', 'a', [], options);
    assert.equal(error.code, 'no-run');
    assert.equal(error.cause, cause);
    assert.equal(error.nextAction, nextAction);
  });

  it('finds every name with one letter wrong', () => {
    const names = fc.stringMatching(/^[a-z]{4,12}$/);
    fc.assert(
      fc.property(names, fc.nat(), fc.array(names, { maxLength: 2 }), (name, at, others) => {
        const index = at % name.length;
        const wrong = `${name.slice(0, index)}#${name.slice(index + 1)}`;
        return (suggest(wrong, [...others, name]) as string[]).includes(name);
      }),
      { seed: 3 },
    );
  });
});

describe('Validation, with examples', () => {
  it('says field, value, rule and what would pass', () => {
    const error = validationWithExamples('size', 0, 'it must be at least 1', [1, 500]);
    assert.equal(error.message, 'size cannot be 0: it must be at least 1.');
    assert.deepEqual(error.steps, ['For example: 1, 500']);
    assert.equal(error.field, 'size');
  });

  it('shows text in quotes, short, with control characters spelt out', () => {
    const error = validationWithExamples('name', `a\n${'b'.repeat(500)}`, 'one line', []);
    assert.match(error.message, /^name cannot be "a\\nb+…: one line\.$/);
    assert.ok(error.message.length < 120);
    assert.deepEqual(error.steps, []);
  });
});

describe('A configuration error, with its fix', () => {
  it('opens the file at the place', () => {
    const error = configErrorWithFix({
      file: '/home/me/project/.runctl.toml',
      line: 7,
      column: 3,
      problem: 'epochs must be a number',
      fix: 'Write epochs = 10.',
    });
    assert.equal(error.message, '.runctl.toml, line 7, column 3: epochs must be a number');
    assert.deepEqual(error.steps, ['Write epochs = 10.']);
    assert.deepEqual(error.nextAction, {
      title: 'Open .runctl.toml',
      command: OPEN_FILE_AT_COMMAND,
      arguments: ['/home/me/project/.runctl.toml', 7, 3],
    });
  });

  it('names a file of Windows by its last part', () => {
    const where = { file: 'C:\\me\\.runctl.toml', line: 1, column: 1, problem: 'x', fix: 'y' };
    assert.equal(configErrorWithFix(where).nextAction?.title, 'Open .runctl.toml');
  });
});
