import * as l10n from '@vscode/l10n';
import { CancelledError, NotFoundError } from '../../core/errors.ts';
import type { Event } from '../../core/events.ts';
import { readSshConfig } from '../../remote/ssh/ssh-config-reader.ts';
import type { SshConfigPlaces } from '../../remote/ssh/ssh-config-reader.ts';
import { sshHosts } from '../../remote/ssh/ssh-hosts.ts';
import type { MachineView } from '../../resources/account-snapshot.ts';
import type { SourceReader } from '../../sync/source-reader.ts';
import type {
  Availability,
  ProviderCapabilities,
  ProviderListing,
  TrainingProvider,
} from '../training-provider.ts';
import type { DoctorCheck, WayListener } from './doctor-steps.ts';
import type { KnownMachines } from './known-machines.ts';
import { SSH_PROVIDER } from './known-machines.ts';
import type { MachinePool, PooledMachine } from './machine-pool.ts';
import type { SshKeys } from './ssh-keys.ts';
import { plainMachine } from './ssh-machine.ts';
import type { SshMachine } from './ssh-machine.ts';
import type { SshPerson } from './ssh-person.ts';
import { targetOf } from './ssh-target.ts';

/** What our own file says of the key of one server. */
export interface HostKeyRecord {
  /** Lines about it. */
  readonly count: () => Promise<number>;
  /** Drops them; you are shown the key again before the next use. */
  readonly forget: () => Promise<number>;
}

/** What the SSH provider is built from. */
export interface SshProviderParts {
  /** Machines that configuration files name now; read at each listing. */
  readonly named: () => Promise<readonly SshMachine[]>;
  readonly known: KnownMachines;
  readonly pool: MachinePool;
  readonly keys: SshKeys;
  /** Reads workspace folders for syncs. */
  readonly reader: SourceReader;
  /** False in an untrusted workspace: such a window contacts no machine by itself. */
  readonly mayContact: () => boolean;
  /** Where the SSH configuration is; the person's own unless told. */
  readonly configPlaces: SshConfigPlaces | undefined;
  /** Our own record of a machine's host key. */
  readonly hostKey: (machine: SshMachine) => Promise<HostKeyRecord>;
  /** Makes the check of a machine. */
  readonly check: (
    machine: SshMachine,
    person: SshPerson,
    open: () => Promise<PooledMachine>,
    hears: WayListener,
  ) => DoctorCheck;
}

/** Longest wait for one machine of a listing, in milliseconds. */
const FACTS_MS = 8000;

/** Every machine the person can log in to by SSH and has agreed to use. */
export class SshProvider implements TrainingProvider {
  readonly id = SSH_PROVIDER;
  readonly name = l10n.t('SSH');
  readonly capabilities: ProviderCapabilities = {
    stop: false,
    spot: false,
    volumes: false,
    lease: false,
    tags: false,
  };
  /** Reads workspace folders for syncs. */
  readonly reader: SourceReader;
  /** Those of the person, and our own. */
  readonly keys: SshKeys;
  /** Fires when a machine was connected to. */
  readonly onDidOpen: Event<PooledMachine>;
  private readonly parts: SshProviderParts;

  constructor(parts: SshProviderParts) {
    this.parts = parts;
    this.onDidOpen = parts.pool.onDidOpen;
    this.reader = parts.reader;
    this.keys = parts.keys;
  }

  availability(): Promise<Availability> {
    return Promise.resolve({ available: true });
  }

  /**
   * Lists the machines that are named or known. Only those the person has
   * agreed to use are contacted.
   *
   * @param signal - gives up
   * @returns each with facts, or with why there are none
   */
  async list(signal: AbortSignal): Promise<ProviderListing> {
    const known = new Map((await this.parts.known.list()).map((one) => [one.id, one]));
    const machines = await this.machines();
    const may = this.parts.mayContact();
    const views = machines.map((machine) => {
      const agreed = known.get(machine.id);
      return may && agreed !== undefined
        ? this.look(machine, agreed, signal)
        : Promise.resolve(this.untouched(machine));
    });
    return { machines: await Promise.all(views), resources: [] };
  }

  /**
   * Opens the way to a machine the person has agreed to use. Asks nothing: what
   * only the person can answer fails with the action that asks.
   *
   * @param machineId - id from a listing
   * @returns the machine, connected
   * @throws {NotFoundError} when the person has not agreed to use it
   * @throws {MachineError} when it cannot be reached
   */
  async connect(machineId: string): Promise<PooledMachine> {
    const known = await this.parts.known.list();
    const machine = known.find(({ id }) => id === machineId);
    if (machine === undefined) {
      throw new NotFoundError(
        'machine-unknown',
        l10n.t('{0} has not been used from this computer yet', machineId),
        {
          nextAction: {
            title: l10n.t('Connect…'),
            command: 'runctl.connectMachine',
            arguments: [machineId],
          },
        },
      );
    }
    return this.parts.pool.open(machine);
  }

  /**
   * Opens the way to a machine for a person who can answer, and remembers that
   * it may be used.
   *
   * @param machineId - `[user@]host[:port]`
   * @param person - is asked for what is not known yet
   * @returns the machine, connected
   * @throws {CancelledError} when the person does not want to use it
   * @throws {MachineError} when it cannot be reached
   */
  async prepare(machineId: string, person: SshPerson): Promise<PooledMachine> {
    const machine = await this.describe(machineId);
    const known = await this.parts.known.list();
    const isKnown = known.some(({ id }) => id === machineId);
    if (!isKnown && !(await person.confirmMachine(machine))) {
      throw new CancelledError();
    }
    const opened = await this.parts.pool.greet(machine, person);
    await this.parts.known.remember(machine);
    return opened;
  }

  /**
   * Shows a machine without contacting it.
   *
   * @param machineId - `[user@]host[:port]`
   * @returns the machine, without facts
   */
  async view(machineId: string): Promise<MachineView> {
    return this.untouched(await this.describe(machineId));
  }

  /**
   * Lists the hosts that the SSH configuration names, to pick from.
   *
   * @returns names without patterns
   */
  async hosts(): Promise<readonly string[]> {
    return sshHosts(await readSshConfig(this.parts.configPlaces));
  }

  /**
   * Makes a check of a machine, step by step.
   *
   * @param machineId - `[user@]host[:port]`
   * @param person - is asked for what is not known yet
   * @returns the check, not run yet
   * @throws {ValidationError} when it is no address
   */
  async check(machineId: string, person: SshPerson): Promise<DoctorCheck> {
    const machine = await this.describe(machineId);
    const { pool, check } = this.parts;
    return check(machine, person, () => this.prepare(machineId, person), {
      failed: (error) => void pool.noteTrouble(machineId, error),
      loggedIn: () => pool.noteReached(machineId),
    });
  }

  /**
   * Finds what our own file says of a machine's host key; the person's files are theirs.
   *
   * @param machineId - id from a listing
   * @returns the record
   * @throws {RunctlError} when the SSH configuration cannot be read
   */
  async hostKey(machineId: string): Promise<HostKeyRecord> {
    return this.parts.hostKey(await this.describe(machineId));
  }

  /**
   * Forgets a machine and ends the connection to it. What is on it stays.
   *
   * @param machineId - id from a listing
   */
  async forget(machineId: string): Promise<void> {
    await this.parts.known.forget(machineId);
    await this.parts.pool.forget(machineId);
  }

  /**
   * Ends every connection.
   *
   * @returns when all have ended
   */
  async close(): Promise<void> {
    this.keys.own.dispose();
    await this.parts.pool.close();
    await this.parts.reader.close();
  }

  /**
   * What is said of a machine, whether it was used before or not.
   *
   * @param machineId - `[user@]host[:port]`
   * @returns the machine; one that nobody named has only its address
   * @throws {ValidationError} when it is no address
   */
  async describe(machineId: string): Promise<SshMachine> {
    const found = (await this.machines()).find(({ id }) => id === machineId);
    return found ?? plainMachine(targetOf(machineId));
  }

  // What a file says now wins over what is remembered.
  private async machines(): Promise<readonly SshMachine[]> {
    const byId = new Map<string, SshMachine>();
    for (const machine of [...(await this.parts.known.list()), ...(await this.parts.named())]) {
      byId.set(machine.id, machine);
    }
    return [...byId.values()];
  }

  // By what the person agreed to, as everything in the background does: a file
  // that says otherwise must not have the one connection made anew each time.
  private async look(
    machine: SshMachine,
    agreed: SshMachine,
    signal: AbortSignal,
  ): Promise<MachineView> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(FACTS_MS)]);
    const look = await this.parts.pool.facts(agreed, limit);
    return { ...viewOf(machine), state: look.facts === null ? 'unknown' : 'running', ...look };
  }

  // One the person tried in vain before it was agreed to does not look untried.
  private untouched(machine: SshMachine): MachineView {
    const may = this.parts.mayContact();
    const trouble = may ? this.parts.pool.trouble(machine.id) : null;
    const plain = may ? l10n.t('not connected yet') : l10n.t('not contacted in Restricted Mode');
    const problem = trouble?.reason ?? plain;
    return { ...viewOf(machine), state: 'unknown', facts: null, problem, trouble };
  }
}

function viewOf({
  id,
  name,
  rate,
}: SshMachine): Pick<MachineView, 'id' | 'name' | 'provider' | 'rate' | 'rateSource'> {
  const rateSource =
    rate === null ? l10n.t('nobody: no price_per_hour is set') : l10n.t('your price_per_hour');
  return { provider: SSH_PROVIDER, id, name, rate, rateSource };
}
