import * as l10n from '@vscode/l10n';
import { formatDuration } from '../core/format.ts';
import { NEXT_STATES } from '../core/model/run-states.ts';
import type { Run, RunState } from '../core/model/run.ts';
import type { RunStatus } from '../remote/agent/agent-answers.ts';
import { complaintLine } from './complaint.ts';

/** A change of a run that its machine's answer calls for. */
export interface RunTransition {
  readonly state: RunState;
  /** Why, for people. */
  readonly reason: string;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly exitCode: number | null;
  readonly signal: number | null;
}

const MS = 1000;

/**
 * Reads what an agent's answer means for a run.
 *
 * @param run - as the ledger has it
 * @param status - as the machine has it
 * @param now - milliseconds since the epoch
 * @returns the change, or `undefined` when there is none
 */
export function transitionFor(
  run: Run,
  status: RunStatus,
  now: number,
): RunTransition | undefined {
  const next = describe(run, status, now);
  const moves = next.state !== run.state && NEXT_STATES[run.state].includes(next.state);
  return moves ? next : undefined;
}

/**
 * Says why a run is in the state it was in already.
 *
 * @param run - as the ledger has it
 * @param status - as the machine has it
 * @param now - milliseconds since the epoch
 * @returns the reason for people, or `undefined` when the machine tells another state
 */
export function sameStateReason(run: Run, status: RunStatus, now: number): string | undefined {
  const { state, reason } = describe(run, status, now);
  return state === run.state ? reason : undefined;
}

function describe(run: Run, status: RunStatus, now: number): RunTransition {
  const startedAt = status.started == null ? run.startedAt : status.started * MS;
  const base = { startedAt, endedAt: null, exitCode: null, signal: null };
  switch (status.state) {
    case 'starting':
      return { ...base, state: 'starting', reason: l10n.t('Preparing on the machine') };
    case 'running':
      return { ...base, state: 'running', reason: l10n.t('Running') };
    case 'stopping':
      return { ...base, state: 'stopping', reason: l10n.t('Stop requested') };
    case 'ended':
      return ended(run, status, base, now);
    case 'missing':
      return {
        ...base,
        state: run.state === 'queued' ? 'queued' : 'lost',
        reason: l10n.t('Its run directory is gone from the machine'),
        endedAt: now,
      };
    case 'elsewhere':
      return {
        ...base,
        state: run.state === 'queued' ? 'running' : run.state,
        reason: l10n.t('Under way on {0}, which shares its files with this machine', status.host ?? '?'),
      };
    case 'lost':
      return { ...base, state: 'lost', reason: lostReason(run, status), endedAt: lostAt(status, now) };
  }
}

function ended(
  run: Run,
  status: RunStatus,
  base: Pick<RunTransition, 'startedAt'>,
  now: number,
): RunTransition {
  const exit = status.exit;
  const endedAt = exit == null ? now : exit.ended * MS;
  const outcome = { ...base, endedAt, exitCode: exit?.code ?? null, signal: exit?.signal ?? null };
  if (exit == null) {
    return { ...outcome, state: 'lost', reason: l10n.t('It ended without a record') };
  }
  if (exit.stop !== null) {
    const reason = stoppedReason(run, status, exitReason(exit.code, exit.signal));
    return { ...outcome, state: 'stopped', reason: withLeft(reason, status) };
  }
  if (exit.code === 0) {
    const reason = l10n.t('Finished with exit code 0');
    return { ...outcome, state: 'succeeded', reason: withLeft(reason, status) };
  }
  return { ...outcome, state: 'failed', reason: withLeft(failedReason(exit), status) };
}

function stoppedReason({ spec }: Run, { exit, lease }: RunStatus, code: string): string {
  switch (exit?.stop) {
    case 'lease': {
      // What it was in the end: it may have been extended.
      const seconds = lease?.total ?? spec.leaseSeconds ?? 0;
      return l10n.t('Stopped by its lease of {0}: {1}', formatDuration(seconds * MS), code);
    }
    case 'idle': {
      const time = formatDuration((spec.idleSeconds ?? 0) * MS);
      return l10n.t('Stopped: nothing happened for {0}: {1}', time, code);
    }
    default:
      return l10n.t('Stopped by you: {0}', code);
  }
}

function failedReason(exit: NonNullable<RunStatus['exit']>): string {
  const code = exitReason(exit.code, exit.signal);
  switch (exit.reason) {
    case 'cwd-missing':
      return l10n.t('Its working directory does not exist');
    case 'cwd-denied':
      return l10n.t('Its working directory cannot be entered');
    case 'command-missing':
      return l10n.t('Its command was not found');
    case 'command-denied':
      return l10n.t('Its command cannot be executed');
    case 'setup-failed':
      return l10n.t('The set-up step failed: {0}', code);
    default:
      return exit.oom === true
        ? l10n.t('The machine ran out of memory and ended it: {0}', code)
        : l10n.t('Ended: {0}', code);
  }
}

// A run may leave processes behind, a TensorBoard for one.
function withLeft(reason: string, status: RunStatus): string {
  const orphans = status.orphans ?? 0;
  switch (orphans) {
    case 0:
      return reason;
    case 1:
      return l10n.t('{0}. It left 1 process behind; “End Leftover Processes” ends it.', reason);
    default:
      return l10n.t('{0}. It left {1} processes behind; “End Leftover Processes” ends them.', reason, orphans);
  }
}

/**
 * Says what an exit code means.
 *
 * @param code - as the shell reports it
 * @param signal - the signal the code reads as, when it does
 * @returns a short text for people
 */
export function exitReason(code: number, signal: number | null): string {
  if (signal !== null) {
    return l10n.t('signal {0}, or exit code {1}', signalName(signal), code);
  }
  if (code === 127) {
    return l10n.t('exit code 127: the command was not found');
  }
  if (code === 126) {
    return l10n.t('exit code 126: the command cannot be executed');
  }
  return l10n.t('exit code {0}', code);
}

const SIGNALS: Readonly<Record<number, string>> = {
  1: 'HUP',
  2: 'INT',
  3: 'QUIT',
  4: 'ILL',
  6: 'ABRT',
  7: 'BUS',
  8: 'FPE',
  9: 'KILL',
  11: 'SEGV',
  13: 'PIPE',
  15: 'TERM',
};

function signalName(signal: number): string {
  return SIGNALS[signal] ?? String(signal);
}

function lostReason({ spec }: Run, status: RunStatus): string {
  const evidence = status.evidence;
  const lines = [l10n.t('Its end was not recorded.')];
  if (evidence?.boot === 'changed') {
    lines.push(l10n.t('The machine was restarted.'));
  } else if (evidence?.oom === true) {
    lines.push(l10n.t('The machine ran out of memory and ended processes.'));
  } else {
    lines.push(l10n.t('The process that watched over it is gone.'));
  }
  if (evidence?.child === 'alive') {
    lines.push(l10n.t('The training itself still runs; Stop ends it.'));
  }
  const complaint = complaintLine(evidence?.complaint, spec.secrets);
  if (complaint !== null) {
    lines.push(l10n.t('Last said there: {0}', complaint));
  }
  return lines.join(' ');
}

function lostAt(status: RunStatus, now: number): number {
  const beat = status.evidence?.lastbeat ?? status.beat;
  return beat == null ? now : beat * MS;
}
