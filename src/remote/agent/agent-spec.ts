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
  /** Kept on the machine as `run.json`, so that the run explains itself. */
  readonly record: unknown;
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
  for (const argument of spec.setup) {
    lines.push(`setup ${encodeWire(argument, 'setup argument')}`);
  }
  if (spec.setupKey !== null) {
    lines.push(`setupkey ${spec.setupKey}`);
  }
  lines.push(`json ${encodeWire(JSON.stringify(spec.record), 'run record')}`, 'end', '');
  return lines.join('\n');
}

function checkedName(name: string): string {
  if (!ENV_NAME.test(name)) {
    throw new ValidationError('env', `not an environment name: ${name}`);
  }
  return name;
}
