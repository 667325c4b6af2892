import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { RunId } from '../../../src/core/ids.ts';
import { RUN_STATES } from '../../../src/core/model/run-states.ts';
import type { Run, RunSpec } from '../../../src/core/model/run.ts';
import type { MicroDollars } from '../../../src/core/money.ts';
import { recordOf, runFromRecord } from '../../../src/training/run-record.ts';
import { sampleRun } from '../../support/samples.ts';

const SEED = { seed: 20260115, numRuns: 300 };

/** As JSON gives them back. */
const PLAIN = { noNullPrototype: true };

const text = fc.string({ unit: 'grapheme' });
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });
const time = fc.integer({ min: 0, max: 4_000_000_000_000 });
const id = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,63}$/).map((value) => value as RunId);
const names = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/);

const spec: fc.Arbitrary<RunSpec> = fc.record({
  argv: fc.array(text),
  env: fc.dictionary(names, text, { noNullPrototype: true }),
  secrets: fc.array(names),
  directory: text,
  checkpointDirectory: text,
  checkpointGlobs: fc.array(text),
  best: maybe(
    fc.record({ metric: text, mode: fc.constantFrom('min' as const, 'max' as const) }, PLAIN),
  ),
  metricsPattern: maybe(text),
  resumeArgs: fc.array(text),
  setup: fc.array(text),
  setupKey: maybe(text),
  setupOutputs: fc.array(text),
  graceSeconds: fc.nat(),
  leaseSeconds: maybe(fc.nat()),
  idleSeconds: maybe(fc.nat()),
  sharedDirectory: fc.boolean(),
  after: fc.record({ durable: maybe(text), webhook: maybe(text), holdSeconds: fc.nat() }, PLAIN),
  place: maybe(
    fc.record(
      {
        source: text,
        tree: text,
        keep: text,
        kept: fc.array(text),
        exclude: fc.array(text),
        manifest: text,
      },
      PLAIN,
    ),
  ),
}, PLAIN);

const anyRun: fc.Arbitrary<Run> = fc.record({
  id,
  name: text,
  note: text,
  provider: text,
  machine: text,
  profile: maybe(text),
  workspaceFolder: maybe(text),
  spec,
  code: maybe(fc.record({ commit: maybe(text), branch: maybe(text), dirty: fc.boolean(), patch: maybe(fc.boolean()) }, PLAIN)),
  resumedFrom: maybe(fc.record({ runId: id, checkpointPath: text, step: maybe(fc.nat()) }, PLAIN)),
  state: fc.constantFrom(...RUN_STATES),
  stateSince: time,
  stateReason: text,
  createdAt: time,
  startedAt: maybe(time),
  endedAt: maybe(time),
  exitCode: maybe(fc.nat(255)),
  signal: maybe(fc.nat(64)),
  rate: maybe(fc.nat().map((value) => value as MicroDollars)),
  logPath: maybe(text),
  leaseUntil: maybe(time),
  after: fc.constant(null),
  starter: maybe(fc.record({ installation: text, host: fc.string({ maxLength: 100 }) }, PLAIN)),
  foundAt: maybe(time),
}, PLAIN);

describe('the record beside a run', () => {
  it('gives back all that was decided at the launch, and nothing that came later', () => {
    fc.assert(
      fc.property(anyRun, maybe(text), (run, logPath) => {
        const stored: unknown = JSON.parse(JSON.stringify(recordOf(run)));
        assert.deepEqual(runFromRecord(stored, logPath), {
          ...run,
          spec: { ...run.spec, after: { ...run.spec.after, webhook: null } },
          note: '',
          state: 'queued',
          stateSince: run.createdAt,
          stateReason: '',
          startedAt: null,
          endedAt: null,
          exitCode: null,
          signal: null,
          logPath,
          leaseUntil: null,
          foundAt: null,
        });
      }),
      SEED,
    );
  });

  it('holds no address of a webhook: a token may be in it, and the record is saved elsewhere', () => {
    const run = sampleRun();
    const webhook = 'https://hooks.example.org/token';
    const spec = { ...run.spec, after: { ...run.spec.after, webhook } };
    assert.ok(!JSON.stringify(recordOf({ ...run, spec })).includes(webhook));
  });

  it('of a run from before there were leases and results to save gives none', () => {
    const { spec } = sampleRun();
    const old = { ...spec, leaseSeconds: undefined, idleSeconds: undefined, after: undefined };
    const stored: unknown = JSON.parse(JSON.stringify({ version: 1, run: { ...sampleRun(), spec: old } }));
    assert.deepEqual(runFromRecord(stored, null)?.spec, spec);
  });

  it('of a run from before it was told who started it, or that tells it oddly, tells nobody', () => {
    for (const starter of [undefined, 'me', { installation: 1, host: 'x' }, { installation: 'a', host: 'x'.repeat(300) }]) {
      const stored: unknown = JSON.parse(JSON.stringify({ version: 1, run: { ...sampleRun(), starter } }));
      assert.equal(runFromRecord(stored, null)?.starter, null);
    }
  });

  it('that is anything else is refused, never misread', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        assert.equal(runFromRecord(value, null), undefined);
      }),
      SEED,
    );
    for (const changes of [{ id: 'No Id' }, { id: '../up' }, { spec: undefined }, { rate: '1' }]) {
      const value = { version: 1, run: { ...sampleRun(), ...changes } };
      assert.equal(runFromRecord(value, null), undefined, JSON.stringify(changes));
    }
    assert.equal(runFromRecord({ version: 2, run: sampleRun() }, null), undefined);
  });

  it('of a run that went on from something unreadable still gives the run', () => {
    const resumedFrom = { runId: 'No Id', checkpointPath: '/c/1.ckpt', step: 1 };
    const run = runFromRecord({ version: 1, run: { ...sampleRun(), resumedFrom } }, null);
    assert.equal(run?.resumedFrom, null);
  });
});
