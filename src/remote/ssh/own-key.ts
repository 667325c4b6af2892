import * as l10n from '@vscode/l10n';
import type { Clock } from '../../core/clock.ts';
import type { MachineError } from '../../core/errors.ts';
import { Emitter } from '../../core/events.ts';
import type { Event } from '../../core/events.ts';
import { newEd25519Key } from './ed25519-key.ts';
import type { KeyPair } from './ed25519-key.ts';
import { publicLine, signWith } from './identities.ts';
import type { Identity, OfferedIdentity } from './identities.ts';
import { openKey } from './key-file.ts';
import { fingerprint } from './known-hosts-file.ts';
import { readOwnKeyRecord, writeOwnKeyRecord } from './own-key-record.ts';
import type { OwnKeyRecord } from './own-key-record.ts';
import { secretStorageError } from './secret-place.ts';
import type { Alone, SecretPlace } from './secret-place.ts';
import { sshError } from './ssh-errors.ts';
import type { SshSettings } from './ssh-settings.ts';
import { loadSsh2 } from './ssh2-module.ts';

/** What our own key is kept with. */
export interface OwnKeyParts {
  readonly secrets: SecretPlace;
  /** Absolute path of the file with the public half. */
  readonly file: string;
  readonly alone: Alone;
  readonly clock: Clock;
}

/** A key that was not there any more, and the one made in its place. */
export interface ReplacedKey {
  /** Lines of authorized_keys. */
  readonly old: string;
  readonly now: string;
}

const SECRET = 'runctl.sshKey';
const LOCK = 'ssh-own-key';
const COMMENT = 'runctl';
/** What one window stores, another sees a little later. */
const SETTLE_MS = 500;
const LOOKS = 6;

/**
 * The one key of the person that is runctl's own, for machines that it
 * launches and for those the person lets it in. Made on first need; its
 * private half is in the secret storage alone.
 */
export class OwnKey {
  /** Fires when the secret storage had lost the key and another was made. */
  readonly onDidReplace: Event<ReplacedKey>;
  private readonly parts: OwnKeyParts;
  private readonly replaced = new Emitter<ReplacedKey>();

  constructor(parts: OwnKeyParts) {
    this.parts = parts;
    this.onDidReplace = this.replaced.event;
  }

  /**
   * The public half, if there is a key. Opens no secret storage.
   *
   * @returns a line of authorized_keys; `null` while nobody has needed one
   */
  async known(): Promise<string | null> {
    return (await readOwnKeyRecord(this.parts.file))?.publicLine ?? null;
  }

  /**
   * The public half; the key is made when there is none.
   *
   * @returns a line of authorized_keys, without its end
   * @throws {IoError} with code `secret-storage` when the key cannot be kept
   */
  async publicKey(): Promise<string> {
    return (await this.pair()).publicLine;
  }

  /**
   * The key to log in with; it is made when there is none.
   *
   * @returns what a login offers
   * @throws {IoError} with code `secret-storage` when the key cannot be kept
   */
  async identity(): Promise<Identity> {
    return this.identityOf(await this.publicKey());
  }

  /**
   * Both halves; the key is made when there is none. Windows that ask at once
   * are given the same key.
   *
   * @returns the pair
   * @throws {IoError} with code `secret-storage` when the key cannot be kept
   */
  pair(): Promise<KeyPair> {
    return this.parts.alone(LOCK, async () => {
      const record = await readOwnKeyRecord(this.parts.file);
      const pair = (await this.find(record === null ? 1 : LOOKS)) ?? (await this.make());
      if (pair.publicLine !== record?.publicLine) {
        await writeOwnKeyRecord(this.parts.file, { publicLine: pair.publicLine, machines: [] });
        if (record !== null) {
          this.replaced.fire({ old: record.publicLine, now: pair.publicLine });
        }
      }
      return pair;
    });
  }

  /**
   * What to offer to a machine that we did not launch: the key first where the
   * person had it installed, else last; not at all where only named keys may
   * be used. Opens the secret storage only once the machine would take the key.
   *
   * @param to - the machine
   * @returns nothing while there is no key
   */
  async offerTo(to: SshSettings): Promise<readonly OfferedIdentity[]> {
    const record = await readOwnKeyRecord(this.parts.file);
    const first = record?.machines.includes(placeOf(to)) === true;
    return record === null || (to.identitiesOnly && !first)
      ? []
      : [{ identity: this.identityOf(record.publicLine), first }];
  }

  /**
   * Remembers whether a machine has the key.
   *
   * @param to - the machine
   * @param installed - whether it does from now on
   * @returns when it is written
   */
  note(to: SshSettings, installed: boolean): Promise<void> {
    return this.parts.alone(LOCK, async () => {
      const record = await readOwnKeyRecord(this.parts.file);
      if (record !== null) {
        const others = record.machines.filter((place) => place !== placeOf(to));
        const machines = installed ? [...others, placeOf(to)] : others;
        await writeOwnKeyRecord(this.parts.file, { ...record, machines });
      }
    });
  }

  /**
   * Where the person had the key installed.
   *
   * @param to - the machine
   * @returns whether it is one of these
   */
  async isInstalled(to: SshSettings): Promise<boolean> {
    const record: OwnKeyRecord | null = await readOwnKeyRecord(this.parts.file);
    return record?.machines.includes(placeOf(to)) === true;
  }

  /** Ends the subscriptions. */
  dispose(): void {
    this.replaced.dispose();
  }

  private identityOf(line: string): Identity {
    const blob = Buffer.from(line.split(' ')[1] ?? '', 'base64');
    return {
      blob,
      name: l10n.t('the key of runctl ({0})', fingerprint(blob)),
      source: 'own',
      sign: async (data, hash) => {
        const pair = await this.find(1);
        const opened = pair && openKey(await loadSsh2(), pair.privateText);
        if (opened?.kind !== 'open' || pair?.publicLine !== line) {
          throw lostKeyError();
        }
        return signWith(opened.key, data, hash);
      },
    };
  }

  private async find(looks: number): Promise<KeyPair | undefined> {
    for (let look = 1; ; look++) {
      const pair = await pairOf(await this.parts.secrets.get(SECRET));
      if (pair !== undefined || look >= looks) {
        return pair;
      }
      await this.parts.clock.sleep(SETTLE_MS);
    }
  }

  // Windows on other hosts share the storage, but not our lock: the last to
  // store wins, and all take what is there when that has settled.
  private async make(): Promise<KeyPair> {
    const { secrets, clock } = this.parts;
    await secrets.store(SECRET, newEd25519Key(COMMENT).privateText);
    await clock.sleep(SETTLE_MS);
    const kept = await this.find(1);
    if (kept === undefined) {
      throw secretStorageError(l10n.t('The secret storage of VS Code did not keep the key of runctl'));
    }
    return kept;
  }
}

async function pairOf(privateText: string | undefined): Promise<KeyPair | undefined> {
  if (privateText === undefined) {
    return undefined;
  }
  const opened = openKey(await loadSsh2(), privateText);
  if (opened.kind !== 'open') {
    return undefined;
  }
  const blob = opened.key.getPublicSSH();
  return { privateText, publicLine: `${publicLine(blob)} ${COMMENT}` };
}

function placeOf({ user, host, port }: SshSettings): string {
  return `${user}@${host}:${port}`;
}

function lostKeyError(): MachineError {
  return sshError('own-key-lost', l10n.t('The key of runctl is not in the secret storage any more'), {
    steps: [
      l10n.t('Run `runctl: Copy Public Key`: it makes another when this one is really gone.'),
      l10n.t('Give the other to your machines by `runctl: Install Key on Machine…`.'),
    ],
  });
}
