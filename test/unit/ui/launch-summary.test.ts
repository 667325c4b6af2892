import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RunSpec } from '../../../src/core/model/run.ts';
import type { LaunchPlan } from '../../../src/training/launch-plan.ts';
import { factsOf } from '../../../src/ui/launch/code-facts.ts';
import { summaryRows } from '../../../src/ui/launch/launch-summary.ts';
import { sampleMachine, sampleSpec } from '../../support/samples.ts';

const STEP = { setup: ['uv', 'sync'], setupKey: 'ab12' };

describe('The summary of a launch', () => {
  it('launches its plan by the first row, and nothing by a fact', () => {
    const plan = planOf({ secrets: ['HF_TOKEN'] });
    const rows = summaryRows(plan, sampleMachine(), null, null);
    assert.match(rows[0]?.label ?? '', /Launch train on/);
    assert.equal(rows[0]?.value, plan);
    assert.deepEqual(rows.slice(1).filter(({ value }) => value !== undefined), []);
    assert.ok(rows.some(({ description }) => description === 'HF_TOKEN'));
  });

  it('offers to run the set-up step again, in an otherwise equal plan', () => {
    const plan = planOf(STEP);
    const [first, again, ...facts] = summaryRows(plan, sampleMachine(), null, null);
    assert.equal(first?.value, plan, 'Enter launches as usual');
    assert.match(again?.label ?? '', /set-up step again/);
    assert.deepEqual(again?.value, planOf({ ...STEP, setupKey: null }));
    assert.ok(facts.some(({ description }) => description === 'uv sync'));
  });

  it('tells when the machine will end the run', () => {
    const rows = summaryRows(planOf({ leaseSeconds: 28_800, idleSeconds: 1800 }), sampleMachine(), null, null);
    const told = rows.filter(({ label }) => label.includes('limit'));
    assert.deepEqual(told.map(({ description }) => description), ['8h', '30m']);
  });

  it('tells when the profile asks for another place', () => {
    const rows = summaryRows(planOf({}), sampleMachine(), null, { provider: 'ssh', machine: 'lab' });
    const told = rows.find(({ description }) => description === 'ssh lab');
    assert.match(told?.label ?? '', /profile says/);
    assert.equal(told?.value, undefined);
  });

  it('tells how much code is sent, and what to look at before', () => {
    const survey = { files: 12, links: 0, bytes: 3_000_000, largestFiles: [], largestDirectories: [] };
    const problems = ['a', 'b', 'c', 'd'].map((path) => ({ kind: 'outside-link' as const, path, message: `${path} leads out`, blocks: false }));
    const missingImports = [{ importer: 'train.py', line: 3, module: 'data', path: 'data.py' }];
    const rows = summaryRows(planOf({}), sampleMachine(), factsOf({ ...survey, problems, missingImports }), null);
    assert.equal(rows.find(({ label }) => label.endsWith('Code'))?.description, '12 files, 3.0 MB; only what changed is sent');
    const warnings = rows.filter(({ label }) => label.includes('$(warning)')).map(({ description }) => description);
    assert.deepEqual(warnings, ['data.py is imported by train.py, but is not sent', 'a leads out', 'b leads out', '2 more: see “Show What Would Sync”']);
    assert.ok(rows.slice(1).every(({ value }) => value === undefined));
  });

  it('does not offer it where the step runs anyway, or there is none', () => {
    for (const changes of [{ ...STEP, setupKey: null }, { setup: [], setupKey: null }]) {
      const rows = summaryRows(planOf(changes), sampleMachine(), null, null);
      assert.equal(rows.filter(({ value }) => value !== undefined).length, 1);
    }
  });
});

function planOf(changes: Partial<RunSpec>): LaunchPlan {
  return {
    name: 'train',
    provider: 'local',
    machine: 'local',
    profile: 'train',
    workspaceFolder: '/work',
    exclude: [],
    resumedFrom: null,
    spec: sampleSpec(changes),
  };
}
