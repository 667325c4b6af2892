import type { MicroDollarsPerHour } from '../../core/money.ts';
import { machineIdOf } from './ssh-target.ts';
import type { SshTarget } from './ssh-target.ts';

/** One machine reached by SSH, as far as it was said. */
export interface SshMachine {
  /** `[user@]host[:port]`. */
  readonly id: string;
  /** For people: its name under `[machines]`, or its host. */
  readonly name: string;
  readonly target: SshTarget;
  /** Directory on the machine that holds the code, absolute or beginning with `~/`. */
  readonly directory: string;
  /** What an hour costs its owner; `null` when nobody said. */
  readonly rate: MicroDollarsPerHour | null;
  /** Seconds; `null` for what ssh does. */
  readonly connectTimeoutSeconds: number | null;
  /** Seconds between signs of life; `null` for what ssh does. */
  readonly keepaliveSeconds: number | null;
  /** File that names it; `null` when it is remembered, or picked by the person. */
  readonly namedIn: string | null;
}

/** Directory on a machine that holds code when nothing else is said. */
export const DEFAULT_DIRECTORY = '~/runctl';

/**
 * A machine of which only its address is known.
 *
 * @param target - where to connect
 * @returns the machine
 */
export function plainMachine(target: SshTarget): SshMachine {
  return {
    id: machineIdOf(target),
    name: target.host,
    target,
    directory: DEFAULT_DIRECTORY,
    rate: null,
    connectTimeoutSeconds: null,
    keepaliveSeconds: null,
    namedIn: null,
  };
}
