import { ValidationError } from '../../core/errors.ts';
import { encodeWire } from '../wire.ts';

/** Everything the agent needs to start a run; see `docs/agent.md`. */
export interface AgentSpec {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Values by name; they travel over stdin only. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly directory: string;
  readonly graceSeconds: number;
  /** The run is ended so long after its start; `null` for never. */
  readonly leaseSeconds: number | null;
  /** The run is ended after so long without activity; `null` for never. */
  readonly idleSeconds: number | null;
  readonly sharedDirectory: boolean;
  readonly setup: readonly string[];
  readonly setupKey: string | null;
  /** Hexadecimal name of the step: the machine notes one key of each. */
  readonly setupStep: string;
  /** What the step makes, absolute: without it the step runs again. */
  readonly setupOutputs: readonly string[];
  /** Kept on the machine as `run.json`, so that the run explains itself. */
  readonly record: unknown;
  /** What the machine does once the run has ended; absent for nothing. */
  readonly after?: AgentAfter;
}

/** What a machine does by itself after a run, whether or not anybody looks; see `docs/agent.md`. */
export interface AgentAfter {
  /** The run's checkpoints: absolute, from `~/`, or below its directory; `null` for none. */
  readonly checkpoints: string | null;
  /** `s3://bucket/prefix`, below which the run is saved; `null` for nowhere. */
  readonly durable: string | null;
  /** Credentials and endpoint of the durable place by their AWS names; the run never sees them. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Told of the end: an https address, or http on the machine itself; `null` for nobody. */
  readonly webhook: string | null;
  /** How long the action waits when the run failed; `null` for not at all. */
  readonly holdSeconds: number | null;
  /** The command that ends the machine; empty where it stays. */
  readonly action: readonly string[];
  /** The longest that saving may take; `null` for the agent's own 15 minutes. */
  readonly saveLimitSeconds: number | null;
}

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Writes the text the agent's `start` verb reads from its standard input.
 *
 * @param spec - what to run
 * @returns lines of ASCII, ended by `end` so that a cut one is refused
 * @throws {ValidationError} when an environment name or a text cannot be passed on
 */
export function formatAgentSpec(spec: AgentSpec): string {
  const lines = ['runctl-spec 1'];
  for (const argument of spec.argv) {
    lines.push(`arg ${encodeWire(argument, 'argument')}`);
  }
  for (const [name, value] of Object.entries(spec.env)) {
    lines.push(`env ${checkedName(name)}=${encodeWire(value, name)}`);
  }
  for (const [name, value] of Object.entries(spec.secrets)) {
    lines.push(`secret ${checkedName(name)}=${encodeWire(value, name)}`);
  }
  lines.push(`cwd ${encodeWire(spec.directory, 'directory')}`);
  lines.push(`grace ${String(Math.max(0, Math.trunc(spec.graceSeconds)))}`);
  for (const [name, seconds] of [['lease', spec.leaseSeconds], ['idle', spec.idleSeconds]] as const) {
    if (seconds !== null) {
      lines.push(`${name} ${String(Math.max(1, Math.trunc(seconds)))}`);
    }
  }
  if (spec.sharedDirectory) {
    lines.push('shared 1');
  }
  if (spec.setup.length > 0) {
    lines.push(...setupLines(spec));
  }
  if (spec.after !== undefined) {
    lines.push(...afterLines(spec.after));
  }
  lines.push(`json ${encodeWire(JSON.stringify(spec.record), 'run record')}`, 'end', '');
  return lines.join('\n');
}

/**
 * Writes the text the agent's `save` verb reads from its standard input.
 *
 * @param secrets - credentials and endpoint of the durable place by their AWS names
 * @returns lines of ASCII, ended by `end` so that a cut one is refused
 * @throws {ValidationError} when a name or a value cannot be passed on
 */
export function formatAfterSecrets(secrets: Readonly<Record<string, string>>): string {
  return [...secretLines(secrets), 'end', ''].join('\n');
}

function afterLines(after: AgentAfter): string[] {
  const lines = secretLines(after.secrets);
  for (const name of ['checkpoints', 'durable', 'webhook'] as const) {
    const text = after[name];
    if (text !== null) {
      lines.push(`${name} ${encodeWire(text, name)}`);
    }
  }
  for (const [name, seconds] of [
    ['hold', after.holdSeconds],
    ['save-limit', after.saveLimitSeconds],
  ] as const) {
    if (seconds !== null) {
      lines.push(`${name} ${String(Math.max(1, Math.trunc(seconds)))}`);
    }
  }
  return [...lines, ...after.action.map((word) => `action ${encodeWire(word, 'action')}`)];
}

function secretLines(secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets).map(
    ([name, value]) => `after-secret ${checkedName(name)}=${encodeWire(value, name)}`,
  );
}

function setupLines({ setup, setupKey, setupStep, setupOutputs }: AgentSpec): readonly string[] {
  return [
    ...setup.map((argument) => `setup ${encodeWire(argument, 'setup argument')}`),
    `setupstep ${setupStep}`,
    ...(setupKey === null ? [] : [`setupkey ${setupKey}`]),
    ...setupOutputs.map((path) => `setupoutput ${encodeWire(path, 'setup output')}`),
  ];
}

function checkedName(name: string): string {
  if (!ENV_NAME.test(name)) {
    throw new ValidationError('env', `not an environment name: ${name}`);
  }
  return name;
}
