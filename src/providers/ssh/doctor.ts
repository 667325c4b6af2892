import type { Clock } from '../../core/clock.ts';
import { describeError, toRunctlError } from '../../core/error-chain.ts';
import type { NextAction } from '../../core/errors.ts';

/** What a step of the check found. */
export interface DoctorFinding {
  readonly level: 'ok' | 'warn' | 'fail';
  /** Translated; one line. */
  readonly text: string;
  /** What to do, translated. */
  readonly fix?: readonly string[];
}

/** One thing that is checked. */
export interface DoctorStep {
  /** Such as `auth`; others name it in `needs`. */
  readonly id: string;
  /** Translated. */
  readonly title: string;
  /** Steps without which this one has nothing to look at. */
  readonly needs: readonly string[];
  /** What it throws counts as a failure with the error's own steps. */
  readonly look: (signal: AbortSignal) => Promise<DoctorFinding>;
}

/** How a step stands. */
export interface DoctorLine {
  readonly id: string;
  readonly title: string;
  readonly level: 'waiting' | 'running' | 'skipped' | DoctorFinding['level'];
  /** Empty until it is known. */
  readonly text: string;
  readonly fix: readonly string[];
  /** The button of the error, if it had one. */
  readonly action: NextAction | null;
  /** Milliseconds it took; `null` until it has ended. */
  readonly tookMs: number | null;
  /** For the log; empty unless it threw. */
  readonly cause: string;
}

/** Whom a check tells, and what ends it. */
export interface DoctorRun {
  readonly clock: Clock;
  /** Told after each change. */
  readonly onChange: (lines: readonly DoctorLine[]) => void;
  readonly signal: AbortSignal;
}

/**
 * Checks step by step. What needs a step that failed is skipped, so the first
 * failure is the one to mend.
 *
 * @param steps - in order
 * @param run - see the fields
 * @returns how all stand at the end
 */
export async function runDoctor(
  steps: readonly DoctorStep[],
  run: DoctorRun,
): Promise<readonly DoctorLine[]> {
  const { clock, onChange, signal } = run;
  const lines = steps.map(lineOf);
  const broken = new Set<string>();
  for (const [index, step] of steps.entries()) {
    const set = (change: Partial<DoctorLine>): void => {
      lines[index] = { ...lineOf(step), ...change };
      onChange([...lines]);
    };
    if (isOver(signal) || step.needs.some((id) => broken.has(id))) {
      broken.add(step.id);
      set({ level: 'skipped' });
      continue;
    }
    set({ level: 'running' });
    const began = clock.monotonic();
    const found = await findingOf(step, signal);
    if (isOver(signal)) {
      broken.add(step.id);
      set({ level: 'skipped' });
      continue;
    }
    if (found.level === 'fail') {
      broken.add(step.id);
    }
    set({ ...found, tookMs: clock.monotonic() - began });
  }
  return lines;
}

// A function of its own: the compiler takes what it saw before an await for settled.
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

function lineOf({ id, title }: DoctorStep): DoctorLine {
  const nothing = { text: '', fix: [], action: null, tookMs: null, cause: '' };
  return { id, title, level: 'waiting', ...nothing };
}

type FullFinding = DoctorFinding & Partial<Pick<DoctorLine, 'action' | 'cause'>>;

async function findingOf({ look }: DoctorStep, signal: AbortSignal): Promise<FullFinding> {
  try {
    return await look(signal);
  } catch (error) {
    const { message, steps, nextAction } = toRunctlError(error);
    const action = nextAction ?? null;
    return { level: 'fail', text: message, fix: steps, action, cause: describeError(error) };
  }
}
