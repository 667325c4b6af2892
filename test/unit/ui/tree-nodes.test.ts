import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RunId } from '../../../src/core/ids.ts';
import type { Run } from '../../../src/core/model/run.ts';
import { fromDollars } from '../../../src/core/money.ts';
import type { MicroDollars } from '../../../src/core/money.ts';
import type { RunView } from '../../../src/resources/account-snapshot.ts';
import { resourceNodes } from '../../../src/ui/tree/resource-nodes.ts';
import { runNodes } from '../../../src/ui/tree/run-nodes.ts';
import type { TreeNode } from '../../../src/ui/tree/tree-node.ts';
import {
  NOW,
  sampleCheckpoint,
  sampleMachine,
  sampleRun,
  sampleSnapshot,
  sampleView,
} from '../../support/samples.ts';

const ALL = { filter: '', shown: new Map<string, number>() };

describe('tree nodes', () => {
  it('describe a running run by state, progress, loss, time and cost', () => {
    const view = sampleView({
      latest: { loss: { name: 'loss', value: 0.123456, step: 10, at: NOW } },
      progress: { step: 10, total: 40, fraction: 0.25, remainingMs: 90_000 },
      cost: 1_250_000 as MicroDollars,
    });
    const [node] = runNodes(sampleSnapshot([view]), ALL);
    assert.equal(node?.label, 'digits');
    assert.equal(node.description, 'running · 25% · loss 0.12346 · 1m · $1.25');
  });

  it('keep an id for the same run whatever its state', () => {
    const before = runNodes(sampleSnapshot([sampleView()]), ALL);
    const after = runNodes(
      sampleSnapshot([sampleView({ run: sampleRun({ state: 'failed', endedAt: NOW }) })]),
      ALL,
    );
    assert.equal(before[0]?.id, after[0]?.id);
  });

  it('mark which runs can be resumed for the menus', () => {
    const ended = sampleRun({ state: 'stopped', endedAt: NOW });
    const whole = sampleView({ run: ended, checkpoints: [sampleCheckpoint()] });
    const partial = sampleView({
      run: ended,
      checkpoints: [sampleCheckpoint({ complete: false })],
    });
    const [first] = runNodes(sampleSnapshot([whole]), ALL);
    const [second] = runNodes(sampleSnapshot([partial]), ALL);
    assert.equal(first?.context, 'run;stopped;ended;resumable');
    assert.equal(second?.context, 'run;stopped;ended');
  });

  it('count down to the end of a lease, and offer to extend it while the run is active', () => {
    const leaseUntil = NOW + 4_320_000;
    const [active] = runNodes(sampleSnapshot([sampleView({ run: sampleRun({ leaseUntil }) })]), ALL);
    assert.equal(active?.description, 'running · 1m · ends in 1h 12m');
    assert.equal(active.context, 'run;running;active;lease');
    assert.match(active.tooltip?.() ?? '', /Ends by its lease.*in 1h 12m/);
    const run = sampleRun({ state: 'stopped', endedAt: NOW, leaseUntil });
    const [ended] = runNodes(sampleSnapshot([sampleView({ run })]), ALL);
    assert.equal(ended?.context, 'run;stopped;ended');
    assert.doesNotMatch(`${ended.description}${ended.tooltip?.() ?? ''}`, /ends in|lease/);
  });

  it('tell a run of another computer by where it was found and came from, until it is adopted', () => {
    const nodes = (changes: Partial<Run>): TreeNode | undefined =>
      runNodes(sampleSnapshot([sampleView({ run: sampleRun(changes) })]), ALL)[0];
    const starter = { installation: 'decaf', host: 'laptop' };
    const found = nodes({ machine: 'lab', starter, foundAt: NOW });
    assert.match(found?.description ?? '', /found on lab · started from laptop/);
    assert.match(found?.tooltip?.() ?? '', /found on lab · started from laptop/);
    assert.match(found?.context ?? '', /;found$/);
    const old = nodes({ machine: 'lab', starter: null, foundAt: NOW });
    assert.match(old?.description ?? '', /found on lab ·/);
    const adopted = nodes({ machine: 'lab', starter, foundAt: null });
    assert.doesNotMatch(`${adopted?.description}${adopted?.tooltip?.()}${adopted?.context}`, /found/);
  });

  it('show what is happening to a run with a spinner', () => {
    const [node] = runNodes(sampleSnapshot([sampleView({ busy: 'stopping…' })]), ALL);
    assert.equal(node?.icon.name, 'loading~spin');
    assert.match(node.description, /^stopping…/);
  });

  it('grey out a checkpoint that another run wrote over, and offer no resume from it', () => {
    const overwrittenBy = { runId: 'rb' as RunId, name: 'bert' };
    const view = sampleView({
      run: sampleRun({ state: 'succeeded', endedAt: NOW }),
      checkpoints: [{ ...sampleCheckpoint({ marks: [] }), overwrittenBy }],
    });
    const [node] = runNodes(sampleSnapshot([view]), ALL);
    assert.equal(node?.context, 'run;succeeded;ended');
    const [checkpoint] = node.children();
    assert.equal(checkpoint?.context, 'checkpoint;overwritten;here');
    assert.equal(checkpoint.icon.color, 'disabledForeground');
    assert.match(checkpoint.description, /overwritten/);
    assert.match(checkpoint.tooltip?.() ?? '', /Overwritten by \| bert/);
  });

  it('tell the age of a checkpoint by this host\'s clock', () => {
    const shown = (clockAhead: number): (string | undefined)[] => {
      const item = { ...sampleCheckpoint({ modifiedAt: NOW - 120_000 + clockAhead }), clockAhead };
      const [node] = runNodes(sampleSnapshot([sampleView({ checkpoints: [item] })]), ALL);
      const [checkpoint] = node?.children() ?? [];
      return [checkpoint?.description, checkpoint?.tooltip?.()];
    };
    assert.deepEqual(shown(3_600_000), shown(0));
    assert.deepEqual(shown(-3_600_000), shown(0));
  });

  it('list checkpoints under their run', () => {
    const view = sampleView({ checkpoints: [sampleCheckpoint({ marks: ['newest', 'best'] })] });
    const [node] = runNodes(sampleSnapshot([view]), ALL);
    const [checkpoint] = node?.children() ?? [];
    assert.equal(checkpoint?.label, 'step-000400.ckpt');
    assert.equal(checkpoint.context, 'checkpoint;complete;here');
    assert.match(checkpoint.description, /step 400 · epoch 9 · 112 KB · .*newest · best/);
  });

  it('keep only runs in which every word of the filter occurs', () => {
    const other = sampleView({ run: sampleRun({ id: 'rb' as RunId, name: 'bert', note: 'warm' }) });
    const snapshot = sampleSnapshot([sampleView(), other]);
    assert.equal(runNodes(snapshot, { ...ALL, filter: 'WARM running' }).length, 1);
    assert.equal(runNodes(snapshot, { ...ALL, filter: 'nothing' }).length, 0);
  });

  it('show long lists in pages of 500', () => {
    const views = Array.from({ length: 1200 }, (_, index) =>
      sampleView({ run: sampleRun({ id: `r${index}` as RunId }) }),
    );
    const snapshot = sampleSnapshot(views);
    const first = runNodes(snapshot, ALL);
    assert.equal(first.length, 501);
    const target = first.at(-1)?.target;
    assert.deepEqual(target, { kind: 'more', parent: 'runs', shown: 1000 });
    const second = runNodes(snapshot, { ...ALL, shown: new Map([['runs', 1500]]) });
    assert.equal(second.length, 1200);
  });

  it('hang runs and GPUs under their machine with ids of their own', () => {
    const gpu = {
      index: 0,
      name: 'H100',
      utilization: 93,
      memoryUsed: 40e9,
      memoryTotal: 80e9,
      temperature: 61,
      power: null,
    };
    const facts = {
      at: NOW,
      os: 'Linux',
      arch: 'x86_64',
      hostname: 'workstation',
      cpus: 16,
      cpuBusy: 0.5,
      load: [1, 2, 3],
      memory: { total: 100, available: 25 },
      disks: [],
      gpus: [gpu],
      gpuProblem: null,
      processes: [],
    };
    const snapshot = sampleSnapshot([sampleView()], [sampleMachine({ facts })]);
    const [provider] = resourceNodes(snapshot, { shown: new Map() });
    const [machine] = provider?.children() ?? [];
    assert.equal(machine?.description, '1 running · $0.00/h · CPU 50% · memory 75%');
    const children = machine.children();
    assert.equal(children[0]?.description, '93% · 40.0 GB / 80.0 GB · 61 °C');
    assert.notEqual(children[1]?.id, runNodes(snapshot, ALL)[0]?.id);
  });

  it('have nothing to unfold on a machine without children, and unfold its first', () => {
    const rowOf = (views: readonly RunView[]): TreeNode | undefined =>
      resourceNodes(sampleSnapshot(views, [sampleMachine({})]), { shown: new Map() })[0]?.children()[0];
    const [bare, used] = [rowOf([]), rowOf([sampleView()])];
    assert.deepEqual([bare?.expand, used?.expand], ['none', 'expanded']);
    // VS Code applies what a row says of itself only where it is new.
    assert.notEqual(bare?.id, used?.id);
  });

  it('show a cost under a cent as that, and exactly in the tooltip', () => {
    const [node] = runNodes(sampleSnapshot([sampleView({ cost: fromDollars(0.000006) })]), ALL);
    assert.match(node?.description ?? '', /<\$0\.01/);
    assert.match(tooltipOf(node), /&#36;0\\.000006/);
  });

  it('tell a machine that refused us from one that was never tried', () => {
    const kinds = ['away', 'host-key', 'host-key-unknown', 'locked', 'login', 'other'] as const;
    const steps = ['Check the user name.', 'Try again.'];
    const machines = kinds.map((kind) =>
      sampleMachine({
        provider: 'ssh',
        id: kind,
        state: 'unknown',
        problem: 'It said no',
        trouble: { kind, since: NOW, reason: 'It said no', steps },
      }),
    );
    const untried = sampleMachine({ provider: 'ssh', state: 'unknown', problem: 'not connected yet' });
    const [provider] = resourceNodes(sampleSnapshot([], [...machines, untried]), { shown: new Map() });
    const rows = provider?.children() ?? [];
    assert.deepEqual(
      rows.map(({ description }) => description.split(' · ')[0]?.replace(/ since .*/, ' since …')),
      ['unreachable since …', 'host key changed', 'host key not accepted', 'key is locked',
        'login refused', 'It said no', 'not connected yet'],
    );
    assert.equal(rows[4]?.context, 'machine;ssh;unknown;login');
    assert.equal(rows[6]?.context, 'machine;ssh;unknown');
    const plain = rows[6].icon;
    assert.ok(rows.slice(0, 6).every(({ icon }) => icon.name !== plain.name));
    const tooltip = rows[4].tooltip?.() ?? '';
    assert.match(tooltip, /It said no/);
    assert.match(tooltip, /Check the user name.*Try again/);
    assert.match(tooltip, /Check Machine/);
  });

  it('say that a price is unknown instead of zero', () => {
    const snapshot = sampleSnapshot([], [sampleMachine({ rate: null })]);
    const [provider] = resourceNodes(snapshot, { shown: new Map() });
    assert.match(provider?.children()[0]?.description ?? '', /price unknown/);
  });

  it('make text from outside inert in tooltips', () => {
    const run = sampleRun({ name: '[x](command:evil)', note: '<img src=x>' });
    const [node] = runNodes(sampleSnapshot([sampleView({ run })]), ALL);
    const tooltip = tooltipOf(node);
    assert.ok(!tooltip.includes('[x](command:evil)'));
    assert.ok(!tooltip.includes('<img'));
  });
});

function tooltipOf(node: TreeNode | undefined): string {
  return node?.tooltip?.() ?? '';
}
