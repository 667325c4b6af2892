import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { RunError } from '../../../src/core/errors.ts';
import type { RunId } from '../../../src/core/ids.ts';
import type { Machine } from '../../../src/providers/training-provider.ts';
import { checkResumable, newestWhole } from '../../../src/training/resume.ts';
import { NOW, sampleCheckpoint, sampleRun } from '../../support/samples.ts';

describe('the checkpoint a run goes on from', () => {
  const step = sampleCheckpoint({ path: '/c/step-400.pt', step: 400, modifiedAt: NOW, marks: [] });
  const last = sampleCheckpoint({
    path: '/c/last.pt', step: null, modifiedAt: NOW + 50_000, marks: ['newest'],
  });

  it('is the one marked newest, although another has a step', () => {
    assert.equal(newestWhole([step, last]), last);
    const early = { ...last, modifiedAt: NOW - 50_000 };
    assert.equal(newestWhole([step, early]), early);
  });

  it('is found in the order of the list when none is marked', () => {
    const unmarked = { ...last, marks: [] };
    assert.equal(newestWhole([step, unmarked]), unmarked);
    const later = sampleCheckpoint({ path: '/c/step-500.pt', step: 500, modifiedAt: 0, marks: [] });
    assert.equal(newestWhole([step, later]), later);
  });

  it('is never one that another run has written over', () => {
    const over = { ...last, overwrittenBy: { runId: 'rb' as RunId, name: 'bert' } };
    assert.equal(newestWhole([step, over]), step);
    assert.throws(() => newestWhole([over]), RunError);
  });

  it('can be picked anew when it turns out to be another, or gone', async () => {
    const run = sampleRun({ state: 'succeeded', endedAt: NOW });
    for (const found of [null, { ...step, size: 1 }]) {
      const inspect = () => Promise.resolve(found);
      const machine = { files: { inspect } } as unknown as Machine;
      const failure: unknown = await checkResumable(run, step, machine).catch((error: unknown) => error);
      assert.ok(failure instanceof RunError);
      assert.equal(failure.nextAction?.command, 'runctl.resumeFromCheckpoint');
      assert.deepEqual(failure.nextAction.arguments, [run.id, step.path]);
    }
  });

  it('is never one that is not whole, whatever its mark', () => {
    assert.equal(newestWhole([step, { ...last, complete: false }]), step);
    assert.throws(() => newestWhole([{ ...last, complete: false }]), RunError);
  });
});
