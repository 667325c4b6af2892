import { join } from 'node:path';
import { ShellCheckpointFiles } from '../../checkpoints/shell-files.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { AgentSource } from '../../remote/agent/agent-script.ts';
import { KnownHosts } from '../../remote/ssh/known-hosts.ts';
import type { SshMachineShell } from '../../remote/ssh/machine-shell.ts';
import { memorySecrets } from '../../remote/ssh/secret-place.ts';
import type { SecretPlace } from '../../remote/ssh/secret-place.ts';
import { readSshConfig } from '../../remote/ssh/ssh-config-reader.ts';
import type { SshConfigPlaces } from '../../remote/ssh/ssh-config-reader.ts';
import { SshConnection } from '../../remote/ssh/ssh-connection.ts';
import type { SshServices } from '../../remote/ssh/ssh-connection.ts';
import { resolveSshSettings, sshClientContext } from '../../remote/ssh/ssh-settings.ts';
import type { SshSettings } from '../../remote/ssh/ssh-settings.ts';
import { SshShell } from '../../remote/ssh/ssh-shell.ts';
import { SourceReader } from '../../sync/source-reader.ts';
import { FileSentStore } from '../../sync/transfer/sent-store.ts';
import { doctorCheck } from './doctor-steps.ts';
import { KnownMachines } from './known-machines.ts';
import { MachinePool } from './machine-pool.ts';
import { SshKeys } from './ssh-keys.ts';
import type { SshMachine } from './ssh-machine.ts';
import type { SshPerson } from './ssh-person.ts';
import { NOBODY } from './ssh-person.ts';
import { SshProvider } from './ssh-provider.ts';
import { TreePlacer } from './tree-placer.ts';

/** What only the host of the engine knows of machines reached by SSH. */
export interface SshHost {
  /** The script of a sync's half on the machine. */
  readonly syncSource: Buffer;
  /** Machines that configuration files name now. */
  readonly named: () => Promise<readonly SshMachine[]>;
  /** Where the SSH configuration is; the person's own unless told. */
  readonly configPlaces?: SshConfigPlaces | undefined;
  /** Where keys and passphrases may be kept; for this process only unless told. */
  readonly secrets?: SecretPlace | undefined;
}

/** What the SSH provider is made from. */
export interface SshProviderOptions extends SshHost {
  /** Absolute directory of ours on this host. */
  readonly storage: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ledger: Ledger;
  readonly agentSource: AgentSource;
  /** Hex; tells this installation from others that use the same machine. */
  readonly client: string;
  /** False in an untrusted workspace: such a window contacts no machine by itself. */
  readonly mayContact: () => boolean;
}

/**
 * Puts the SSH provider together.
 *
 * @param options - see the fields
 * @returns the provider; no connection is made yet
 */
export function createSshProvider(options: SshProviderOptions): SshProvider {
  const { clock, logger, client, storage } = options;
  const reader = new SourceReader(join(storage, 'sources'));
  const people = new Map<string, () => SshPerson>();
  const personFor = (alias: string): SshPerson => people.get(alias)?.() ?? NOBODY;
  const keys: SshKeys = new SshKeys({
    secrets: options.secrets ?? memorySecrets(),
    storage,
    alone: (name, action) => options.ledger.locks.withLock(name, action),
    clock,
    logger,
    askPassphrase: (question) => personFor(question.alias).askPassphrase(question),
    offerToKeep: (offer) => personFor(offer.alias).offerToKeep(offer),
    services: () => servicesOf(() => NOBODY, keys, options),
  });
  const sent = new FileSentStore(join(storage, 'sent'));
  const pool = new MachinePool({
    clock,
    logger,
    agentSource: options.agentSource,
    files: (agent) => new ShellCheckpointFiles(agent),
    shell: async (machine, person) => {
      const settings = await settingsOf(machine, options);
      // The machines on the way ask for their own keys.
      for (let hop: SshSettings | null = settings; hop !== null; hop = hop.jump) {
        people.set(hop.alias, person);
      }
      return connectionTo(machine, settings, person, keys, options);
    },
    transfer: (shell, directory) =>
      new TreePlacer({ shell, script: options.syncSource, directory, client, reader, sent, clock }),
  });
  const known = new KnownMachines(options.ledger, clock);
  const { named, mayContact, configPlaces } = options;
  return new SshProvider({
    named,
    known,
    pool,
    keys,
    reader,
    mayContact,
    configPlaces,
    hostKey: async (machine) => {
      const place = { ...(await settingsOf(machine, options)), pinnedKeys: [] };
      const { knownHosts } = servicesOf(() => NOBODY, keys, options);
      return { count: () => knownHosts.count(place), forget: () => knownHosts.forget(place) };
    },
    check: (machine, person, open, hears) =>
      doctorCheck({
        settings: () => settingsOf(machine, options),
        services: servicesOf(() => person, keys, options),
        clock,
        keys,
        open,
        hears,
      }),
  });
}

function connectionTo(
  machine: SshMachine,
  settings: SshSettings,
  person: () => SshPerson,
  keys: SshKeys,
  options: SshProviderOptions,
): SshMachineShell {
  for (const note of settings.notes) {
    options.logger.info(`${machine.id}: ${note}`);
  }
  return new SshShell(new SshConnection(settings, servicesOf(person, keys, options)));
}

async function settingsOf(
  machine: SshMachine,
  { configPlaces }: SshProviderOptions,
): Promise<SshSettings> {
  const { target, connectTimeoutSeconds, keepaliveSeconds } = machine;
  return resolveSshSettings(
    { ...target, connectTimeoutSeconds, keepaliveSeconds },
    await readSshConfig(configPlaces),
    sshClientContext(),
  );
}

function servicesOf(
  person: () => SshPerson,
  keys: SshKeys,
  { storage, clock, logger }: SshProviderOptions,
): SshServices {
  return {
    clock,
    logger,
    knownHosts: new KnownHosts(join(storage, 'ssh', 'known_hosts')),
    keyRing: keys.ring,
    ownKeys: (to) => keys.own.offerTo(to),
    askHostKey: (question) => person().askHostKey(question),
  };
}
