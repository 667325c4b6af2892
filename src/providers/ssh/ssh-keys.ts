import { join } from 'node:path';
import * as l10n from '@vscode/l10n';
import type { Clock } from '../../core/clock.ts';
import { MachineError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import { addAuthorizedKey, removeAuthorizedKey } from '../../remote/ssh/authorized-keys.ts';
import type { RemovedLines } from '../../remote/ssh/authorized-keys.ts';
import { KeptPassphrases } from '../../remote/ssh/kept-passphrases.ts';
import { KeyRing } from '../../remote/ssh/key-ring.ts';
import type { KeepOffer, PassphraseAsker } from '../../remote/ssh/key-ring.ts';
import type { SshMachineShell } from '../../remote/ssh/machine-shell.ts';
import { OwnKey } from '../../remote/ssh/own-key.ts';
import { namingFailures } from '../../remote/ssh/secret-place.ts';
import type { Alone, SecretPlace } from '../../remote/ssh/secret-place.ts';
import { SshConnection } from '../../remote/ssh/ssh-connection.ts';
import type { SshServices } from '../../remote/ssh/ssh-connection.ts';
import { sshError } from '../../remote/ssh/ssh-errors.ts';
import type { SshSettings } from '../../remote/ssh/ssh-settings.ts';

/** What keys are kept and used with. */
export interface SshKeysParts {
  readonly secrets: SecretPlace;
  /** Absolute directory of ours on this host. */
  readonly storage: string;
  readonly alone: Alone;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly askPassphrase: PassphraseAsker;
  readonly offerToKeep: (offer: KeepOffer) => void;
  /** What connections are made with, asking nobody. */
  readonly services: () => SshServices;
}

/** What came of letting our key in. */
export interface InstalledKey {
  readonly publicLine: string;
  /** `false` when the machine had it already. */
  readonly added: boolean;
}

/** The keys of the person: those of files, opened or not, and the one that is runctl's own. */
export class SshKeys {
  readonly own: OwnKey;
  readonly passphrases: KeptPassphrases;
  /** One for all machines: a key that was opened for one opens the others. */
  readonly ring: KeyRing;
  /** Absolute path the own key has where `ssh` itself needs it; usually there is no such file. */
  readonly ownKeyFile: string;
  private readonly parts: SshKeysParts;

  constructor(parts: SshKeysParts) {
    const { alone, clock, storage, logger } = parts;
    const secrets = namingFailures(parts.secrets);
    this.parts = parts;
    this.own = new OwnKey({ secrets, alone, clock, file: join(storage, 'ssh', 'own-key.json') });
    this.passphrases = new KeptPassphrases(secrets, alone, logger);
    this.ring = new KeyRing(parts.askPassphrase, {
      kept: this.passphrases,
      offer: parts.offerToKeep,
      logger,
    });
    this.ownKeyFile = join(storage, 'ssh', 'runctl-key');
  }

  /**
   * Forgets passphrases: those keys are asked for again, in this window too.
   *
   * @param fingerprints - of the keys
   */
  async forgetPassphrases(fingerprints: readonly string[]): Promise<void> {
    await this.passphrases.forget(fingerprints);
    this.ring.clear();
  }

  /**
   * Lets our key in on a machine, and proves it by a login with that key alone.
   *
   * @param shell - connected
   * @returns the line, and whether it was new
   * @throws {MachineError} with code `authorized-keys`, or `own-key-refused` when the line is there
   * and the machine still does not take the key
   */
  async install(shell: SshMachineShell): Promise<InstalledKey> {
    const { settings } = shell.connection;
    const publicLine = await this.own.publicKey();
    const { added } = await this.oneAtATime(settings, () => addAuthorizedKey(shell, publicLine));
    if (!(await this.isAccepted(settings))) {
      throw refusedError(settings, publicLine);
    }
    await this.own.note(settings, true);
    return { publicLine, added };
  }

  /**
   * Takes our key out on a machine: exactly the line that we add.
   *
   * @param shell - connected
   * @returns what was there
   * @throws {MachineError} with code `authorized-keys`
   */
  async remove(shell: SshMachineShell): Promise<RemovedLines> {
    const { settings } = shell.connection;
    const publicLine = await this.own.known();
    const removed =
      publicLine === null
        ? { removed: 0, isLeft: false }
        : await this.oneAtATime(settings, () => removeAuthorizedKey(shell, publicLine));
    await this.own.note(settings, removed.isLeft);
    return removed;
  }

  /**
   * Logs in to a machine with our key alone.
   *
   * @param settings - of the machine
   * @returns whether it was let in
   * @throws {MachineError} when the machine cannot be reached at all
   */
  async isAccepted(settings: SshSettings): Promise<boolean> {
    const services = this.parts.services();
    const alone = { ...settings, identityFiles: [], identitiesOnly: true, agentSocket: null };
    const identity = await this.own.identity();
    const connection = new SshConnection(alone, {
      ...services,
      readySessions: 0,
      // Machines on the way take what they always take.
      ownKeys: async (to) =>
        to === alone ? [{ identity, first: true }] : ((await services.ownKeys?.(to)) ?? []),
    });
    try {
      await connection.launcher();
      return connection.identity?.source === 'own';
    } catch (error) {
      if (error instanceof MachineError && error.code === 'auth-failed') {
        return false;
      }
      throw error;
    } finally {
      await connection.close();
    }
  }

  private oneAtATime<T>({ user, host, port }: SshSettings, action: () => Promise<T>): Promise<T> {
    return this.parts.alone(`authorized-keys ${user}@${host}:${port}`, action);
  }
}

function refusedError({ alias, user }: SshSettings, publicLine: string): MachineError {
  return sshError('own-key-refused', l10n.t('{0} has the key of runctl, but does not let it in', alias), {
    steps: [
      l10n.t('Others must not be able to write to the home directory of {0} there: run `chmod go-w ~`.', user),
      l10n.t('Its sshd may read another file: look for AuthorizedKeysFile and PubkeyAuthentication in /etc/ssh/sshd_config.'),
      l10n.t('The line is: {0}', publicLine),
    ],
  });
}
