import type { RunStatus } from './agent-answers.ts';

/** Clocks closer than this are taken for the same, in milliseconds: the machine tells whole seconds. */
const SAME_MS = 5000;
const MS = 1000;

/**
 * Says how far the clock of a machine is ahead of this host's.
 *
 * @param there - its time, ms since the epoch in whole seconds; `null` when it told none
 * @param asked - this host's time before it was asked, ms since the epoch
 * @param answered - this host's time afterwards
 * @returns milliseconds, negative when it is behind; 0 when they go alike
 */
export function clockAhead(there: number | null, asked: number, answered: number): number {
  const ahead = there === null ? 0 : there + MS / 2 - (asked + answered) / 2;
  return Math.abs(ahead) < SAME_MS + (answered - asked) / 2 ? 0 : Math.round(ahead);
}

/**
 * Tells the times of a status by this host's clock, so that ages and ends of
 * runs are right whatever the machine takes for now.
 *
 * @param status - as the machine has it
 * @param ahead - see {@link clockAhead}
 * @returns the status with other times
 */
export function inHostTime(status: RunStatus, ahead: number): RunStatus {
  if (ahead === 0) {
    return status;
  }
  const { started, beat, exit, evidence } = status;
  return {
    ...status,
    started: shifted(started, ahead),
    beat: shifted(beat, ahead),
    exit: exit == null ? exit : { ...exit, ended: exit.ended - ahead / MS },
    evidence:
      evidence == null ? evidence : { ...evidence, lastbeat: shifted(evidence.lastbeat, ahead) },
  };
}

function shifted(seconds: number | null | undefined, ahead: number): number | null {
  return seconds == null ? null : seconds - ahead / MS;
}
