import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** One line of a known_hosts file. */
export interface KnownHostEntry {
  readonly marker: 'cert-authority' | 'revoked' | null;
  /** Patterns separated by commas, or one hashed name. */
  readonly hosts: string;
  /** Such as `ssh-ed25519`. */
  readonly keyType: string;
  /** The public key as SSH sends it. */
  readonly key: Buffer;
  /** Absolute path. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/**
 * Reads a known_hosts file. Lines that say nothing we understand are skipped,
 * as ssh does.
 *
 * @param text - content of the file
 * @param file - its path
 * @returns the entries in order
 */
export function parseKnownHosts(text: string, file: string): readonly KnownHostEntry[] {
  return text.split('\n').flatMap((raw, index) => {
    const words = raw.trim().split(/[ \t]+/);
    const marker = words[0]?.startsWith('@') === true ? words.shift()?.slice(1) : null;
    const [hosts = '', keyType = '', data = ''] = words;
    const known = marker === null || marker === 'revoked' || marker === 'cert-authority';
    const key = Buffer.from(data, 'base64');
    if (hosts === '' || hosts.startsWith('#') || !known || keyTypeOf(key) !== keyType) {
      return [];
    }
    return [{ marker, hosts, keyType, key, file, line: index + 1 }];
  });
}

/**
 * Tells whether a line speaks of a host.
 *
 * @param hosts - the first field of the line
 * @param name - as of {@link hostKeyName}
 * @returns true when it does
 */
export function matchesHost(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) {
    return matchesHash(hosts, name);
  }
  let matched = false;
  for (const pattern of hosts.toLowerCase().split(',')) {
    const negated = pattern.startsWith('!');
    if (matchesPattern(negated ? pattern.slice(1) : pattern, name)) {
      if (negated) {
        return false;
      }
      matched = true;
    }
  }
  return matched;
}

/**
 * Matches a name against a pattern of SSH: `*` is any text, `?` any one character.
 *
 * @param pattern - without negation
 * @param name - what must match whole
 * @returns true when it does
 */
export function matchesPattern(pattern: string, name: string): boolean {
  const source = Array.from(pattern)
    .map((char) => {
      if (char === '*') {
        return '.*';
      }
      return char === '?' ? '.' : char.replace(/[^A-Za-z0-9]/u, (other) => `\\${other}`);
    })
    .join('');
  return new RegExp(`^(?:${source.replaceAll(/(\.\*)+/g, '.*')})$`, 's').test(name);
}

/**
 * The name by which known_hosts files know a server.
 *
 * @param host - name or address
 * @param port - TCP port
 * @returns `host`, or `[host]:port` for any port but 22
 */
export function hostKeyName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/**
 * The fingerprint as ssh shows it.
 *
 * @param key - public key as SSH sends it
 * @returns such as `SHA256:…`
 */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/**
 * The type a public key names itself by.
 *
 * @param key - public key as SSH sends it
 * @returns such as `ssh-ed25519`; empty when it is no key
 */
export function keyTypeOf(key: Buffer): string {
  const length = key.length < 4 ? 0 : key.readUInt32BE(0);
  return length > 0 && length <= key.length - 4 ? key.toString('latin1', 4, 4 + length) : '';
}

function matchesHash(hosts: string, name: string): boolean {
  const [, version, salt = '', hash = ''] = hosts.split('|');
  if (version !== '1') {
    return false;
  }
  const wanted = Buffer.from(hash, 'base64');
  const found = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return wanted.length === found.length && timingSafeEqual(wanted, found);
}
