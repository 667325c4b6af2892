import assert from 'node:assert/strict';
import { posix, win32 } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { ValidationError } from '../../../src/core/errors.ts';
import {
  projectNameFrom,
  validateEnvName,
  validateProfileName,
  validateProjectName,
  validateRelativePath,
  validateRunName,
} from '../../../src/core/validation.ts';

type Rule = (value: string) => string;

function accepts(rule: Rule, values: readonly string[]): void {
  for (const value of values) {
    assert.equal(rule(value), value);
  }
}

/** Rejects with examples, and the examples keep the rule. */
function rejects(rule: Rule, values: readonly string[]): void {
  for (const value of values) {
    assert.throws(
      () => rule(value),
      (error) => {
        assert.ok(error instanceof ValidationError, JSON.stringify(value));
        const examples = error.details['examples'] as string[];
        assert.ok(examples.length > 0);
        accepts(rule, examples);
        return true;
      },
    );
  }
}

describe('Names', () => {
  it('takes project names of 1 to 64 plain characters', () => {
    accepts(validateProjectName, ['a', 'digits', 'my-model_v2.1', '_x', 'x'.repeat(64)]);
    rejects(validateProjectName, ['', 'a b', 'ä', 'a/b', '-x', '.', '..', 'x'.repeat(65), 'a\n']);
  });

  it('accepts every project name it makes, and keeps one that is good', () => {
    const odd = fc.constantFrom(...['a', 'Z', '0', '-', '.', '_', ' ', '/', 'ä', '🚀', '\uD800']);
    fc.assert(
      fc.property(fc.string({ unit: odd, maxLength: 90 }), (text) => {
        const name = projectNameFrom(text);
        return validateProjectName(name) === name && projectNameFrom(name) === name;
      }),
      { seed: 17, numRuns: 1000 },
    );
    assert.equal(projectNameFrom('My Model (v2)'), 'My-Model--v2-');
    assert.equal(projectNameFrom('...'), 'runctl-project');
  });

  it('takes profile names that are bare TOML keys', () => {
    accepts(validateProfileName, ['train', 'fine-tune_2', '1', 'x'.repeat(64)]);
    rejects(validateProfileName, ['', 'a.b', 'a b', '"x"', 'x'.repeat(65), 'a\n']);
  });

  it('takes run names in any script, without blanks at the ends', () => {
    accepts(validateRunName, ['baseline', 'lr 3e-4, größer', '実験 1', '🚀'.repeat(100)]);
    assert.equal(validateRunName('  padded '), 'padded');
    rejects(validateRunName, ['', '   ', 'two\nlines', 'a\u001B[31m', 'a\u202Eb', 'x'.repeat(101)]);
  });

  it('takes environment names that every shell takes', () => {
    accepts(validateEnvName, ['A', '_x', 'HF_TOKEN', 'a1']);
    rejects(validateEnvName, ['', '1A', 'A-B', 'A=B', 'A B', 'Ä', 'A\n']);
  });
});

describe('Relative paths', () => {
  it('may contain dots, but no segment that leaves the folder', () => {
    accepts(validateRelativePath, ['a', 'a..b', '..a', 'a..', './a', 'a/./b', '...', 'a b/ä']);
    rejects(validateRelativePath, ['..', '../a', 'a/..', 'a/../b', 'a\\..\\b', '..\\x']);
  });

  it('is neither absolute nor empty and has no NUL', () => {
    rejects(validateRelativePath, ['', ' ', '/a', '\\a', 'C:\\a', 'c:a', 'a\0b']);
  });

  it('never leaves the folder when accepted', () => {
    const pieces = fc.constantFrom('..', '.', 'a', 'a..b', '', '/', '\\', 'C:');
    const paths = fc.tuple(fc.array(pieces), fc.constantFrom('/', '\\'));
    fc.assert(
      fc.property(paths, ([parts, separator]) => {
        const path = parts.join(separator);
        try {
          validateRelativePath(path);
        } catch {
          return true;
        }
        return (
          posix.resolve('/base', path).startsWith('/base') &&
          win32.resolve('D:\\base', path).startsWith('D:\\base')
        );
      }),
      { seed: 17, numRuns: 1000 },
    );
  });
});
