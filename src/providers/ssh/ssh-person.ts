import type { KeepOffer, PassphraseAsker } from '../../remote/ssh/key-ring.ts';
import type { HostKeyAsker } from '../../remote/ssh/ssh-connection.ts';
import type { SshMachine } from './ssh-machine.ts';

/** What only the person can answer while a machine is connected to. */
export interface SshPerson {
  /**
   * Asks once whether a machine may be used: it receives code and checkpoints.
   *
   * @param machine - never used from here before
   * @returns whether it may
   */
  readonly confirmMachine: (machine: SshMachine) => Promise<boolean>;
  readonly askHostKey: HostKeyAsker;
  readonly askPassphrase: PassphraseAsker;
  /** Asks whether a passphrase that worked is to be kept; nothing waits for the answer. */
  readonly offerToKeep: (offer: KeepOffer) => void;
}

/** Asks nobody: for work in the background. */
export const NOBODY: SshPerson = {
  confirmMachine: () => Promise.resolve(false),
  askHostKey: () => Promise.resolve(false),
  askPassphrase: () => Promise.resolve(undefined),
  offerToKeep: () => undefined,
};
