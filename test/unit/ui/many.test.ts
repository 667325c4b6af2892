import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { CleanupError, RunError } from '../../../src/core/errors.ts';
import type { RunId } from '../../../src/core/ids.ts';
import type { RunView } from '../../../src/resources/account-snapshot.ts';
import { checkpointsOf, runIdsOf } from '../../../src/ui/commands/arguments.ts';
import {
  deleteCheckpointsQuestion,
  deleteQuestion,
  resultsQuestion,
  stopQuestion,
} from '../../../src/ui/commands/many-texts.ts';
import { forAll, namesOf, requireAllDone } from '../../../src/ui/commands/many.ts';
import { compareTable } from '../../../src/ui/runs/compare-table.ts';
import { resourceNodes } from '../../../src/ui/tree/resource-nodes.ts';
import { runNodes } from '../../../src/ui/tree/run-nodes.ts';
import { NOW, sampleCheckpoint, sampleRun, sampleSnapshot, sampleView } from '../../support/samples.ts';

describe('an act on several things', () => {
  it('does the rest when one fails, and tells once what was not done and why', async () => {
    const seen: string[] = [];
    const outcome = await forAll(['a', 'b', 'c', 'd'], String, (name) => {
      seen.push(name);
      const refused = name === 'b' || name === 'c';
      return refused ? Promise.reject(new RunError('busy', 'It is busy.')) : Promise.resolve();
    });
    assert.deepEqual(seen, ['a', 'b', 'c', 'd']);
    assert.throws(() => requireAllDone(outcome), {
      name: 'RunError',
      message: '2 of 4 done. Not done: b, c (It is busy)',
    });
  });

  it('says nothing when all was done', async () => {
    requireAllDone(await forAll(['a', 'b'], String, () => Promise.resolve()));
  });

  it('keeps the failure of a single thing as it is, with its way out', async () => {
    const failure = new CleanupError('protected', 'It is protected', { steps: ['Ask first.'] });
    const outcome = await forAll(['a'], String, () => Promise.reject(failure));
    assert.throws(() => requireAllDone(outcome), (error) => error === failure);
  });

  it('names the first few and counts the others', () => {
    assert.equal(namesOf(['a', 'b']), 'a, b');
    assert.equal(namesOf(['a', 'b', 'c', 'd', 'e', 'f', 'g']), 'a, b, c, d, e and 2 more');
  });
});

describe('rows a command is about', () => {
  const first = sampleView({ checkpoints: [sampleCheckpoint()] });
  const second = view('other', 'failed');
  const snapshot = sampleSnapshot([first, second]);
  const runs = runNodes(snapshot, { filter: '', shown: new Map() });

  it('are all selected ones, each run once though it shows twice', () => {
    const [provider] = resourceNodes(snapshot, { shown: new Map() });
    const again = provider?.children()[0]?.children() ?? [];
    const ids = [first.run.id, second.run.id];
    assert.deepEqual(runIdsOf(runs[0], [...runs, ...again]), ids);
  });

  it('are the clicked one alone when nothing else is selected', () => {
    assert.deepEqual(runIdsOf(runs[1], undefined), [second.run.id]);
    assert.deepEqual(runIdsOf(undefined, undefined), []);
  });

  it('are checkpoints only where these are asked for', () => {
    const [checkpoint] = runs[0]?.children() ?? [];
    const path = sampleCheckpoint().path;
    assert.deepEqual(checkpointsOf(checkpoint, [checkpoint, checkpoint, runs[1]]), [
      { kind: 'checkpoint', runId: first.run.id, path },
    ]);
  });
});

describe('the question before an act on several things', () => {
  it('counts the runs to stop and names those that have saved nothing', () => {
    const saved = sampleView({ checkpoints: [sampleCheckpoint()] });
    assert.deepEqual(stopQuestion([saved, view('fresh', 'running')], false), {
      question: 'Stop 2 runs?',
      detail: [
        'Each gets its time to save; what it does not save is lost.',
        'Without any checkpoint so far: fresh',
      ].join('\n'),
    });
    const now = stopQuestion([saved, saved], true);
    assert.equal(now.question, 'End 2 runs now?');
    assert.match(now.detail, /no time to save/);
  });

  it('counts what is deleted and names what stays because it is active', () => {
    const ended = [view('a', 'failed'), view('b', 'stopped')];
    const asked = deleteQuestion(ended, [view('c', 'running')]);
    assert.equal(asked.question, 'Delete 2 runs with their logs and metrics?');
    assert.match(asked.detail, /^a, b\nTheir checkpoints stay.*\nLeft alone because still active: c$/);
  });

  it('speaks of one as of one', () => {
    const one = deleteQuestion([view('a', 'failed')], [view('c', 'running')]);
    assert.equal(one.question, 'Delete a with its log and metrics?');
    assert.match(one.detail, /^Its checkpoints.*\nLeft alone because still active: c$/);
    assert.equal(stopQuestion([view('a', 'running')], false).question, 'Stop a?');
  });

  it('asks once what becomes of all that was downloaded for runs', () => {
    const found = [
      { name: 'a', place: '/r/a', bytes: 2e6 },
      { name: 'b', place: '/r/b', bytes: 1e6 },
    ];
    const asked = resultsQuestion(found);
    assert.equal(asked?.question, 'What of the checkpoints of 2 runs on this computer?');
    assert.match(asked.detail, /^a, b\n3\.0 MB in all\. .*only copy\.$/);
    assert.match(resultsQuestion(found.slice(0, 1))?.question ?? '', /of a on this computer/);
    assert.equal(resultsQuestion([]), null);
  });

  it('sums what deleting checkpoints frees', () => {
    const asked = deleteCheckpointsQuestion([
      sampleCheckpoint({ path: '/c/a.ckpt', size: 2e6 }),
      sampleCheckpoint({ path: '/c/b.ckpt', size: 1e6 }),
    ]);
    assert.equal(asked.question, 'Delete 2 checkpoints?');
    assert.equal(asked.detail, '/c/a.ckpt, /c/b.ckpt\nThis frees 3.0 MB and cannot be undone.');
  });
});

describe('the comparison of three runs', () => {
  it('shows side by side what differs, and once what is the same', () => {
    const loss = (value: number) => ({ loss: { name: 'loss', value, step: 1, at: NOW } });
    const text = compareTable([
      { ...view('a', 'failed'), latest: loss(0.5) },
      { ...view('b', 'stopped'), latest: loss(0.25) },
      view('c|d', 'failed'),
    ]);
    const [, different = '', same = ''] = text.split('## ');
    assert.match(different, /^\| loss +\| 0\.5 +\| 0\.25 +\| — +\|$/m);
    assert.match(different, /^\| state +\| failed +\| stopped +\| failed +\|$/m);
    assert.match(same, /^\| argument 1 +\| train\.py +\|$/m);
    assert.ok(!different.includes('train.py') && !same.includes('loss'));
    const widths = different.split('\n').filter((line) => line.startsWith('|')).map((line) => line.length);
    assert.equal(new Set(widths).size, 1, 'columns are aligned');
  });
});

function view(name: string, state: 'running' | 'failed' | 'stopped'): RunView {
  const endedAt = state === 'running' ? null : NOW;
  return sampleView({ run: sampleRun({ id: `id-${name}` as RunId, name, state, endedAt }) });
}
