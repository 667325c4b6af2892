import { basename, resolve } from 'node:path';
import type { ResolvedProfile } from '../core/config/resolve-profile.ts';
import type { Checkpoint } from '../core/model/records.ts';
import { NOTHING_AFTER } from '../core/model/run-after.ts';
import type { ResumeOrigin, Run, RunSpec } from '../core/model/run.ts';
import type { PythonChoice } from './command-line.ts';
import { commandLine, resumeCommand } from './command-line.ts';

/** Everything a launch needs, decided; the same plan always runs the same thing. */
export interface LaunchPlan {
  readonly name: string;
  readonly provider: string;
  readonly machine: string;
  readonly profile: string | null;
  /** Absolute path of the workspace folder, when there is one. */
  readonly workspaceFolder: string | null;
  readonly spec: RunSpec;
  /** Patterns of files that are not sent to another machine, as in `.gitignore`. */
  readonly exclude: readonly string[];
  readonly resumedFrom: ResumeOrigin | null;
}

/** What decides the plan of a single script. */
export interface ScriptRequest {
  /** Absolute path of the script. */
  readonly script: string;
  /** Absolute working directory. */
  readonly directory: string;
  readonly workspaceFolder: string | null;
  /** The command as it will run, already resolved. */
  readonly argv: readonly string[];
  /** From the configuration: where checkpoints go when nothing else is said. */
  readonly checkpointDirectory: string;
  /** `auto`, `cpu`, `cuda` or what the framework knows. */
  readonly device: string;
  /** Patterns of files that are not sent to another machine. */
  readonly exclude: readonly string[];
  readonly provider: string;
  readonly machine: string;
}

/** Arguments that resume when nothing else is said. */
export const DEFAULT_RESUME_ARGS: readonly string[] = ['--resume', '{checkpoint}'];

/** Seconds between TERM and KILL when nothing else is said. */
export const DEFAULT_GRACE_SECONDS = 30;

/**
 * Plans the run of one script on the local machine, without any profile.
 *
 * @param request - script and place
 * @returns the plan
 */
export function planScript(request: ScriptRequest): LaunchPlan {
  const checkpointDirectory = resolve(request.directory, request.checkpointDirectory);
  return {
    name: basename(request.script),
    provider: request.provider,
    machine: request.machine,
    profile: null,
    workspaceFolder: request.workspaceFolder,
    exclude: request.exclude,
    resumedFrom: null,
    spec: {
      argv: request.argv,
      env: runEnvironment({}, checkpointDirectory, request.device, null),
      secrets: [],
      directory: request.directory,
      checkpointDirectory,
      checkpointGlobs: [],
      best: null,
      metricsPattern: null,
      resumeArgs: DEFAULT_RESUME_ARGS,
      setup: [],
      setupKey: null,
      setupOutputs: [],
      graceSeconds: DEFAULT_GRACE_SECONDS,
      leaseSeconds: null,
      idleSeconds: null,
      sharedDirectory: false,
      after: NOTHING_AFTER,
      place: null,
    },
  };
}

/** What decides the plan of a profile beside the profile itself. */
export interface ProfilePlace {
  readonly provider: string;
  readonly machine: string;
  readonly workspaceFolder: string;
  readonly python: PythonChoice;
  /** Hash of the set-up step's inputs; `null` when there is none. */
  readonly setupKey: string | null;
}

/**
 * Plans the run of a profile.
 *
 * @param profile - of the configuration
 * @param place - where it runs, and how Python does there
 * @returns the plan
 */
export function planProfile(profile: ResolvedProfile, place: ProfilePlace): LaunchPlan {
  const { checkpointDirectory, device, cacheDirectory } = profile;
  return {
    name: profile.name,
    provider: place.provider,
    machine: place.machine,
    profile: profile.name,
    workspaceFolder: place.workspaceFolder,
    exclude: profile.exclude,
    resumedFrom: null,
    spec: {
      argv: commandLine(profile.argv, place.python),
      env: runEnvironment(profile.env, checkpointDirectory, device, cacheDirectory),
      secrets: profile.secrets,
      directory: profile.directory,
      checkpointDirectory,
      checkpointGlobs: profile.checkpointGlobs,
      best: profile.keepBest,
      metricsPattern: profile.metricsPattern,
      resumeArgs: profile.resumeArgs,
      setup: profile.setup,
      setupKey: place.setupKey,
      setupOutputs: profile.setupOutputs,
      graceSeconds: profile.graceSeconds,
      // A rented machine has a lease of its own.
      leaseSeconds: isOwned(place.provider) ? secondsOf(profile.maxHours, 3600) : null,
      idleSeconds: isOwned(place.provider) ? secondsOf(profile.idleMinutes, 60) : null,
      sharedDirectory: profile.sharedDirectory,
      after: {
        durable: profile.durable,
        webhook: profile.webhook,
        holdSeconds: isOwned(place.provider) ? 0 : profile.holdOnFailureSeconds,
      },
      place: null,
    },
  };
}

function isOwned(provider: string): boolean {
  return provider === 'local' || provider === 'ssh';
}

function secondsOf(value: number | null, unit: number): number | null {
  return value === null ? null : Math.max(1, Math.round(value * unit));
}

/**
 * Plans the same run once more: same command, same place, from where it began.
 *
 * @param run - the earlier run
 * @returns the plan of the new run
 */
export function planAgain(run: Run): LaunchPlan {
  const { name, provider, machine, profile, workspaceFolder, resumedFrom, spec } = run;
  return {
    name,
    provider,
    machine,
    profile,
    workspaceFolder,
    resumedFrom,
    exclude: spec.place?.exclude ?? [],
    // Its inputs may have changed since: the step runs again.
    spec: { ...spec, setupKey: null },
  };
}

/**
 * Plans a run that goes on from a checkpoint of an earlier one: same command,
 * same place, and the arguments that resume.
 *
 * @param run - the earlier run
 * @param checkpoint - path and step of the checkpoint
 * @returns the plan of the new run
 */
export function planResume(
  run: Run,
  checkpoint: Pick<Checkpoint, 'path' | 'step'>,
): LaunchPlan {
  const again = planAgain(run);
  const { spec } = again;
  return {
    ...again,
    resumedFrom: { runId: run.id, checkpointPath: checkpoint.path, step: checkpoint.step },
    spec: {
      ...spec,
      argv: resumeCommand(spec.argv, spec.resumeArgs, checkpoint.path),
      env: { ...spec.env, RUNCTL_RESUME_FROM: checkpoint.path },
    },
  };
}

/**
 * The environment every run is given beside the user's own.
 *
 * @param own - from the profile; wins over nothing below but PYTHONUNBUFFERED
 * @param checkpointDirectory - absolute path on the machine
 * @param device - `auto`, `cpu`, `cuda` or what the framework knows
 * @param cache - absolute folder for models, data sets and packages
 * @returns all variables; the agent adds the run's id
 */
export function runEnvironment(
  own: Readonly<Record<string, string>>,
  checkpointDirectory: string,
  device: string,
  cache: string | null,
): Readonly<Record<string, string>> {
  const caches =
    cache === null
      ? {}
      : {
          HF_HOME: `${cache}/huggingface`,
          TORCH_HOME: `${cache}/torch`,
          PIP_CACHE_DIR: `${cache}/pip`,
          UV_CACHE_DIR: `${cache}/uv`,
        };
  return {
    ...caches,
    ...own,
    RUNCTL_CHECKPOINT_DIR: checkpointDirectory,
    RUNCTL_DEVICE: device,
  };
}
