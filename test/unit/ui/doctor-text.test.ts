import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { DoctorLine } from '../../../src/providers/ssh/doctor.ts';
import { doctorText } from '../../../src/ui/machines/doctor-text.ts';

const line = (id: string, level: DoctorLine['level'], changes: Partial<DoctorLine> = {}): DoctorLine => ({
  id,
  title: id,
  level,
  text: '',
  fix: [],
  action: null,
  tookMs: null,
  cause: '',
  ...changes,
});
const summaryOf = (...lines: readonly DoctorLine[]): string =>
  doctorText('lab', lines).split('\n\n')[1] ?? '';

describe('The document of a check', () => {
  it('says how far it is while it goes on', () => {
    const text = summaryOf(line('a', 'ok'), line('b', 'running'), line('c', 'waiting'));
    assert.equal(text, 'The check goes on: 2 of 3 steps.');
  });

  it('names the first failure at the end, or that all is well', () => {
    const failed = summaryOf(line('a', 'warn'), line('b', 'fail'), line('c', 'skipped'), line('d', 'fail'));
    assert.match(failed, /^b fails\. .* 1 steps/);
    assert.equal(summaryOf(line('a', 'ok')), 'All is well.');
    assert.match(summaryOf(line('a', 'ok'), line('b', 'warn')), /can be used.* 1\.$/);
    assert.match(summaryOf(line('a', 'ok'), line('b', 'skipped')), /before its end/);
  });

  it('has the time and the fix of each step, and nothing a machine says looks like Markdown', () => {
    const text = doctorText('lab', [
      line('Login', 'fail', { text: 'no\n# *key*', tookMs: 1234, fix: ['do <this>'] }),
    ]);
    assert.ok(text.includes('- ✗ **Login**: no \\# \\*key\\* (1,234 ms)\n  - do \\<this\\>\n'), text);
  });
});
