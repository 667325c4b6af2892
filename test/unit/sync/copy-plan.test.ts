import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { conflictsOf, heldPlace, planCopies } from '../../../src/sync/transfer/copy-plan.ts';

const items = ['/a/model.pt', '/a/logs', '/b/model.pt', '/b/.env'].map((source) => ({
  source,
  name: source.slice(3),
}));
const names = (taken: readonly string[], how: 'replace' | 'keep-both' | 'skip', fold = false) =>
  planCopies(items, taken, how, fold).map(({ name, replace }) => `${name}${replace ? ' !' : ''}`);

describe('A plan of copies', () => {
  it('finds the names that are taken', () => {
    assert.deepEqual(conflictsOf(items, ['logs', 'other']), ['logs']);
    assert.deepEqual(conflictsOf(items, ['LOGS']), []);
    assert.deepEqual(conflictsOf(items, ['LOGS', '.ENV'], true), ['logs', '.env']);
  });

  it('never lets two chosen things of one name take each other’s place', () => {
    assert.deepEqual(names([], 'replace'), ['model.pt', 'logs', 'model (2).pt', '.env']);
    assert.deepEqual(names(['model.pt'], 'replace'), ['model.pt !', 'logs', 'model (2).pt', '.env']);
  });

  it('keeps both under the next free number', () => {
    const taken = ['model.pt', 'model (2).pt', 'logs', '.env'];
    assert.deepEqual(names(taken, 'keep-both'), ['model (3).pt', 'logs (2)', 'model (4).pt', '.env (2)']);
    const [archive] = planCopies([{ source: '/d.tar.gz', name: 'd.tar.gz' }], ['d.tar.gz'], 'keep-both');
    assert.equal(archive?.name, 'd (2).tar.gz');
  });

  it('skips what is there', () => {
    assert.deepEqual(names(['model.pt', 'logs'], 'skip'), ['.env']);
  });

  it('minds file systems that tell no case apart', () => {
    const two = [{ source: '/A', name: 'A' }, { source: '/a', name: 'a' }];
    assert.deepEqual(planCopies(two, [], 'skip', true).map(({ name }) => name), ['A', 'a (2)']);
    assert.deepEqual(planCopies(two, [], 'skip').map(({ name }) => name), ['A', 'a']);
  });

  it('knows what would take away a place that must stay', () => {
    const places = ['/home/me/runctl', '/home/me/.runctl'];
    assert.equal(heldPlace('/home/me/runctl', places), '/home/me/runctl');
    assert.equal(heldPlace('/home', places), '/home/me/runctl');
    assert.equal(heldPlace('/home/me/runctl/x', places), undefined);
    assert.equal(heldPlace('/home/me/run', places), undefined);
  });
});
