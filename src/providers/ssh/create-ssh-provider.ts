import { join } from 'node:path';
import { ShellCheckpointFiles } from '../../checkpoints/shell-files.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { KeyRing } from '../../remote/ssh/key-ring.ts';
import { KnownHosts } from '../../remote/ssh/known-hosts.ts';
import type { SshMachineShell } from '../../remote/ssh/machine-shell.ts';
import { readSshConfig } from '../../remote/ssh/ssh-config-reader.ts';
import type { SshConfigPlaces } from '../../remote/ssh/ssh-config-reader.ts';
import { SshConnection } from '../../remote/ssh/ssh-connection.ts';
import { resolveSshSettings, sshClientContext } from '../../remote/ssh/ssh-settings.ts';
import { SshShell } from '../../remote/ssh/ssh-shell.ts';
import { SourceReader } from '../../sync/source-reader.ts';
import { FileSentStore } from '../../sync/transfer/sent-store.ts';
import { KnownMachines } from './known-machines.ts';
import { MachinePool } from './machine-pool.ts';
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
}

/** What the SSH provider is made from. */
export interface SshProviderOptions extends SshHost {
  /** Absolute directory of ours on this host. */
  readonly storage: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ledger: Ledger;
  readonly agentSource: Buffer;
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
  const { clock, logger, client } = options;
  const reader = new SourceReader(join(options.storage, 'sources'));
  // One ring for all: a key that was opened for one machine opens the others.
  const people = new Map<string, () => SshPerson>();
  const keyRing = new KeyRing((question) => {
    const person = people.get(question.alias)?.() ?? NOBODY;
    return person.askPassphrase(question);
  });
  const sent = new FileSentStore(join(options.storage, 'sent'));
  const pool = new MachinePool({
    clock,
    logger,
    agentSource: options.agentSource,
    files: (agent) => new ShellCheckpointFiles(agent),
    shell: (machine, person) => {
      people.set(machine.target.host, person);
      return connectionTo(machine, person, keyRing, options);
    },
    transfer: (shell, directory) =>
      new TreePlacer({ shell, script: options.syncSource, directory, client, reader, sent, clock }),
  });
  const known = new KnownMachines(options.ledger, clock);
  const { named, mayContact, configPlaces } = options;
  return new SshProvider({ named, known, pool, reader, mayContact, configPlaces });
}

async function connectionTo(
  machine: SshMachine,
  person: () => SshPerson,
  keyRing: KeyRing,
  { storage, clock, logger, configPlaces }: SshProviderOptions,
): Promise<SshMachineShell> {
  const { target, connectTimeoutSeconds, keepaliveSeconds } = machine;
  const settings = resolveSshSettings(
    { ...target, connectTimeoutSeconds, keepaliveSeconds },
    await readSshConfig(configPlaces),
    sshClientContext(),
  );
  for (const note of settings.notes) {
    logger.info(`${machine.id}: ${note}`);
  }
  const connection = new SshConnection(settings, {
    clock,
    logger,
    knownHosts: new KnownHosts(join(storage, 'ssh', 'known_hosts')),
    keyRing,
    askHostKey: (question) => person().askHostKey(question),
  });
  return new SshShell(connection);
}
