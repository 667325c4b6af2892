import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { newRunId } from '../../../src/core/ids.ts';
import type { RunId } from '../../../src/core/ids.ts';
import type { Resource, ResourceState, StateInterval } from '../../../src/core/model/records.ts';
import type { Run, RunState } from '../../../src/core/model/run.ts';
import type { MicroDollars } from '../../../src/core/money.ts';
import { currentRate, runCost, spent, summarizeCosts } from '../../../src/costs/summary.ts';
import type { MachineView } from '../../../src/resources/account-snapshot.ts';
import { sampleMachine, sampleRun } from '../../support/samples.ts';

const HOUR = 3_600_000;
const rate = (value: number | null): MicroDollars | null => value as MicroDollars | null;

const run = (changes: Partial<Run> = {}): { run: Run } => ({
  run: sampleRun({ provider: 'aws', machine: 'i-1', rate: rate(1000), ...changes }),
});

const machine = (changes: Partial<MachineView> = {}): MachineView =>
  sampleMachine({ provider: 'aws', id: 'i-1', rate: rate(1000), ...changes });

const resource = (kind: Resource['kind'], state: ResourceState, price: number | null): Resource => ({
  provider: 'aws',
  id: `${kind}-1`,
  kind,
  name: kind,
  state,
  rate: rate(price),
  firstSeen: 0,
  lastSeen: 0,
  facts: {},
});

describe('The current rate', () => {
  it('is nothing when there is nothing', () => {
    const nothing = { known: 0, unknown: 0, billing: 0, paid: 0, activeRuns: 0 };
    assert.deepEqual(currentRate({ runs: [], machines: [] }), nothing);
  });

  it('counts a machine once, however many runs it carries', () => {
    const states: RunState[] = ['starting', 'running', 'stopping'];
    const runs = states.map((state) => run({ state }));
    assert.deepEqual(currentRate({ runs, machines: [machine()] }), {
      known: 1000,
      unknown: 0,
      billing: 1,
      paid: 1,
      activeRuns: 3,
    });
    assert.equal(currentRate({ runs, machines: [] }).known, 1000);
  });

  it('counts a rented machine that no run uses', () => {
    assert.equal(currentRate({ runs: [], machines: [machine()] }).known, 1000);
  });

  it('counts an own machine only while a run uses it', () => {
    const machines = [machine({ provider: 'local', id: 'this' })];
    const here = { provider: 'local', machine: 'this' };
    assert.equal(currentRate({ runs: [], machines }).billing, 0);
    assert.equal(currentRate({ runs: [run({ ...here, state: 'succeeded' })], machines }).known, 0);
    assert.equal(currentRate({ runs: [run({ ...here, state: 'queued' })], machines }).known, 0);
    assert.equal(currentRate({ runs: [run(here), run(here)], machines }).known, 1000);
  });

  it('counts what is being deleted or cannot be seen, not what stopped or is gone', () => {
    const states: ResourceState[] = ['starting', 'running', 'stopping', 'deleting', 'unknown'];
    for (const state of states) {
      assert.equal(currentRate({ runs: [], machines: [machine({ state })] }).known, 1000, state);
    }
    for (const state of ['stopped', 'gone'] as const) {
      const rates = currentRate({ runs: [run()], machines: [machine({ state })] });
      assert.equal(rates.known, 0, state);
    }
  });

  it('says how many prices are unknown instead of counting them as nothing', () => {
    const machines = [machine(), machine({ id: 'i-2', rate: null })];
    assert.deepEqual(currentRate({ runs: [], machines }), {
      known: 1000,
      unknown: 1,
      billing: 2,
      paid: 1,
      activeRuns: 0,
    });
  });

  it('prefers the machine’s price of now to the one at launch, and any to none', () => {
    const runs = [run({ rate: rate(700) })];
    assert.equal(currentRate({ runs, machines: [machine()] }).known, 1000);
    assert.equal(currentRate({ runs, machines: [machine({ rate: null })] }).known, 700);
    const mixed = [run({ rate: null }), run({ rate: rate(700) })];
    assert.equal(currentRate({ runs: mixed, machines: [] }).known, 700);
  });

  it('counts storage until it is gone', () => {
    const resources = [resource('volume', 'stopped', 30), resource('snapshot', 'gone', 500)];
    assert.equal(currentRate({ runs: [], machines: [], resources }).known, 30);
  });

  it('is the sum over machines, whatever runs they carry', () => {
    const machines = fc.uniqueArray(
      fc.record({ id: fc.integer({ min: 0, max: 9 }), price: fc.nat(98_320_000), runs: fc.nat(3) }),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(machines, (list) => {
        const input = {
          runs: list.flatMap(({ id, price, runs }) =>
            Array.from({ length: runs }, () => run({ machine: `i-${id}`, rate: rate(price) })),
          ),
          machines: list.map(({ id, price }) => machine({ id: `i-${id}`, rate: rate(price) })),
        };
        const total = list.reduce((sum, { price }) => sum + price, 0);
        assert.equal(currentRate(input).known, total);
      }),
      { seed: 37 },
    );
  });
});

describe('What was spent', () => {
  const ids = [newRunId(1), newRunId(2)] as const;
  const runs = (provider: string): { id: RunId; provider: string; machine: string }[] =>
    ids.map((id) => ({ id, provider, machine: 'm' }));
  const of = (
    subject: string,
    from: number,
    to: number | null,
    state = 'running',
    price: number | null = 1000,
  ): StateInterval => ({ subject, state, from, to, rate: rate(price) });

  it('counts runs side by side on one machine once', () => {
    const intervals = [
      of(`run:${ids[0]}`, 0, 4 * HOUR),
      of(`run:${ids[1]}`, 2 * HOUR, 3 * HOUR),
      of(`run:${ids[1]}`, 3 * HOUR, null, 'succeeded'),
    ];
    const input = { intervals, runs: runs('local'), now: 10 * HOUR };
    assert.deepEqual(spent(input), { known: 4000, unknownMs: 0 });
  });

  it('counts runs on different machines apart, and those of no known machine too', () => {
    const intervals = [of(`run:${ids[0]}`, 0, HOUR), of('run:gone', 0, HOUR)];
    assert.equal(spent({ intervals, runs: runs('local'), now: HOUR }).known, 2000);
  });

  it('takes a rented machine’s own intervals and not its runs’ beside them', () => {
    const intervals = [
      of('aws:m', 0, 10 * HOUR),
      of(`run:${ids[0]}`, 2 * HOUR, 5 * HOUR, 'running', 9000),
    ];
    assert.equal(spent({ intervals, runs: runs('aws'), now: 10 * HOUR }).known, 10_000);
  });

  it('takes the runs of a rented machine that was never listed', () => {
    const intervals = [of(`run:${ids[0]}`, 2 * HOUR, 5 * HOUR)];
    assert.equal(spent({ intervals, runs: runs('aws'), now: 10 * HOUR }).known, 3000);
  });

  it('costs an own machine by its runs only, as it is there anyway', () => {
    const intervals = [of('local:m', 0, 10 * HOUR), of(`run:${ids[0]}`, 0, HOUR)];
    assert.equal(spent({ intervals, runs: runs('local'), now: 10 * HOUR }).known, 1000);
  });

  it('never charges a run that waits, ended or is lost', () => {
    for (const state of ['queued', 'succeeded', 'failed', 'stopped', 'lost']) {
      const intervals = [of(`run:${ids[0]}`, 0, HOUR, state)];
      assert.equal(spent({ intervals, runs: runs('local'), now: HOUR }).known, 0, state);
    }
  });

  it('splits today from the whole, also when lists can be read once only', () => {
    const intervals = [of('aws:m', 0, null), of('aws:v', 0, null, 'running', null)];
    const summary = summarizeCosts(
      { runs: [], machines: [machine()] },
      { intervals: intervals.values(), runs: runs('aws').values(), now: 10 * HOUR },
      7 * HOUR,
    );
    assert.deepEqual(summary, {
      rate: { known: 1000, unknown: 0, billing: 1, paid: 1, activeRuns: 0 },
      today: { known: 3000, unknownMs: 3 * HOUR },
      total: { known: 10_000, unknownMs: 10 * HOUR },
    });
  });

  it('knows no cost of a run while any of its price is unknown', () => {
    const known = of(`run:${ids[0]}`, 0, HOUR);
    assert.equal(runCost([known], HOUR), 1000);
    assert.equal(runCost([known, of(`run:${ids[0]}`, HOUR, null, 'running', null)], 2 * HOUR), null);
    assert.equal(runCost([], HOUR), 0);
  });
});
