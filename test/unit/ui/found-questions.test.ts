import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { adoptQuestion, foundQuestion } from '../../../src/ui/commands/found-questions.ts';
import { deleteQuestion, stopQuestion } from '../../../src/ui/commands/many-texts.ts';
import { rowsOf } from '../../../src/ui/dashboard/view-model.ts';
import { NOW, sampleRun, sampleSnapshot, sampleView } from '../../support/samples.ts';

describe('what is said of runs of other computers', () => {
  const starter = { installation: 'decaf', host: 'laptop' };
  const run = sampleRun({ machine: 'lab', starter, foundAt: NOW });

  it('names run, machine and who started it before an act', () => {
    for (const act of ['delete', 'extend', 'resume', 'save', 'stop'] as const) {
      const { question, detail, yes } = foundQuestion(run, act);
      assert.match(question, new RegExp(`^${act}.*digits.*not started here`, 'i'));
      assert.match(detail, /on lab and was started from laptop/);
      assert.equal(yes.toLowerCase(), act);
    }
    assert.match(adoptQuestion(run).detail, /started from laptop/);
  });

  it('says so when it is not known who started it', () => {
    assert.match(foundQuestion({ ...run, starter: null }, 'stop').detail, /is not known/);
  });

  it('is part of the one question about several runs, and of none about own ones', () => {
    const views = [sampleView({ run }), sampleView()];
    assert.match(stopQuestion(views, false).detail, /Started by another computer: digits \(laptop\)/);
    assert.match(deleteQuestion(views, []).detail, /Started by another computer: digits \(laptop\)/);
    assert.doesNotMatch(stopQuestion([sampleView()], false).detail, /another computer/);
  });

  it('stands beside the machine on the dashboard', () => {
    const [row] = rowsOf(sampleSnapshot([sampleView({ run })]), NOW);
    assert.equal(row?.machine, 'found on lab · started from laptop');
  });
});
