import { createHash } from 'node:crypto';
import type { ParsedKey } from 'ssh2';
import { CancelledError } from '../../core/errors.ts';
import { openKey } from './key-file.ts';
import type { KeyText } from './key-file.ts';
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

const ATTEMPTS = 3;

/** Private keys that were opened once, shared by all connections. Nothing is written anywhere. */
export class KeyRing {
  private readonly ask: PassphraseAsker;
  private readonly open = new Map<string, Promise<ParsedKey>>();

  constructor(ask: PassphraseAsker) {
    this.ask = ask;
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

  private async unlockNow(ssh2: Ssh2, { name, text }: KeyText, alias: string): Promise<ParsedKey> {
    const plain = openKey(ssh2, text);
    if (plain.kind === 'open') {
      return plain.key;
    }
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const passphrase = await this.ask({ key: name, alias, wrong: attempt > 0 });
      if (passphrase === undefined) {
        throw passphraseError(name, false, new CancelledError());
      }
      const opened = openKey(ssh2, text, passphrase);
      if (opened.kind === 'open') {
        return opened.key;
      }
    }
    throw passphraseError(name, true);
  }
}
