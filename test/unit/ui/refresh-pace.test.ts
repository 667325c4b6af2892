import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import type { AccountSnapshot } from '../../../src/resources/account-snapshot.ts';
import { FIGURES_MS, RefreshPace } from '../../../src/ui/tree/refresh-pace.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import {
  NOW,
  sampleCheckpoint,
  sampleRun,
  sampleSnapshot,
  sampleView,
} from '../../support/samples.ts';

describe('RefreshPace', () => {
  let clock: FakeClock;
  let refreshes: number;
  let pace: RefreshPace;

  beforeEach(() => {
    clock = new FakeClock();
    refreshes = 0;
    pace = new RefreshPace(clock, () => (refreshes += 1));
    pace.changed(withLoss(3));
  });

  it('writes the first rows at once', () => {
    assert.equal(refreshes, 1);
  });

  it('leaves rows alone while only figures change, then shows the newest', async () => {
    for (let second = 1; second < FIGURES_MS / 1000; second += 1) {
      await clock.advance(1000);
      pace.changed(withLoss(3 - second / 10));
    }
    assert.equal(refreshes, 1);
    await clock.advance(1000);
    assert.equal(refreshes, 2);
    await clock.advance(60_000);
    assert.equal(refreshes, 2, 'nothing changed any more');
  });

  it('shows states, checkpoints and what is happening at once', () => {
    const view = sampleView();
    const states = [
      sampleView({ busy: 'stopping…' }),
      sampleView({ run: sampleRun({ state: 'stopped' }) }),
      sampleView({ checkpoints: [sampleCheckpoint({ complete: false })] }),
      sampleView({ checkpoints: [sampleCheckpoint()] }),
      view,
    ];
    for (const state of states) pace.changed(sampleSnapshot([state]));
    assert.equal(refreshes, 1 + states.length);
  });

  it('does not write rows again for figures that an event has shown already', async () => {
    await clock.advance(1000);
    pace.changed(withLoss(2));
    await clock.advance(1000);
    pace.changed(sampleSnapshot([sampleView({ busy: 'stopping…' })]));
    await clock.advance(FIGURES_MS - 1000);
    assert.equal(refreshes, 2);
  });

  it('does nothing after it was disposed', async () => {
    pace.changed(withLoss(2));
    pace.dispose();
    await clock.advance(60_000);
    assert.equal(refreshes, 1);
    assert.equal(clock.pending, 0);
  });

  function withLoss(value: number): AccountSnapshot {
    return sampleSnapshot([
      sampleView({ latest: { loss: { name: 'loss', value, step: 1, at: NOW } } }),
    ]);
  }
});
