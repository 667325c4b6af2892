import { readFile } from 'node:fs/promises';
import type { ParsedKey } from 'ssh2';
import type { Ssh2 } from './ssh2-module.ts';

/** A private key as it was found. */
export interface KeyText {
  /** For people: its path, or where it is kept. */
  readonly name: string;
  /** The private key as ssh-keygen writes it. */
  readonly text: string;
  /** The line of its public half, when that lay beside it. */
  readonly publicText?: string | undefined;
}

/** What opening a key came to. */
export type OpenedKey =
  | { readonly kind: 'open'; readonly key: ParsedKey }
  | { readonly kind: 'locked' }
  | { readonly kind: 'unusable'; readonly reason: string };

const MAX_KEY_BYTES = 256 * 1024;
const OPENSSH_MAGIC = 'openssh-key-v1\0';

/**
 * Reads a private key and the public half beside it.
 *
 * @param path - absolute
 * @returns the texts; `undefined` when there is no such file or it is no key
 */
export async function readKeyFile(path: string): Promise<KeyText | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text.length > MAX_KEY_BYTES || !text.includes('PRIVATE KEY')) {
    return undefined;
  }
  const publicText = await readFile(`${path}.pub`, 'utf8').catch(() => undefined);
  return { name: path, text, publicText };
}

/**
 * Opens a private key.
 *
 * @param ssh2 - the package
 * @param text - the private key
 * @param passphrase - if known
 * @returns the key, or that it is locked or of no use
 */
export function openKey(ssh2: Ssh2, text: string, passphrase?: string): OpenedKey {
  const parsed: unknown = ssh2.utils.parseKey(text, passphrase);
  const key = Array.isArray(parsed) ? (parsed[0] as unknown) : parsed;
  if (isParsedKey(key)) {
    return key.isPrivateKey() ? { kind: 'open', key } : { kind: 'unusable', reason: 'public' };
  }
  // Its errors have no codes; whether it is encrypted is seen from the key itself.
  return isEncrypted(text)
    ? { kind: 'locked' }
    : { kind: 'unusable', reason: key instanceof Error ? key.message : 'unknown format' };
}

/**
 * The public half of a private key, also of one that is locked.
 *
 * @param ssh2 - the package
 * @param key - as it was read
 * @returns the key as SSH sends it; `undefined` when a locked key does not tell
 */
export function publicHalf(ssh2: Ssh2, key: KeyText): Buffer | undefined {
  const { text, publicText } = key;
  const opened = openKey(ssh2, text);
  if (opened.kind === 'open') {
    return opened.key.getPublicSSH();
  }
  const inside = publicInside(text);
  if (inside !== undefined) {
    return inside;
  }
  const beside: unknown = publicText === undefined ? undefined : ssh2.utils.parseKey(publicText);
  return isParsedKey(beside) ? beside.getPublicSSH() : undefined;
}

function isEncrypted(text: string): boolean {
  const [, cipher] = strings(text, 1);
  return cipher === undefined
    ? text.includes('ENCRYPTED')
    : cipher.toString('latin1') !== 'none';
}

// openssh-key-v1: cipher, kdf, kdf options, number of keys, public key, encrypted part.
function publicInside(text: string): Buffer | undefined {
  return strings(text, 4)[4];
}

// The magic and the first strings after it.
function strings(text: string, count: number): readonly Buffer[] {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1];
  const data = Buffer.from(body ?? '', 'base64');
  if (data.toString('latin1', 0, OPENSSH_MAGIC.length) !== OPENSSH_MAGIC) {
    return [];
  }
  const found: Buffer[] = [data.subarray(0, OPENSSH_MAGIC.length)];
  let at = OPENSSH_MAGIC.length;
  for (let index = 1; index <= count; index++) {
    // The number of keys stands between the kdf options and the key.
    at += index === 4 ? 4 : 0;
    if (at + 4 > data.length) {
      return [];
    }
    const length = data.readUInt32BE(at);
    at += 4 + length;
    if (at > data.length) {
      return [];
    }
    found.push(data.subarray(at - length, at));
  }
  return found;
}

function isParsedKey(value: unknown): value is ParsedKey {
  return typeof value === 'object' && value !== null && 'getPublicSSH' in value;
}
