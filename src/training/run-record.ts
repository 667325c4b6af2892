import { z } from 'zod';
import { asRunId } from '../core/ids.ts';
import { NOTHING_AFTER } from '../core/model/run-after.ts';
import type { Run } from '../core/model/run.ts';

/**
 * What lies beside a run on its machine as `run.json`, enough to put the run
 * back into an empty ledger. Holds no secret values.
 */
export interface RunRecord {
  readonly version: 1;
  readonly run: Run;
}

/** Longest name of a computer. */
const MAX_HOST = 255;

const text = z.string();
const nullableText = z.string().nullable();
const nullableNumber = z.number().nullable();

const recordSchema = z.object({
  version: z.literal(1),
  run: z.object({
    id: text,
    name: text,
    provider: text,
    machine: text,
    profile: nullableText,
    workspaceFolder: nullableText,
    spec: z.object({
      argv: z.array(text),
      env: z.record(text, text),
      secrets: z.array(text),
      directory: text,
      checkpointDirectory: text,
      checkpointGlobs: z.array(text),
      best: z.object({ metric: text, mode: z.enum(['min', 'max']) }).nullable(),
      metricsPattern: nullableText,
      resumeArgs: z.array(text),
      setup: z.array(text),
      setupKey: nullableText,
      // Absent in records of runs from before outputs could be named.
      setupOutputs: z.array(text).default([]),
      graceSeconds: z.number(),
      // Absent in records of runs from before there were leases.
      leaseSeconds: nullableNumber.default(null),
      idleSeconds: nullableNumber.default(null),
      sharedDirectory: z.boolean(),
      // Absent in records of runs from before anything happened after them.
      after: z
        .object({ durable: nullableText, webhook: nullableText, holdSeconds: z.number() })
        .default(NOTHING_AFTER),
      // Absent in records of runs from before code was brought anywhere.
      place: z
        .object({
          source: text,
          tree: text,
          keep: text,
          kept: z.array(text),
          exclude: z.array(text),
          manifest: text,
        })
        .nullable()
        .default(null),
    }),
    code: z
      .object({
        commit: nullableText,
        branch: nullableText,
        dirty: z.boolean(),
        // Absent in records of runs from before that was told.
        patch: z.boolean().nullable().default(null),
      })
      .nullable(),
    resumedFrom: z
      .object({ runId: text, checkpointPath: text, step: nullableNumber })
      .nullable(),
    createdAt: z.number(),
    rate: nullableNumber,
    // Absent in older records. Only told to people and compared: what is odd says nothing.
    starter: z
      .object({ installation: text, host: text.max(MAX_HOST) })
      .nullable()
      .catch(null),
  }),
});

/**
 * Writes the record of a run about to start. The address of a webhook may hold
 * a token, and the record goes to the durable place: it stays out.
 *
 * @param run - the run
 * @returns what to keep beside it
 */
export function recordOf(run: Run): RunRecord {
  const { spec } = run;
  const told = { ...spec, after: { ...spec.after, webhook: null } };
  return { version: 1, run: { ...run, foundAt: null, spec: told } };
}

/**
 * Reads a record found on a machine, as a run of which nothing is known yet.
 *
 * @param value - parsed JSON from outside
 * @param logPath - where its log lies on this host
 * @returns the run in state `queued`, or `undefined` when the record cannot be read
 */
export function runFromRecord(value: unknown, logPath: string | null): Run | undefined {
  const parsed = recordSchema.safeParse(value);
  const id = parsed.success ? asRunId(parsed.data.run.id) : undefined;
  if (!parsed.success || id === undefined) {
    return undefined;
  }
  const { run } = parsed.data;
  const origin = run.resumedFrom === null ? undefined : asRunId(run.resumedFrom.runId);
  return {
    ...run,
    id,
    note: '',
    resumedFrom:
      run.resumedFrom === null || origin === undefined
        ? null
        : { ...run.resumedFrom, runId: origin },
    rate: run.rate as Run['rate'],
    state: 'queued',
    stateSince: run.createdAt,
    stateReason: '',
    startedAt: null,
    endedAt: null,
    exitCode: null,
    signal: null,
    logPath,
    leaseUntil: null,
    after: null,
    foundAt: null,
  };
}
