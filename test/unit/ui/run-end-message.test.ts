import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RunState } from '../../../src/core/model/run.ts';
import { runEndMessage } from '../../../src/ui/run-end-message.ts';
import { NOW, sampleRun } from '../../support/samples.ts';

describe('the message at the end of a run', () => {
  const ended = (state: RunState, stateReason = 'Finished with exit code 0') =>
    sampleRun({ state, stateReason, endedAt: NOW });

  it('comes when the user is elsewhere, and not when the window has the focus', () => {
    const run = ended('succeeded');
    assert.deepEqual(runEndMessage(run, 'unfocused', false, false), {
      severity: 'information',
      text: 'digits: Finished with exit code 0',
    });
    assert.equal(runEndMessage(run, 'unfocused', true, false), null);
  });

  it('comes always or never when the user wants so', () => {
    assert.notEqual(runEndMessage(ended('succeeded'), 'always', true, false), null);
    assert.equal(runEndMessage(ended('failed'), 'never', false, false), null);
  });

  it('warns of a run that failed or was lost', () => {
    for (const state of ['failed', 'lost'] as const) {
      assert.equal(runEndMessage(ended(state), 'unfocused', false, false)?.severity, 'warning', state);
    }
  });

  it('does not tell people what they just stopped', () => {
    assert.equal(runEndMessage(ended('stopped'), 'always', false, true), null);
  });

  it('tells that a run was stopped that nobody here stopped', () => {
    const run = ended('stopped', 'Stopped by its lease of 8h');
    assert.deepEqual(runEndMessage(run, 'always', false, false), {
      severity: 'warning',
      text: 'digits: Stopped by its lease of 8h',
    });
  });
});
