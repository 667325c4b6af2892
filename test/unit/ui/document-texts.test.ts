import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DocumentTexts, safeName } from '../../../src/ui/document-texts.ts';

describe('texts of generated documents', () => {
  it('are made anew each time they are shown', () => {
    const texts = new DocumentTexts();
    let count = 0;
    texts.publish('/a.txt', () => `text ${++count}`);
    assert.equal(count, 0);
    assert.deepEqual([texts.show('/a.txt'), texts.show('/a.txt')], ['text 1', 'text 2']);
    assert.equal(texts.show('/b.txt'), '');
  });

  it('are let go of when their document closes', () => {
    const texts = new DocumentTexts();
    texts.publish('/a.txt', () => 'a');
    texts.publish('/b.txt', () => 'b');
    texts.show('/a.txt');
    texts.closed('/a.txt');
    texts.closed('/unknown.txt');
    assert.deepEqual([texts.show('/a.txt'), texts.paths()], ['', ['/b.txt']]);
  });

  it('stay when they were published anew while the old one was closing', () => {
    const texts = new DocumentTexts();
    texts.publish('/a.txt', () => 'old');
    texts.show('/a.txt');
    texts.publish('/a.txt', () => 'new');
    texts.closed('/a.txt');
    assert.equal(texts.show('/a.txt'), 'new');
    texts.closed('/a.txt');
    assert.deepEqual(texts.paths(), []);
  });

  it('have names without separators', () => {
    assert.equal(safeName('a/b\\c: d?#%e.txt'), 'a-b-c- d-e.txt');
  });
});
