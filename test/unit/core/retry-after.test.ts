import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { retryAfterMs } from '../../../src/core/retry-after.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const inSeconds = (seconds: number): string => new Date(NOW + seconds * 1000).toUTCString();

describe('Retry-After', () => {
  it('reads seconds in any letter case and every usual place', () => {
    assert.equal(retryAfterMs({ headers: { 'Retry-After': '7' } }, NOW), 7000);
    assert.equal(retryAfterMs({ headers: new Headers({ 'retry-after': '7' }) }, NOW), 7000);
    assert.equal(retryAfterMs({ $response: { headers: { 'retry-after': '7' } } }, NOW), 7000);
    assert.equal(retryAfterMs({ response: { headers: { 'retry-after': ['7'] } } }, NOW), 7000);
    assert.equal(retryAfterMs({ details: { retryAfter: 7 } }, NOW), 7000);
    assert.equal(retryAfterMs({ details: { retryAfter: '7' } }, NOW), 7000);
  });

  it('reads an HTTP date', () => {
    assert.equal(retryAfterMs({ headers: { 'retry-after': inSeconds(90) } }, NOW), 90_000);
  });

  it('reads a date on the clock of the server that wrote it', () => {
    const headers = { 'date': inSeconds(3600), 'retry-after': inSeconds(3610) };
    assert.equal(retryAfterMs({ headers }, NOW), 10_000);
  });

  it('takes a moment that has passed as no wait', () => {
    assert.equal(retryAfterMs({ headers: { 'retry-after': inSeconds(-5) } }, NOW), 0);
    assert.equal(retryAfterMs({ details: { retryAfter: -3 } }, NOW), 0);
  });

  it('finds it on a cause', () => {
    const error = new Error('outer', { cause: { headers: { 'retry-after': '2' } } });
    assert.equal(retryAfterMs(error, NOW), 2000);
  });

  it('says nothing for nonsense', () => {
    for (const value of ['', 'soon', '-4', '5 minutes', '2026-01-15T12:00:00Z']) {
      assert.equal(retryAfterMs({ headers: { 'retry-after': value } }, NOW), undefined, value);
    }
    assert.equal(retryAfterMs({ details: { retryAfter: Number.NaN } }, NOW), undefined);
    assert.equal(retryAfterMs(new Error('plain'), NOW), undefined);
  });
});
