import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  cleanUpQuestion,
  doneText,
  nothingToCleanUp,
  planText,
  requireDeleted,
} from '../../../src/checkpoints/cleanup-texts.ts';
import type { CleanupReport, SkipReason } from '../../../src/checkpoints/cleanup.ts';
import { CleanupError } from '../../../src/core/errors.ts';
import { sampleCheckpoint } from '../../support/samples.ts';

const checkpoint = sampleCheckpoint();

function report(deleted: number, reasons: readonly SkipReason[] = []): CleanupReport {
  return {
    deleted: Array.from({ length: deleted }, () => checkpoint),
    skipped: reasons.map((reason) => ({ checkpoint, reason })),
    errors: [],
    bytesFreed: 0,
  };
}

describe('the texts of a clean-up', () => {
  it('say in words why nothing was deleted, each reason once', () => {
    const cases: readonly [SkipReason, RegExp][] = [
      ['changed', /^Nothing was deleted: it was written again/],
      ['gone', /not there any more/],
      ['link', /a link/],
      ['outside', /outside of the checkpoint directory/],
    ];
    for (const [reason, message] of cases) {
      const expected = (error: unknown): boolean =>
        error instanceof CleanupError && message.test(error.message);
      assert.throws(() => { requireDeleted(report(0, [reason])); }, expected, reason);
    }
    assert.throws(() => doneText(report(0, ['gone', 'gone', 'changed'])), {
      message:
        'Nothing was deleted: it is not there any more; it was written again after it was listed.',
    });
  });

  it('are content when one of several was deleted', () => {
    requireDeleted(report(1, ['gone']));
    assert.match(doneText(report(1, ['gone'])), /^Deleted 1 checkpoint, .* freed; 1 left alone$/);
  });

  it('know one from many', () => {
    assert.equal(cleanUpQuestion(1, 'digits'), 'Delete 1 checkpoint of digits?');
    assert.equal(cleanUpQuestion(2, 'digits'), 'Delete 2 checkpoints of digits?');
    assert.equal(nothingToCleanUp(1), 'Nothing to clean up: the only checkpoint is kept');
    assert.equal(nothingToCleanUp(2), 'Nothing to clean up: all 2 checkpoints are kept');
    assert.match(doneText(report(2)), /^Deleted 2 checkpoints, /);
  });

  it('name what the plan does not touch', () => {
    const plan = { keep: [], remove: [checkpoint], bytesFreed: checkpoint.size };
    assert.doesNotMatch(planText(plan), /Not touched/);
    const text = planText({ ...plan, others: ['/c/of-another.pt'] });
    assert.match(text, /Not touched, because written by other runs[^]*\/c\/of-another\.pt/);
  });
});
