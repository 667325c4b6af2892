import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { CheckpointOwner } from '../../../src/checkpoints/overwritten.ts';
import { isLive, markOverwritten, ownCheckpoints } from '../../../src/checkpoints/overwritten.ts';
import type { RunId } from '../../../src/core/ids.ts';
import type { Checkpoint } from '../../../src/core/model/records.ts';
import type { Run } from '../../../src/core/model/run.ts';
import { NOW, sampleCheckpoint, sampleRun } from '../../support/samples.ts';

describe('checkpoints that another run wrote over', () => {
  const owner = (
    id: string,
    changes: Partial<Run>,
    ...items: Partial<Checkpoint>[]
  ): CheckpointOwner => ({
    run: sampleRun({ id: id as RunId, name: id, state: 'succeeded', ...changes }),
    checkpoints: items.map((item) => sampleCheckpoint({ runId: id as RunId, ...item })),
  });
  const final = (at: number, size = 10): Partial<Checkpoint> => ({
    path: '/c/final.ckpt', modifiedAt: at, size, step: 100, marks: ['newest', 'best', 'final'],
  });
  const early: Partial<Checkpoint> = { path: '/c/1', modifiedAt: NOW - 50, step: 1, marks: [] };
  const writers = (owners: readonly CheckpointOwner[]) =>
    owners.map(({ checkpoints }) => checkpoints.map((item) => item.overwrittenBy?.name));

  it('are known as such, name the run, and bear no mark', () => {
    const old = owner('old', { createdAt: NOW - 90 }, final(NOW - 40), early);
    const young = owner('young', { createdAt: NOW - 30 }, final(NOW - 10));
    const [newer, older] = markOverwritten([young, old]);
    assert.equal(newer, young);
    assert.deepEqual(older?.checkpoints[0]?.overwrittenBy, { runId: 'young', name: 'young' });
    assert.deepEqual(older.checkpoints.map(({ marks }) => marks), [[], ['newest']]);
    assert.deepEqual(older.checkpoints.map(isLive), [false, true]);
    assert.deepEqual(ownCheckpoints(older.checkpoints).map(({ path }) => path), ['/c/1']);
  });

  it('name the last of several runs', () => {
    const owners = [1, 2, 3].map((at) => owner(`r${at}`, { createdAt: at }, final(at)));
    assert.deepEqual(writers(markOverwritten(owners)), [['r3'], ['r3'], [undefined]]);
  });

  it('are told by size when the time is the same', () => {
    const old = owner('old', { createdAt: 1 }, final(5, 10));
    const young = owner('young', { createdAt: 2 }, final(5, 11));
    assert.deepEqual(writers(markOverwritten([old, young])), [['young'], [undefined]]);
    assert.deepEqual(writers(markOverwritten([young, old])), [[undefined], ['young']]);
  });

  it('are none where two runs saw one file, or are on other machines', () => {
    const one = owner('one', { createdAt: 1 }, final(5));
    const two = owner('two', { createdAt: 2 }, final(5));
    const away = owner('away', { createdAt: 3, machine: 'elsewhere' }, final(9));
    const owners = [one, two, away];
    assert.deepEqual(markOverwritten(owners), owners);
  });

  it('are left alone while their run is active: its next look tells', () => {
    const active = owner('active', { state: 'running', createdAt: 1 }, final(5));
    const owners = [active, owner('other', { state: 'running', createdAt: 2 }, final(6))];
    assert.deepEqual(markOverwritten(owners), owners);
  });
});
