import { join } from 'node:path';
import { SystemClock } from '../../../src/core/clock.ts';
import { NULL_LOGGER } from '../../../src/core/logger.ts';
import { KeyRing } from '../../../src/remote/ssh/key-ring.ts';
import type { PassphraseQuestion } from '../../../src/remote/ssh/key-ring.ts';
import { KnownHosts } from '../../../src/remote/ssh/known-hosts.ts';
import { SshConnection } from '../../../src/remote/ssh/ssh-connection.ts';
import type { HostKeyQuestion, SshServices } from '../../../src/remote/ssh/ssh-connection.ts';
import type { SshSettings } from '../../../src/remote/ssh/ssh-settings.ts';
import { SshShell } from '../../../src/remote/ssh/ssh-shell.ts';
import type { SshBed } from './ssh-bed.ts';

/** The side that connects: answers as told, and remembers what it was asked. */
export class SshClient {
  readonly asked: HostKeyQuestion[] = [];
  readonly passphrases: PassphraseQuestion[] = [];
  /** Answers to the questions for a passphrase, in order. */
  readonly answers: (string | undefined)[] = [];
  acceptsHostKeys = true;
  readonly services: SshServices;
  private readonly bed: SshBed;
  private readonly shells: SshShell[] = [];

  constructor(bed: SshBed, services: Partial<SshServices> = {}) {
    this.bed = bed;
    this.services = {
      clock: new SystemClock(),
      logger: NULL_LOGGER,
      knownHosts: new KnownHosts(join(bed.base, 'our-known-hosts')),
      keyRing: new KeyRing((question) => {
        this.passphrases.push(question);
        return Promise.resolve(this.answers.shift());
      }),
      askHostKey: (question) => {
        this.asked.push(question);
        return Promise.resolve(this.acceptsHostKeys);
      },
      ...services,
    };
  }

  settings(changes: Partial<SshSettings> = {}): SshSettings {
    return {
      alias: 'lab',
      host: this.bed.host,
      port: this.bed.port,
      user: this.bed.user,
      identityFiles: [this.bed.keyFile],
      identitiesOnly: true,
      agentSocket: null,
      hostKeyAlias: null,
      knownHostsFiles: [],
      connectTimeoutMs: 10_000,
      keepaliveMs: 15_000,
      jump: null,
      notes: [],
      ...changes,
    };
  }

  shell(changes: Partial<SshSettings> = {}, pinnedKeys: readonly string[] = []): SshShell {
    const shell = new SshShell(
      new SshConnection(this.settings(changes), this.services, pinnedKeys),
    );
    this.shells.push(shell);
    return shell;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.shells.map((shell) => shell.close()));
  }
}
