import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  fingerprint,
  hostKeyName,
  keyTypeOf,
  matchesHost,
  parseKnownHosts,
} from './known-hosts-file.ts';
import type { KnownHostEntry } from './known-hosts-file.ts';

/** A key that is on record for a host. */
export interface RecordedKey {
  readonly keyType: string;
  /** Such as `SHA256:…`. */
  readonly fingerprint: string;
  /** Absolute path of the file that says so; `null` when the provider told it. */
  readonly file: string | null;
  /** From 1. */
  readonly line: number | null;
}

/** What our records say of a key that a server shows. */
export type HostKeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'new'; readonly keyType: string; readonly fingerprint: string }
  | {
      readonly kind: 'changed';
      readonly keyType: string;
      readonly fingerprint: string;
      readonly recorded: readonly RecordedKey[];
    }
  | { readonly kind: 'revoked'; readonly fingerprint: string; readonly recorded: RecordedKey };

/** Which server is meant. */
export interface HostKeyPlace {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  /** `HostKeyAlias`, which stands for host and port. */
  readonly hostKeyAlias: string | null;
  /** Files of the person and the system, absolute; read only. */
  readonly knownHostsFiles: readonly string[];
  /**
   * Keys from a source that can be trusted more than first use, as
   * `ssh-ed25519 AAAA…` or `SHA256:…`. When there are any, only they count.
   */
  readonly pinnedKeys: readonly string[];
}

/** What is on record for one server, read at one moment. */
export class HostKeyRecords {
  private readonly place: HostKeyPlace;
  private readonly entries: readonly KnownHostEntry[];
  private readonly revoked: readonly KnownHostEntry[];

  constructor(place: HostKeyPlace, entries: readonly KnownHostEntry[]) {
    const of = (name: string): readonly KnownHostEntry[] =>
      entries.filter(({ hosts, marker }) => marker === null && matchesHost(hosts, name));
    const name = nameOf(place);
    const exact = of(name);
    this.place = place;
    // As ssh does: a server on another port may be known by its plain name.
    this.entries =
      exact.length > 0 || place.hostKeyAlias !== null ? exact : of(place.host.toLowerCase());
    // Here both names count: nothing is let in by it.
    const names = place.hostKeyAlias === null ? [name, place.host.toLowerCase()] : [name];
    this.revoked = entries.filter(
      ({ hosts, marker }) => marker === 'revoked' && names.some((one) => matchesHost(hosts, one)),
    );
  }

  /** Types of key to ask the server for first; empty when nothing is known. */
  get keyTypes(): readonly string[] {
    const pinned = this.place.pinnedKeys.filter((key) => !key.startsWith('SHA256:'));
    const types =
      this.place.pinnedKeys.length > 0
        ? pinned.map((key) => key.split(' ')[0] ?? '')
        : this.entries.map(({ keyType }) => keyType);
    return [...new Set(types)];
  }

  /**
   * Judges the key that a server shows.
   *
   * @param key - public key as SSH sends it
   * @returns the verdict
   */
  judge(key: Buffer): HostKeyVerdict {
    const keyType = keyTypeOf(key);
    const shown = fingerprint(key);
    const revoked = this.revoked.find((entry) => entry.key.equals(key));
    if (revoked !== undefined) {
      return { kind: 'revoked', fingerprint: shown, recorded: recorded(revoked) };
    }
    const { pinnedKeys } = this.place;
    if (pinnedKeys.length > 0) {
      const pins = pinnedKeys.map(pinned);
      return pins.some((pin) => pin.fingerprint === shown)
        ? { kind: 'known' }
        : { kind: 'changed', keyType, fingerprint: shown, recorded: pins };
    }
    if (this.entries.some((entry) => entry.key.equals(key))) {
      return { kind: 'known' };
    }
    // Known by another type only: it was asked for that one first and has it no more.
    return this.entries.length > 0
      ? { kind: 'changed', keyType, fingerprint: shown, recorded: this.entries.map(recorded) }
      : { kind: 'new', keyType, fingerprint: shown };
  }
}

/** Our own file of host keys, beside those of the person. */
export class KnownHosts {
  /** Absolute path. */
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  /**
   * Reads what is on record for a server.
   *
   * @param place - the server
   * @returns the records; a file that is missing or cannot be read says nothing
   */
  async look(place: HostKeyPlace): Promise<HostKeyRecords> {
    const files = [this.file, ...place.knownHostsFiles];
    const entries = await Promise.all(
      files.map(async (file) => {
        const text = await readFile(file, 'utf8').catch(() => '');
        return parseKnownHosts(text, file);
      }),
    );
    return new HostKeyRecords(place, entries.flat());
  }

  /**
   * Records a key that the person accepted. One write at the end of the file:
   * what another window adds at the same moment stays.
   *
   * @param place - the server
   * @param key - public key as SSH sends it
   */
  async add(place: HostKeyPlace, key: Buffer): Promise<void> {
    await mkdir(dirname(this.file), { recursive: true, mode: 0o700 });
    const line = `${nameOf(place)} ${keyTypeOf(key)} ${key.toString('base64')}\n`;
    const file = await open(this.file, 'a+', 0o600);
    try {
      const { size } = await file.stat();
      const last = Buffer.alloc(1);
      const torn = size > 0 && (await file.read(last, 0, 1, size - 1)).bytesRead === 1;
      await file.write(torn && last.toString() !== '\n' ? `\n${line}` : line);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /**
   * Counts what our own file says of a server; the person's files do not count.
   *
   * @param place - the server
   * @returns how many lines `forget` would drop
   */
  async count(place: HostKeyPlace): Promise<number> {
    const text = await readFile(this.file, 'utf8').catch(() => '');
    return text.split('\n').filter((line) => isAbout(line, nameOf(place))).length;
  }

  /**
   * Drops what our own file says of a server; the person's files stay.
   *
   * @param place - the server
   * @returns how many lines were dropped
   */
  async forget(place: HostKeyPlace): Promise<number> {
    const text = await readFile(this.file, 'utf8').catch(() => '');
    const name = nameOf(place);
    const lines = text.split('\n');
    const kept = lines.filter((line) => !isAbout(line, name));
    if (kept.length < lines.length) {
      const temporary = `${this.file}.${randomBytes(6).toString('hex')}.tmp`;
      await writeFile(temporary, kept.join('\n'), { mode: 0o600, flag: 'wx' });
      await rename(temporary, this.file);
    }
    return lines.length - kept.length;
  }
}

function isAbout(line: string, name: string): boolean {
  return matchesHost(line.trim().split(/[ \t]+/)[0] ?? '', name);
}

function nameOf({ host, port, hostKeyAlias }: HostKeyPlace): string {
  return hostKeyAlias === null ? hostKeyName(host, port) : hostKeyAlias.toLowerCase();
}

function recorded({ keyType, key, file, line }: KnownHostEntry): RecordedKey {
  return { keyType, fingerprint: fingerprint(key), file, line };
}

function pinned(text: string): RecordedKey {
  if (text.startsWith('SHA256:')) {
    return { keyType: '', fingerprint: text.replace(/=+$/, ''), file: null, line: null };
  }
  const [keyType = '', data = ''] = text.split(' ');
  const key = Buffer.from(data, 'base64');
  return { keyType, fingerprint: fingerprint(key), file: null, line: null };
}
