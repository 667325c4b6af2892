import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { formatDate } from '../../../src/core/locale.ts';
import type { RunAfter } from '../../../src/core/model/run-after.ts';
import type { Run } from '../../../src/core/model/run.ts';
import { resultsRow } from '../../../src/ui/launch/results-row.ts';
import { afterParts, canSaveAgain, endOf, resultsText } from '../../../src/ui/tree/after-text.ts';
import { runNode } from '../../../src/ui/tree/run-nodes.ts';
import { NOW, sampleCheckpoint, sampleRun, sampleSpec, sampleView } from '../../support/samples.ts';

const BUCKET = 's3://bucket/runs';
const SAVING: RunAfter = { state: 'saving', saved: [], place: null, error: null, webhook: null };
const DONE: RunAfter = {
  state: 'done',
  saved: [{ name: 'log', bytes: 3 }],
  place: `${BUCKET}/id`,
  error: null,
  webhook: 'sent',
};

function run(after: RunAfter | null, durable: string | null = BUCKET, changes: Partial<Run> = {}): Run {
  const spec = sampleSpec({ after: { durable, webhook: null, holdSeconds: 0 } });
  return sampleRun({ state: 'failed', stateReason: 'Ended', endedAt: NOW, spec, after, ...changes });
}

describe('what a row says of results', () => {
  const cases: readonly [string, Run, readonly string[]][] = [
    ['nothing before anything is known', run(null), []],
    ['nothing while the run is active', run(SAVING, BUCKET, { state: 'running' }), []],
    ['where they are going', run(SAVING), [`saving to ${BUCKET}`]],
    ['that they are coming here', run(SAVING, 'window'), ['saving to this computer']],
    ['that they are there', run(DONE), ['saved']],
    ['what was left out', run({ ...DONE, error: 'too big: a' }), ['saved, but not all: too big: a']],
    ['why they are not there', run({ ...SAVING, state: 'done', error: 'AccessDenied' }), ['not saved: AccessDenied']],
    ['that there was nothing', run({ ...SAVING, state: 'done' }, 'window'), ['no checkpoint to save']],
    ['that nobody could be called', run({ ...DONE, webhook: 'failed' }), ['saved', 'webhook not reached']],
    ['how long its machine waits', run({ ...DONE, state: 'holding', heldUntil: NOW }), ['saved', `kept for a look until ${formatDate(NOW, { timeStyle: 'short' })}`]],
    ['that its machine is ended', run({ ...DONE, state: 'acting' }), ['saved', 'ending the machine']],
    ['nothing of saving where none is wanted', run({ ...SAVING, state: 'calling' }, null), []],
  ];
  for (const [title, one, parts] of cases) {
    it(title, () => {
      assert.deepEqual(afterParts(one), parts);
    });
  }

  it('is short in the row and whole in the tooltip, and offers to save again', () => {
    const error = 'x'.repeat(100);
    const node = runNode(sampleView({ run: run({ ...SAVING, state: 'done', error }) }), NOW);
    assert.match(node.description, /^failed · Ended · not saved: x{60}… · /);
    assert.match(node.context, /;unsaved$/);
    assert.equal(node.icon.name, 'warning');
    assert.match(node.tooltip?.() ?? '', /not saved.*x{100} /);
    assert.equal(canSaveAgain(run({ ...SAVING, state: 'waiting', error: 'no way' })), true, 'while it is tried again by itself');
    assert.equal(canSaveAgain(run(SAVING)), false);
    assert.equal(canSaveAgain(run(DONE)), false);
  });

  it('offers to extend what its machine waits for', () => {
    const held = run({ ...DONE, state: 'holding', heldUntil: NOW });
    assert.match(runNode(sampleView({ run: held }), NOW).context, /;lease/);
    assert.equal(endOf(held), NOW);
    assert.doesNotMatch(runNode(sampleView({ run: run({ ...DONE, state: 'acting' }) }), NOW).context, /;lease/);
  });

  it('names the place in the tooltip, before and after', () => {
    assert.equal(resultsText(run(null, BUCKET, { state: 'running' })), BUCKET);
    assert.equal(resultsText(run(DONE)), `saved: ${BUCKET}/id`);
    assert.equal(resultsText(run(null, null)), null);
  });

  it('marks the checkpoints that have a copy', () => {
    const checkpoint = sampleCheckpoint({ durable: `${BUCKET}/id/checkpoints/step-4.pt` });
    const [node] = runNode(sampleView({ run: run(DONE), checkpoints: [checkpoint] }), NOW).children();
    assert.match(node?.description ?? '', / · saved$/);
    assert.match(node?.tooltip?.() ?? '', /Copy \| s3.*step.*4.*pt/);
  });
});

describe('what a launch says of results', () => {
  const plan = (provider: string, durable: string | null) => ({
    name: 'a',
    provider,
    machine: 'lab',
    profile: 'a',
    workspaceFolder: '/w',
    exclude: [],
    resumedFrom: null,
    spec: sampleSpec({ after: { durable, webhook: null, holdSeconds: 0 } }),
  });

  it('is where they go, or what a machine that is lost takes with it', () => {
    assert.match(resultsRow(plan('ssh', BUCKET), 'lab')?.text ?? '', /to s3:\/\/bucket\/runs once/);
    assert.match(resultsRow(plan('local', BUCKET), 'here')?.text ?? '', /to s3:/);
    assert.match(resultsRow(plan('ssh', 'window'), 'lab')?.text ?? '', /downloaded here/);
    const alone = resultsRow(plan('ssh', null), 'lab');
    assert.deepEqual([alone?.label, alone?.isRisky], ['Only on lab', true]);
  });

  it('is nothing on this computer, where they are already', () => {
    assert.equal(resultsRow(plan('local', null), 'here'), null);
    assert.equal(resultsRow(plan('local', 'window'), 'here'), null);
  });
});
