import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RunId } from '../../../src/core/ids.ts';
import { checkpointChoices } from '../../../src/ui/commands/checkpoint-choices.ts';
import { NOW, sampleCheckpoint, sampleView } from '../../support/samples.ts';

describe('the choice of a checkpoint to go on from', () => {
  const at = (step: number) =>
    sampleCheckpoint({ path: `/c/${step}.pt`, step, modifiedAt: NOW - 60_000, marks: [] });

  it('lists what is whole and the run\'s own, newest first, without the one that failed', () => {
    const over = { ...at(300), overwrittenBy: { runId: 'rb' as RunId, name: 'bert' } };
    const checkpoints = [at(100), over, { ...at(400), complete: false }, at(500), at(200)];
    const choices = checkpointChoices(sampleView({ checkpoints }), NOW, '/c/500.pt');
    assert.deepEqual(choices.map(({ label }) => label), ['200.pt', '100.pt']);
    assert.match(choices[0]?.description ?? '', /^step 200 · 112 KB · /);
  });

  it('tells ages by this host\'s clock, wrong as that of the machine may be', () => {
    const [ours, ahead, behind] = [0, 3_600_000, -3_600_000].map((clockAhead) => {
      const checkpoint = { ...at(100), modifiedAt: NOW - 60_000 + clockAhead, clockAhead };
      return checkpointChoices(sampleView({ checkpoints: [checkpoint] }), NOW, undefined)[0];
    });
    assert.match(ours?.description ?? '', /1m/);
    assert.deepEqual([ahead?.description, behind?.description], [ours?.description, ours?.description]);
  });

  it('says when there is no other', () => {
    const view = sampleView({ checkpoints: [at(500)] });
    assert.throws(() => checkpointChoices(view, NOW, '/c/500.pt'), { code: 'no-checkpoint' });
  });
});
