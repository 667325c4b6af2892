import assert from 'node:assert/strict';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { newRunId, type RunId } from '../../../src/core/ids.ts';
import { NEXT_STATES, RUN_STATES } from '../../../src/core/model/run-states.ts';
import { isActive, type Run, type RunState } from '../../../src/core/model/run.ts';
import type { MicroDollars } from '../../../src/core/money.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import type { RunChange } from '../../../src/ledger/run-transitions.ts';
import { LedgerFiles } from '../../support/ledger-files.ts';
import { NOW, sampleRun, sampleSpec } from '../../support/samples.ts';

const RATE = 1_500_000 as MicroDollars;

function change(state: RunState, changes: Partial<RunChange> = {}): RunChange {
  const nothing = { startedAt: null, endedAt: null, exitCode: null, signal: null };
  return { state, reason: `now ${state}`, ...nothing, ...changes };
}

function queued(changes: Partial<Run> = {}): Run {
  const times = { createdAt: NOW, stateSince: NOW, startedAt: null };
  return sampleRun({ state: 'queued', rate: RATE, ...times, ...changes });
}

describe('runs in the ledger', () => {
  let files: LedgerFiles;
  let ledger: Ledger;

  beforeEach(async () => {
    files = new LedgerFiles();
    ledger = await files.open();
  });

  afterEach(() => files.dispose());

  it('come back exactly as they were stored', async () => {
    const full = sampleRun({
      name: 'quotes " and \' and ünïcode \u{1f680}',
      note: 'two\nlines',
      profile: 'p',
      spec: sampleSpec({
        env: { A: 'b', __proto__x: '' },
        metricsPattern: '(?<loss>.*)',
        leaseSeconds: 3600,
        idleSeconds: 60,
      }),
      code: { commit: 'abc', branch: null, dirty: true, patch: true },
      resumedFrom: { runId: newRunId(1), checkpointPath: '/c', step: null },
      state: 'failed',
      endedAt: NOW,
      exitCode: 137,
      signal: 9,
      rate: null,
      logPath: null,
      leaseUntil: NOW + 60_000,
      starter: { installation: 'c0ffee', host: 'laptop' },
      foundAt: NOW,
    });
    await ledger.runs.insert(full);
    assert.deepEqual(await ledger.runs.get(full.id), full);
    assert.equal(await ledger.runs.get('r-none' as RunId), undefined);
  });

  it('are stored once', async () => {
    await ledger.runs.insert(queued());
    await assert.rejects(ledger.runs.insert(queued()), { code: 'run-exists' });
    assert.equal(await ledger.runs.insertIfMissing(queued({ name: 'other' })), false);
    assert.equal((await ledger.runs.get(queued().id))?.name, 'digits');
    assert.equal((await ledger.events.list(queued().id)).length, 1);
    assert.equal(await ledger.runs.insertIfMissing(queued({ id: newRunId(5) })), true);
  });

  it('are stored with the wish to start them, both or none', async () => {
    const intent = {
      id: 'launch:1',
      kind: 'launch-run',
      subject: 'run:x',
      request: { a: 1 },
      createdAt: NOW,
    } as const;
    await ledger.intents.open(intent);
    await assert.rejects(ledger.runs.insertWithIntent(queued(), intent), {
      code: 'intent-exists',
    });
    assert.deepEqual(await ledger.runs.list(), []);
    await ledger.runs.insertWithIntent(queued(), { ...intent, id: 'launch:2' });
    assert.equal((await ledger.intents.listOpen()).length, 2);
    assert.equal((await ledger.runs.list()).length, 1);
  });

  it('are listed newest first, in pages, active ones apart', async () => {
    for (let index = 0; index < 5; index++) {
      const createdAt = NOW + index;
      const state = index % 2 === 0 ? 'running' : 'succeeded';
      await ledger.runs.insert(queued({ id: newRunId(createdAt), createdAt, state }));
    }
    const ages = async (filter: object): Promise<number[]> =>
      (await ledger.runs.list(filter)).map((run) => run.createdAt - NOW);
    assert.deepEqual(await ages({}), [4, 3, 2, 1, 0]);
    assert.deepEqual(await ages({ limit: 2, offset: 1 }), [3, 2]);
    assert.deepEqual(await ages({ active: true }), [4, 2, 0]);
    assert.equal(await ledger.runs.count(), 5);
    assert.equal(await ledger.runs.count({ active: true }), 3);
  });

  it('change state with event and interval', async () => {
    const { id } = queued();
    await ledger.runs.insert(queued());
    const started = change('running', { startedAt: NOW + 100 });
    assert.equal(await ledger.runs.transition(id, started, NOW + 500), true);
    const end = change('failed', { endedAt: NOW + 900, exitCode: 3 });
    assert.equal(await ledger.runs.transition(id, end, NOW + 60_000), true);
    const run = await ledger.runs.get(id);
    assert.equal(run?.state, 'failed');
    assert.equal(run.startedAt, NOW + 100, 'not forgotten by the end');
    assert.equal(run.stateSince, NOW + 900);
    assert.equal(run.exitCode, 3);
    assert.equal(run.stateReason, 'now failed');
    const events = await ledger.events.list(id);
    assert.deepEqual(
      events.map(({ data }) => data['to']),
      ['queued', 'running', 'failed'],
    );
    const intervals = await ledger.intervals.of(`run:${id}`);
    assert.deepEqual(
      intervals.map(({ state, from, to, rate }) => [state, from - NOW, to && to - NOW, rate]),
      [
        ['queued', 0, 100, RATE],
        // Noticed a minute later, but it cost money only until it ended.
        ['running', 100, 900, RATE],
        ['failed', 900, null, 0],
      ],
    );
  });

  it('refuse a change their present state does not allow, and store nothing of it', async () => {
    const { id } = queued();
    await ledger.runs.insert(queued());
    await ledger.runs.transition(id, change('stopped', { endedAt: NOW + 1 }), NOW + 1);
    const before = await ledger.runs.get(id);
    assert.equal(await ledger.runs.transition(id, change('running'), NOW + 2), false);
    assert.deepEqual(await ledger.runs.get(id), before);
    assert.equal((await ledger.events.list(id)).length, 2);
    const other = newRunId(3);
    await ledger.runs.insert(queued({ id: other }));
    const options = { from: ['running'] } as const;
    assert.equal(await ledger.runs.transition(other, change('stopping'), NOW, options), false);
    await assert.rejects(ledger.runs.transition(newRunId(4), change('lost'), NOW), {
      code: 'run-not-found',
    });
  });

  it('can be renamed and annotated, and the timeline knows', async () => {
    const { id } = queued();
    await ledger.runs.insert(queued());
    await ledger.runs.rename(id, 'better', NOW + 1);
    await ledger.runs.annotate(id, 'with a note', NOW + 2);
    const run = await ledger.runs.get(id);
    assert.equal(run?.name, 'better');
    assert.equal(run.note, 'with a note');
    const events = await ledger.events.list(id);
    assert.deepEqual(events.map(({ kind }) => kind), ['state', 'renamed', 'annotated']);
    assert.deepEqual(events[1]?.data, { from: 'digits', to: 'better' });
    assert.deepEqual(await ledger.events.list(id, events[1].seq), events.slice(2));
    await assert.rejects(ledger.runs.rename(newRunId(1), 'x', NOW), { code: 'run-not-found' });
  });

  it('are deleted with what belongs to them, but what they cost stays', async () => {
    const { id } = queued();
    await ledger.runs.insert(queued());
    await ledger.runs.transition(id, change('running', { startedAt: NOW }), NOW);
    const point = { name: 'loss', value: 1, step: 1, at: NOW };
    await ledger.metrics.append(id, [point], { from: null, to: { identity: 'f', offset: 1 } });
    await assert.rejects(ledger.runs.delete(id), { kind: 'run', code: 'run-active' });
    await ledger.runs.transition(id, change('succeeded', { endedAt: NOW + 9 }), NOW + 9);
    await ledger.runs.delete(id);
    await ledger.runs.delete(id);
    assert.equal(await ledger.runs.get(id), undefined);
    assert.deepEqual(await ledger.events.list(id), []);
    assert.deepEqual(await ledger.metrics.series(id), []);
    assert.equal(await ledger.metrics.cursor(id), null);
    const left = await ledger.intervals.of(`run:${id}`);
    assert.deepEqual(left.map(({ state, to }) => [state, to]).at(-1), ['running', NOW + 9]);
  });

  it('are taken back only before they started', async () => {
    const { id } = queued();
    await ledger.runs.insert(queued());
    await ledger.runs.discard(id);
    assert.deepEqual(await ledger.runs.list(), []);
    assert.deepEqual(await ledger.intervals.of(`run:${id}`), []);
    await ledger.runs.insert(queued({ state: 'running' }));
    await assert.rejects(ledger.runs.discard(id), { code: 'run-active' });
  });

  it('keep one open interval and no gap, whatever happens to them when', async function () {
    this.timeout(20_000);
    const step = fc.record({
      state: fc.constantFrom(...RUN_STATES),
      at: fc.integer({ min: -5000, max: 5000 }),
      endedAt: fc.option(fc.integer({ min: -5000, max: 5000 })),
      startedAt: fc.option(fc.integer({ min: -5000, max: 5000 })),
    });
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const id = newRunId(NOW + count++);
        await ledger.runs.insert(queued({ id }));
        let expected: RunState = 'queued';
        const seen: RunState[] = [expected];
        for (const { state, at, endedAt, startedAt } of steps) {
          const times = {
            startedAt: startedAt === null ? null : NOW + startedAt,
            endedAt: endedAt === null || isActive({ state }) ? null : NOW + endedAt,
          };
          const applied = await ledger.runs.transition(id, change(state, times), NOW + at);
          assert.equal(applied, NEXT_STATES[expected].includes(state));
          if (applied) {
            expected = state;
            seen.push(state);
          }
        }
        const run = await ledger.runs.get(id);
        const intervals = await ledger.intervals.of(`run:${id}`);
        assert.equal(run?.state, expected);
        assert.deepEqual(intervals.map(({ state }) => state), seen);
        assert.equal(intervals.filter(({ to }) => to === null).length, 1);
        assert.equal(intervals.at(-1)?.from, run.stateSince);
        for (const [index, { from, to }] of intervals.entries()) {
          assert.ok(to === null || to >= from);
          assert.equal(to, intervals[index + 1]?.from ?? null);
        }
        const events = await ledger.events.list(id);
        assert.deepEqual(events.map(({ data }) => data['to']), seen);
      }),
      { seed: 20260115, numRuns: 150 },
    );
  });
});
