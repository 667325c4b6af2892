import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { formatBytes, formatLoad, formatMetric } from '../../../src/core/format.ts';
import { formatAlternatives, formatDate, formatNumber, setLocale } from '../../../src/core/locale.ts';
import { formatDollars, fromDollars } from '../../../src/core/money.ts';

const AT = Date.UTC(2026, 0, 15, 12, 0, 0);
const IN_UTC: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' };

describe('numbers and dates', () => {
  afterEach(() => setLocale('en'));

  it('follow English when nobody has said otherwise, whatever the host speaks', () => {
    assert.equal(formatNumber(1234.5), '1,234.5');
    assert.equal(formatBytes(12_345_678), '12.3 MB');
    assert.match(formatDate(AT, IN_UTC), /^Jan 15, 2026, 12:00\sPM$/);
  });

  it('follow the language of the display', () => {
    assert.equal(formatNumber(1234.5), '1,234.5');
    setLocale('de');
    assert.equal(formatNumber(1234.5), '1.234,5');
    assert.equal(formatBytes(12_345_678), '12,3 MB');
    assert.equal(formatLoad([0.5, 1, 12.25]), '0,50 1,00 12,25');
    assert.match(formatDollars(fromDollars(1234.5)), /^1\.234,50\s\$$/);
    assert.equal(formatDate(AT, IN_UTC), '15.01.2026, 12:00');
    assert.equal(formatAlternatives(['a', 'b']), 'a oder b');
  });

  it('keep metrics as logs and code write them', () => {
    setLocale('de');
    assert.equal(formatMetric(0.0123), '0.0123');
  });

  it('stay English when the language is none', () => {
    for (const language of ['', 'no such_language', 'x']) {
      setLocale('de');
      setLocale(language);
      assert.equal(formatNumber(1.5), '1.5', language);
    }
  });
});
