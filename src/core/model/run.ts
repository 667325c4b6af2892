import type { RunId } from '../ids.ts';
import type { MicroDollarsPerHour } from '../money.ts';
import type { AfterSpec, RunAfter } from './run-after.ts';

/** Where a run stands. `lost` means its end was not recorded; never "done". */
export type RunState =
  | 'queued'
  | 'starting'
  | 'running'
  | 'stopping'
  | 'succeeded'
  | 'failed'
  | 'stopped'
  | 'lost';

/** Where a copy of a workspace folder lies on a machine. */
export interface CodePlace {
  /** Absolute path of the workspace folder on the host it came from. */
  readonly source: string;
  /** Absolute directory of the code on the machine. */
  readonly tree: string;
  /** Absolute directory on the machine of what runs write and every tree shares. */
  readonly keep: string;
  /** Folders below {@link source} that lie in {@link keep}, relative, `/` between parts. */
  readonly kept: readonly string[];
  /** Patterns of what was not sent, as in `.gitignore`. */
  readonly exclude: readonly string[];
  /** Names what the tree held: the same content has the same name. */
  readonly manifest: string;
}

/** What to run, complete enough to run it again. No secret values. */
export interface RunSpec {
  /** Program and arguments, passed to the system as they are. */
  readonly argv: readonly string[];
  /** Added to the environment of the machine's user. */
  readonly env: Readonly<Record<string, string>>;
  /** Names of the secrets given to the run. */
  readonly secrets: readonly string[];
  /** Absolute working directory on the machine. */
  readonly directory: string;
  /** Absolute checkpoint directory on the machine. */
  readonly checkpointDirectory: string;
  /** Globs, relative to the checkpoint directory, of what is a checkpoint. */
  readonly checkpointGlobs: readonly string[];
  /** Which checkpoint is the best: by a metric of its side JSON; `null` for the usual signs. */
  readonly best: { readonly metric: string; readonly mode: 'min' | 'max' } | null;
  /** Regular expression with named groups for metrics; `null` for heuristics only. */
  readonly metricsPattern: string | null;
  /** Template of the arguments that resume, `{checkpoint}` standing for the path. */
  readonly resumeArgs: readonly string[];
  /** Preparation step, or empty. */
  readonly setup: readonly string[];
  /** Hash of the set-up step's inputs; `null` when it is never skipped. */
  readonly setupKey: string | null;
  /** Absolute paths on the machine that the step makes: it runs again when one is gone. */
  readonly setupOutputs: readonly string[];
  /** Seconds between TERM and KILL. */
  readonly graceSeconds: number;
  /** Seconds after which its machine ends it; `null` for never. */
  readonly leaseSeconds: number | null;
  /** Seconds without activity after which its machine ends it; `null` for never. */
  readonly idleSeconds: number | null;
  /** Whether another run may be active in the same directory. */
  readonly sharedDirectory: boolean;
  /** What is to happen once it has ended. */
  readonly after: AfterSpec;
  /** Where its code was brought; `null` when it runs where the workspace is. */
  readonly place: CodePlace | null;
}

/** The state of the code a run started from; `null` parts are unknown. */
export interface CodeState {
  readonly commit: string | null;
  readonly branch: string | null;
  readonly dirty: boolean;
  /**
   * Whether what was not committed was kept, on the computer that started the
   * run; false when there was nothing to keep, `null` in older records.
   */
  readonly patch: boolean | null;
}

/** Who started a run. */
export interface Starter {
  /** Names the installation; see `installationId`. */
  readonly installation: string;
  /** Name of the computer, for people. */
  readonly host: string;
}

/** From what a run went on. */
export interface ResumeOrigin {
  readonly runId: RunId;
  /** Absolute path of the checkpoint on the machine. */
  readonly checkpointPath: string;
  readonly step: number | null;
}

/** One execution of a training command. Times are ms since the epoch. */
export interface Run {
  readonly id: RunId;
  readonly name: string;
  readonly note: string;
  readonly provider: string;
  readonly machine: string;
  /** Profile of `.runctl.toml` it came from. */
  readonly profile: string | null;
  /** Absolute path of the workspace folder it was launched from. */
  readonly workspaceFolder: string | null;
  readonly spec: RunSpec;
  readonly code: CodeState | null;
  readonly resumedFrom: ResumeOrigin | null;
  readonly state: RunState;
  readonly stateSince: number;
  /** Why it is in this state, for people; translated when written. */
  readonly stateReason: string;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly exitCode: number | null;
  /** Signal number when the code reads as one (128 + N is ambiguous). */
  readonly signal: number | null;
  /** Price of the machine per hour at launch; `null` when unknown. */
  readonly rate: MicroDollarsPerHour | null;
  /** When its machine ends it, by this host's clock; `null` for never, or not known yet. */
  readonly leaseUntil: number | null;
  /** Absolute path of the log's copy on this host. */
  readonly logPath: string | null;
  /** What has become of its results; `null` while nothing is known of that. */
  readonly after: RunAfter | null;
  /** Who started it; `null` in records from before that was written down. */
  readonly starter: Starter | null;
  /**
   * Since when this installation knows it though another one started it;
   * `null` for its own, and for one it has adopted.
   */
  readonly foundAt: number | null;
}

/** States in which the run still uses its machine. */
export const ACTIVE_STATES: ReadonlySet<RunState> = new Set([
  'queued',
  'starting',
  'running',
  'stopping',
]);

/**
 * Tells whether the run still uses its machine.
 *
 * @param run - the run, or anything with a state
 * @returns true until it has ended or is lost
 */
export function isActive(run: Pick<Run, 'state'>): boolean {
  return ACTIVE_STATES.has(run.state);
}
