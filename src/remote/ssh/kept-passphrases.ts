import { z } from 'zod';
import type { Logger } from '../../core/logger.ts';
import type { Alone, SecretPlace } from './secret-place.ts';

/** A key whose passphrase is kept, or that must not be asked about. */
export interface KeptPassphrase {
  /** Of the key itself, such as `SHA256:…`: a key that was replaced is another. */
  readonly fingerprint: string;
  /** Where the key was when it was opened. */
  readonly name: string;
  /** `false` when the person never wants it kept. */
  readonly kept: boolean;
}

const SECRET = 'runctl.passphrases';
const LOCK = 'ssh-passphrases';
const ENTRIES = z.record(
  z.string(),
  z.object({ name: z.string(), passphrase: z.string().nullable() }),
);
type Entries = z.infer<typeof ENTRIES>;

/**
 * Passphrases the person wished kept, by fingerprint of their key, all in one
 * value of the secret storage, which has no list of its own.
 */
export class KeptPassphrases {
  private readonly secrets: SecretPlace;
  private readonly alone: Alone;
  private readonly logger: Logger;

  constructor(secrets: SecretPlace, alone: Alone, logger: Logger) {
    this.secrets = secrets;
    this.alone = alone;
    this.logger = logger;
  }

  /**
   * What is kept for a key.
   *
   * @param fingerprint - of the key
   * @returns its passphrase; `null` when it must not be kept; `undefined` when nothing was said
   * @throws {IoError} with code `secret-storage`
   */
  async find(fingerprint: string): Promise<string | null | undefined> {
    return (await this.read())[fingerprint]?.passphrase;
  }

  /**
   * Keeps a passphrase that worked, or that none is to be kept.
   *
   * @param fingerprint - of the key
   * @param name - of the key, for people
   * @param passphrase - `null` never to ask again
   * @throws {IoError} with code `secret-storage`
   */
  async keep(fingerprint: string, name: string, passphrase: string | null): Promise<void> {
    await this.change((entries) => ({ ...entries, [fingerprint]: { name, passphrase } }));
  }

  /**
   * Forgets what is kept.
   *
   * @param fingerprints - of the keys
   * @throws {IoError} with code `secret-storage`
   */
  async forget(fingerprints: readonly string[]): Promise<void> {
    await this.change((entries) =>
      Object.fromEntries(Object.entries(entries).filter(([key]) => !fingerprints.includes(key))),
    );
  }

  /**
   * Forgets a passphrase that does not open its key; one that was given
   * meanwhile stays.
   *
   * @param fingerprint - of the key
   * @param passphrase - what did not open it
   * @throws {IoError} with code `secret-storage`
   */
  async drop(fingerprint: string, passphrase: string): Promise<void> {
    await this.change(({ [fingerprint]: entry, ...others }) =>
      entry === undefined || entry.passphrase === passphrase
        ? others
        : { ...others, [fingerprint]: entry },
    );
  }

  /**
   * Lists the keys, without passphrases.
   *
   * @returns sorted by name
   * @throws {IoError} with code `secret-storage`
   */
  async list(): Promise<readonly KeptPassphrase[]> {
    return Object.entries(await this.read())
      .map(([fingerprint, { name, passphrase }]) => ({
        fingerprint,
        name,
        kept: passphrase !== null,
      }))
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  private change(step: (entries: Entries) => Entries): Promise<void> {
    return this.alone(LOCK, async () => {
      const entries = step(await this.read());
      await (Object.keys(entries).length === 0
        ? this.secrets.delete(SECRET)
        : this.secrets.store(SECRET, JSON.stringify(entries)));
    });
  }

  private async read(): Promise<Entries> {
    const text = await this.secrets.get(SECRET);
    try {
      return ENTRIES.parse(JSON.parse(text ?? '{}'));
    } catch {
      // Its error would show what is kept.
      this.logger.warn('kept passphrases cannot be read; they are asked for again');
      return {};
    }
  }
}
