import { createHash } from 'node:crypto';
import type { ParsedKey } from 'ssh2';
import { CancelledError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { KeptPassphrases } from './kept-passphrases.ts';
import { openKey, publicHalf } from './key-file.ts';
import type { KeyText } from './key-file.ts';
import { fingerprint } from './known-hosts-file.ts';
import { passphraseError } from './ssh-errors.ts';
import type { Ssh2 } from './ssh2-module.ts';

/** A question for the passphrase of a key. */
export interface PassphraseQuestion {
  /** Path of the key, or where it is kept. */
  readonly key: string;
  /** The machine it is for, as the person named it. */
  readonly alias: string;
  /** Whether the last answer did not open it. */
  readonly wrong: boolean;
}

/** Asks the person; `undefined` when they would not say. */
export type PassphraseAsker = (question: PassphraseQuestion) => Promise<string | undefined>;

/** A passphrase that worked, and what may become of it. Holds no secret itself. */
export interface KeepOffer {
  /** Path of the key, or where it is kept. */
  readonly key: string;
  /** The machine it was given for. */
  readonly alias: string;
  /** Keeps it in the secret storage, or has nobody ask again for this key. */
  readonly decide: (answer: 'keep' | 'never') => Promise<void>;
}

/** Keeps passphrases beyond this session, for those who wish it. */
export interface PassphraseKeeping {
  readonly kept: KeptPassphrases;
  /** Asks the person, at leisure; nothing waits for the answer. */
  readonly offer: (offer: KeepOffer) => void;
  readonly logger: Logger;
}

const ATTEMPTS = 3;

/**
 * Private keys that were opened once, shared by all connections. Nothing is
 * written anywhere, but for a passphrase the person wants kept.
 */
export class KeyRing {
  private readonly ask: PassphraseAsker;
  private readonly keeping: PassphraseKeeping | undefined;
  private readonly open = new Map<string, Promise<ParsedKey>>();

  constructor(ask: PassphraseAsker, keeping?: PassphraseKeeping) {
    this.ask = ask;
    this.keeping = keeping;
  }

  /**
   * Opens a key, asking for its passphrase when it has one. Several callers at
   * once share one question.
   *
   * @param ssh2 - the package
   * @param key - as it was read
   * @param alias - the machine it is for
   * @returns the open key
   * @throws {MachineError} with code `key-passphrase` when it stays locked
   */
  unlock(ssh2: Ssh2, key: KeyText, alias: string): Promise<ParsedKey> {
    // By content: a key that was replaced is another key.
    const id = createHash('sha256').update(key.text).digest('hex');
    const known = this.open.get(id);
    if (known !== undefined) {
      return known;
    }
    const opening = this.unlockNow(ssh2, key, alias);
    this.open.set(id, opening);
    opening.catch(() => this.open.delete(id));
    return opening;
  }

  /** Forgets every key: the next use asks again. */
  clear(): void {
    this.open.clear();
  }

  private async unlockNow(ssh2: Ssh2, key: KeyText, alias: string): Promise<ParsedKey> {
    const { name, text } = key;
    const plain = openKey(ssh2, text);
    if (plain.kind === 'open') {
      return plain.key;
    }
    const known = await this.unlockKept(ssh2, key);
    if (known !== undefined) {
      return known;
    }
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const passphrase = await this.ask({ key: name, alias, wrong: attempt > 0 });
      if (passphrase === undefined) {
        throw passphraseError(name, false, new CancelledError());
      }
      const opened = openKey(ssh2, text, passphrase);
      if (opened.kind === 'open') {
        await this.offerToKeep({ key: opened.key, name, alias, passphrase });
        return opened.key;
      }
    }
    throw passphraseError(name, true);
  }

  // A keyring that fails costs a question, not the login.
  private async unlockKept(ssh2: Ssh2, key: KeyText): Promise<ParsedKey | undefined> {
    const blob = publicHalf(ssh2, key);
    if (this.keeping === undefined || blob === undefined) {
      return undefined;
    }
    const { kept, logger } = this.keeping;
    try {
      const passphrase = await kept.find(fingerprint(blob));
      if (typeof passphrase !== 'string') {
        return undefined;
      }
      const opened = openKey(ssh2, key.text, passphrase);
      if (opened.kind === 'open') {
        return opened.key;
      }
      logger.info(`${key.name}: the passphrase that was kept does not open it any more`);
      await kept.drop(fingerprint(blob), passphrase);
    } catch (error) {
      logger.warn(`${key.name}: passphrases that are kept cannot be used`, error);
    }
    return undefined;
  }

  private async offerToKeep(worked: WorkingPassphrase): Promise<void> {
    if (this.keeping === undefined) {
      return;
    }
    const { key, name, alias, passphrase } = worked;
    const { kept, logger, offer } = this.keeping;
    const print = fingerprint(key.getPublicSSH());
    try {
      if ((await kept.find(print)) === undefined) {
        const decide = (answer: 'keep' | 'never'): Promise<void> =>
          kept.keep(print, name, answer === 'keep' ? passphrase : null);
        offer({ key: name, alias, decide });
      }
    } catch (error) {
      logger.warn(`${name}: its passphrase cannot be kept`, error);
    }
  }
}

interface WorkingPassphrase {
  readonly key: ParsedKey;
  readonly name: string;
  readonly alias: string;
  readonly passphrase: string;
}
