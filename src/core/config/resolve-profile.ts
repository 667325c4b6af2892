import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import * as l10n from '@vscode/l10n';
import { notFoundWithSuggestions, openAt } from '../error-helpers.ts';
import { ConfigError } from '../errors.ts';
import { projectNameFrom } from '../validation.ts';
import type { ConfigProblem } from './problem.ts';
import type { RunctlConfig, RunProfileConfig } from './schema.ts';

/** A run profile ready to launch: nothing left to look up, paths absolute. */
export interface ResolvedProfile {
  readonly name: string;
  readonly project: string;
  readonly provider: 'local' | 'ssh' | 'aws' | 'runpod' | 'lyceum';
  /** Name under `[machines]`, `local`, or a machine of the provider; `null` for a new one. */
  readonly machine: string | null;
  /** Command and arguments as configured, before any interpreter is put in front. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Names, not values. */
  readonly secrets: readonly string[];
  readonly directory: string;
  readonly checkpointDirectory: string;
  /** Relative to the checkpoint directory; empty for the known kinds. */
  readonly checkpointGlobs: readonly string[];
  readonly metricsPattern: string | null;
  readonly resumeArgs: readonly string[];
  /** Argument vector; empty for none. */
  readonly setup: readonly string[];
  /** Relative to the directory. */
  readonly setupInputs: readonly string[];
  /** Absolute paths the step makes. */
  readonly setupOutputs: readonly string[];
  readonly graceSeconds: number;
  readonly sharedDirectory: boolean;
  /** Of a rented machine, or of the run on one's own. */
  readonly maxHours: number | null;
  readonly idleMinutes: number | null;
  readonly afterRun: 'terminate' | 'stop' | 'keep';
  readonly holdOnFailureSeconds: number;
  readonly webhook: string | null;
  /** `s3://bucket/prefix`, or `window`; `null` for nowhere. */
  readonly durable: string | null;
  readonly keepLast: number;
  readonly keepBest: { readonly metric: string; readonly mode: 'min' | 'max' } | null;
  readonly cacheDirectory: string | null;
  /** Such as `auto` or `cuda:0`. */
  readonly device: string;
  /** Patterns of files that are not sent to another machine, as in `.gitignore`. */
  readonly exclude: readonly string[];
}

/**
 * Fills a run profile from the sections it leans on.
 *
 * @param config - a valid configuration
 * @param name - of the profile
 * @param folder - absolute path that relative paths start from
 * @param home - what `~` stands for
 * @param problems - found in the files; an error opens the place of the one it is about
 * @returns the profile
 * @throws {NotFoundError} when there is no such profile, or no such machine
 * @throws {ConfigError} when provider and machine contradict each other
 */
export function resolveProfile(
  config: RunctlConfig,
  name: string,
  folder: string,
  home: string = homedir(),
  problems: readonly ConfigProblem[] = [],
): ResolvedProfile {
  const profile = Object.hasOwn(config.runs, name) ? config.runs[name] : undefined;
  if (profile === undefined) {
    throw notFoundWithSuggestions(l10n.t('run profile'), name, Object.keys(config.runs));
  }
  const { provider, machine } = placeOf(config, name, profile, problems);
  // A limit on spending must not end what costs nothing.
  const isRented = provider !== 'local' && provider !== 'ssh';
  const directory = absolute(folder, profile.cwd, home);
  const localDir = provider === 'local' ? config.local.checkpoint_dir : null;
  const checkpointDir = profile.checkpoint_dir ?? localDir ?? config.checkpoint.dir;
  return {
    name,
    project: config.project.name ?? projectNameFrom(basename(folder)),
    provider,
    machine,
    argv: [...profile.command, ...profile.args],
    env: profile.env,
    secrets: profile.secrets,
    directory,
    checkpointDirectory: absolute(directory, checkpointDir, home),
    checkpointGlobs: profile.checkpoints,
    metricsPattern: profile.metrics,
    resumeArgs: profile.resume_args,
    setup: profile.setup ?? [],
    setupInputs: profile.setup_inputs,
    setupOutputs: profile.setup_outputs.map((path) => absolute(directory, path, home)),
    graceSeconds: profile.grace,
    sharedDirectory: profile.shared_directory,
    maxHours: profile.max_hours ?? (isRented ? config.costs.max_hours : null),
    idleMinutes: profile.idle_minutes,
    afterRun: profile.after_run,
    holdOnFailureSeconds: profile.hold_on_failure,
    webhook: profile.webhook,
    durable: profile.durable,
    keepLast: profile.keep_last ?? config.checkpoint.keep_last_n,
    keepBest: profile.keep_best,
    cacheDirectory: profile.cache === null ? null : absolute(directory, profile.cache, home),
    device: config.local.default_device,
    exclude: config.sync.exclude,
  };
}

function placeOf(
  config: RunctlConfig,
  name: string,
  { provider, machine }: RunProfileConfig,
  problems: readonly ConfigProblem[],
): Pick<ResolvedProfile, 'provider' | 'machine'> {
  const wanted = provider ?? (machine === null || machine === 'local' ? 'local' : 'ssh');
  if (wanted === 'local') {
    if (machine !== null && machine !== 'local') {
      throw contradiction(name, l10n.t('`provider = "local"` does not go with a machine.'));
    }
    return { provider: 'local', machine: 'local' };
  }
  return wanted === 'ssh'
    ? { provider: wanted, machine: sshMachine(config, name, machine, problems) }
    : { provider: wanted, machine };
}

function sshMachine(
  config: RunctlConfig,
  name: string,
  machine: string | null,
  problems: readonly ConfigProblem[],
): string {
  const machines = Object.keys(config.machines);
  const [only] = machines;
  if (machine === null) {
    if (only === undefined || machines.length > 1) {
      throw contradiction(name, l10n.t('Say with `machine` which of [machines] to run on.'));
    }
    return only;
  }
  if (!machines.includes(machine)) {
    const place = problems.find(
      ({ code, path }) => code === 'unknown-machine' && path === `runs.${name}.machine`,
    );
    throw notFoundWithSuggestions(l10n.t('machine'), machine, machines, {
      ...(place === undefined
        ? {}
        : { nextAction: openAt(place.file, place.range.startLine + 1, place.range.startColumn + 1) }),
    });
  }
  return machine;
}

function contradiction(name: string, reason: string): ConfigError {
  return new ConfigError(
    'profile-place',
    l10n.t('The run profile “{0}” cannot be launched: {1}', name, reason),
  );
}

function absolute(base: string, path: string, home: string): string {
  if (path === '~' || path.startsWith('~/')) {
    return join(home, path.slice(1));
  }
  return resolve(base, path);
}
