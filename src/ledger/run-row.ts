import { asRunId } from '../core/ids.ts';
import { AFTER_STATES, NOTHING_AFTER } from '../core/model/run-after.ts';
import type { AfterSpec, RunAfter } from '../core/model/run-after.ts';
import { RUN_STATES } from '../core/model/run-states.ts';
import type { CodeState, ResumeOrigin, Run, RunSpec } from '../core/model/run.ts';
import type { Row, SqlValue, WriteHandle } from './handle.ts';
import {
  integer,
  isObject,
  jsonObject,
  malformed,
  maybeInteger,
  maybeJsonObject,
  maybeRate,
  maybeText,
  oneOf,
  runIdOf,
  text,
  type JsonObject,
} from './rows.ts';

/** Columns of `runs`, in the order `insertRun` binds them. */
export const RUN_COLUMNS = `id, name, note, provider, machine, profile, workspace_folder, spec, code,
  resumed_from, state, state_since, state_reason, created_at, started_at, ended_at, exit_code,
  signal, rate, log_path, lease_until, after, starter, found_at`;

/**
 * Adds a row unless the id is taken.
 *
 * @param handle - the open transaction
 * @param run - what to store
 * @returns false when a run of that id exists; it is left alone
 */
export function insertRun(handle: WriteHandle, run: Run): boolean {
  const values: SqlValue[] = [
    run.id,
    run.name,
    run.note,
    run.provider,
    run.machine,
    run.profile,
    run.workspaceFolder,
    JSON.stringify(run.spec),
    run.code && JSON.stringify(run.code),
    run.resumedFrom && JSON.stringify(run.resumedFrom),
    run.state,
    Math.round(run.stateSince),
    run.stateReason,
    Math.round(run.createdAt),
    roundedOrNull(run.startedAt),
    roundedOrNull(run.endedAt),
    run.exitCode,
    run.signal,
    run.rate,
    run.logPath,
    roundedOrNull(run.leaseUntil),
    run.after && JSON.stringify(run.after),
    run.starter && JSON.stringify(run.starter),
    roundedOrNull(run.foundAt),
  ];
  const marks = values.map(() => '?').join(', ');
  const sql = `INSERT INTO runs (${RUN_COLUMNS}) VALUES (${marks}) ON CONFLICT (id) DO NOTHING`;
  return handle.run(sql, ...values) === 1;
}

/**
 * Reads a row of `runs`.
 *
 * @param row - with all of `RUN_COLUMNS`
 * @returns the run
 * @throws {LedgerError} `ledger-malformed`
 */
export function runOf(row: Row): Run {
  const code = maybeJsonObject(row, 'code');
  const origin = maybeJsonObject(row, 'resumed_from');
  const after = maybeJsonObject(row, 'after');
  const starter = maybeJsonObject(row, 'starter');
  return {
    id: runIdOf(row, 'id'),
    name: text(row, 'name'),
    note: text(row, 'note'),
    provider: text(row, 'provider'),
    machine: text(row, 'machine'),
    profile: maybeText(row, 'profile'),
    workspaceFolder: maybeText(row, 'workspace_folder'),
    spec: specOf(jsonObject(row, 'spec')),
    code: code && codeOf(code),
    resumedFrom: origin && originOf(origin),
    state: oneOf(row, 'state', RUN_STATES),
    stateSince: integer(row, 'state_since'),
    stateReason: text(row, 'state_reason'),
    createdAt: integer(row, 'created_at'),
    startedAt: maybeInteger(row, 'started_at'),
    endedAt: maybeInteger(row, 'ended_at'),
    exitCode: maybeInteger(row, 'exit_code'),
    signal: maybeInteger(row, 'signal'),
    rate: maybeRate(row, 'rate'),
    logPath: maybeText(row, 'log_path'),
    leaseUntil: maybeInteger(row, 'lease_until'),
    after: after && afterOf(after),
    starter: starter && { installation: text(starter, 'installation'), host: text(starter, 'host') },
    foundAt: maybeInteger(row, 'found_at'),
  };
}

/**
 * Rounds a time for an integer column.
 *
 * @param value - ms since the epoch, or `null`
 * @returns the same, whole
 */
export function roundedOrNull(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}

function specOf(value: JsonObject): RunSpec {
  return {
    argv: texts(value, 'argv'),
    env: textsByName(value, 'env'),
    secrets: texts(value, 'secrets'),
    directory: text(value, 'directory'),
    checkpointDirectory: text(value, 'checkpointDirectory'),
    checkpointGlobs: texts(value, 'checkpointGlobs'),
    best: bestOf(value['best']),
    metricsPattern: maybeText(value, 'metricsPattern'),
    resumeArgs: texts(value, 'resumeArgs'),
    setup: texts(value, 'setup'),
    setupKey: maybeText(value, 'setupKey'),
    setupOutputs: value['setupOutputs'] === undefined ? [] : texts(value, 'setupOutputs'),
    graceSeconds: Number(value['graceSeconds']),
    leaseSeconds: numberOrNull(value['leaseSeconds']),
    idleSeconds: numberOrNull(value['idleSeconds']),
    sharedDirectory: value['sharedDirectory'] === true,
    after: afterSpecOf(value['after']),
    place: placeOf(value['place']),
  };
}

// Absent in rows from before anything happened after runs.
function afterSpecOf(value: unknown): AfterSpec {
  if (!isObject(value)) {
    return NOTHING_AFTER;
  }
  return {
    durable: maybeText(value, 'durable'),
    webhook: maybeText(value, 'webhook'),
    holdSeconds: Number(value['holdSeconds']),
  };
}

function afterOf(value: JsonObject): RunAfter {
  const { saved, webhook, heldUntil } = value;
  return {
    state: oneOf(value, 'state', AFTER_STATES),
    saved: Array.isArray(saved)
      ? saved.filter(isObject).map((item) => ({ name: text(item, 'name'), bytes: Number(item['bytes']) }))
      : malformed('after.saved', saved),
    place: maybeText(value, 'place'),
    error: maybeText(value, 'error'),
    webhook: webhook === 'sent' || webhook === 'failed' ? webhook : null,
    ...(typeof heldUntil === 'number' ? { heldUntil } : {}),
  };
}

function placeOf(value: unknown): RunSpec['place'] {
  if (!isObject(value)) {
    return null;
  }
  return {
    source: text(value, 'source'),
    tree: text(value, 'tree'),
    keep: text(value, 'keep'),
    kept: texts(value, 'kept'),
    exclude: texts(value, 'exclude'),
    manifest: text(value, 'manifest'),
  };
}

function bestOf(value: unknown): RunSpec['best'] {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const { metric, mode } = value as Readonly<Record<string, unknown>>;
  return typeof metric === 'string' ? { metric, mode: mode === 'max' ? 'max' : 'min' } : null;
}

function codeOf(value: JsonObject): CodeState {
  return {
    commit: maybeText(value, 'commit'),
    branch: maybeText(value, 'branch'),
    dirty: value['dirty'] === true,
    patch: typeof value['patch'] === 'boolean' ? value['patch'] : null,
  };
}

function originOf(value: JsonObject): ResumeOrigin {
  return {
    runId: asRunId(text(value, 'runId')) ?? malformed('resumed_from', value),
    checkpointPath: text(value, 'checkpointPath'),
    step: numberOrNull(value['step']),
  };
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function texts(value: JsonObject, key: string): readonly string[] {
  const list = value[key];
  const isList = Array.isArray(list) && list.every((item) => typeof item === 'string');
  return isList ? list : malformed(`spec.${key}`, list);
}

function textsByName(value: JsonObject, key: string): Readonly<Record<string, string>> {
  const map = value[key];
  if (!isObject(map)) {
    return malformed(`spec.${key}`, map);
  }
  return Object.fromEntries(Object.keys(map).map((name) => [name, text(map, name)]));
}
