import type { Clock } from '../../core/clock.ts';
import type { Resource } from '../../core/model/records.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { DEFAULT_DIRECTORY, plainMachine } from './ssh-machine.ts';
import type { SshMachine } from './ssh-machine.ts';
import { targetOf } from './ssh-target.ts';

/** Provider id of all machines reached by SSH. */
export const SSH_PROVIDER = 'ssh';

/**
 * The machines this person has agreed to use. They stay in the ledger when the
 * file that named them is gone, since runs may still be on them.
 */
export class KnownMachines {
  private readonly ledger: Ledger;
  private readonly clock: Clock;

  constructor(ledger: Ledger, clock: Clock) {
    this.ledger = ledger;
    this.clock = clock;
  }

  /**
   * Lists them.
   *
   * @returns what was said of each when it was last used
   */
  async list(): Promise<readonly SshMachine[]> {
    const resources = await this.ledger.resources.list({ provider: SSH_PROVIDER });
    return resources.filter(({ kind }) => kind === 'machine').map(machineFrom);
  }

  /**
   * Remembers that a machine may be used.
   *
   * @param machine - what is said of it now
   */
  async remember(machine: SshMachine): Promise<void> {
    const { id, name, rate, directory, connectTimeoutSeconds, keepaliveSeconds } = machine;
    await this.ledger.resources.upsertSeen(
      [
        {
          provider: SSH_PROVIDER,
          id,
          kind: 'machine',
          name,
          state: 'running',
          rate,
          facts: { directory, connectTimeoutSeconds, keepaliveSeconds },
        },
      ],
      this.clock.now(),
    );
  }

  /**
   * Forgets a machine: it is asked about again before its next use.
   *
   * @param id - of the machine
   */
  async forget(id: string): Promise<void> {
    await this.ledger.resources.markGone(SSH_PROVIDER, id, this.clock.now());
  }
}

function machineFrom({ id, name, rate, facts }: Resource): SshMachine {
  const { directory, connectTimeoutSeconds, keepaliveSeconds } = facts;
  return {
    ...plainMachine(targetOf(id)),
    id,
    name,
    rate,
    directory: typeof directory === 'string' ? directory : DEFAULT_DIRECTORY,
    connectTimeoutSeconds: numberOrNull(connectTimeoutSeconds),
    keepaliveSeconds: numberOrNull(keepaliveSeconds),
  };
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
