import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { MicroDollars } from '../../../src/core/money.ts';
import type { RunView } from '../../../src/resources/account-snapshot.ts';
import { processesText } from '../../../src/ui/processes/processes-text.ts';
import { statusText } from '../../../src/ui/status-bar/status-text.ts';
import { NOW, sampleRun, sampleSnapshot, sampleView } from '../../support/samples.ts';

const COST = { known: 480_000 as MicroDollars, unknown: 0, billing: 1, paid: 1, activeRuns: 1 };

describe('the status bar', () => {
  const status = (runs: readonly RunView[], unknown = 0) =>
    statusText(sampleSnapshot(runs), { ...COST, unknown });

  it('speaks of no run, of one and of many', () => {
    const run = sampleView();
    assert.equal(status([]).text, '$(server-process) $0.48/h');
    assert.equal(status([]).spoken, 'runctl: $0.48/h, no run is active');
    assert.equal(status([run]).text, '$(pulse) $0.48/h · 1 run');
    assert.equal(status([run]).spoken, 'runctl: $0.48/h, 1 run is active');
    assert.equal(status([run, run]).text, '$(pulse) $0.48/h · 2 runs');
    assert.equal(status([run, run]).spoken, 'runctl: $0.48/h, 2 runs are active');
  });

  it('says that a price is unknown instead of leaving it out', () => {
    assert.equal(status([sampleView()], 2).text, '$(pulse) $0.48/h + 2 unknown · 1 run');
    assert.match(status([], 1).spoken, /\$0\.48\/h \+ 1 unknown/);
  });

  it('makes names from outside inert in its menu', () => {
    const run = sampleRun({ name: '[x](command:evil)' });
    assert.ok(!status([sampleView({ run })]).tooltip.includes('[x](command:evil)'));
  });
});

describe('the processes of a machine', () => {
  const facts = {
    at: NOW,
    os: 'Linux',
    arch: 'x86_64',
    hostname: 'box',
    cpus: 16,
    cpuBusy: 0.5,
    load: [1, 2, 3.25],
    memory: { total: 64e9, available: 16e9 },
    disks: [],
    gpus: null,
    gpuProblem: null,
    processes: [],
  };

  it('begin with one fact a line', () => {
    const lines = processesText('box', facts).split('\n');
    assert.match(lines[0] ?? '', /^box — Linux x86_64 — /);
    assert.deepEqual(lines.slice(1, 4), [
      'Processors: 16, 50% busy',
      'Load: 1.00 2.00 3.25',
      'Memory: 16.0 GB free of 64.0 GB',
    ]);
  });

  it('leave out what the machine did not tell', () => {
    const lines = processesText('box', { ...facts, cpus: null, cpuBusy: null, memory: null });
    assert.match(lines, /^Processors: \?\nLoad: [^\n]*\n\nPID/m);
  });
});
