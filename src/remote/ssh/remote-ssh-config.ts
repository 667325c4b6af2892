import { dirname, isAbsolute, resolve } from 'node:path';
import { configLines } from './ssh-config-values.ts';
import type { SshSettings } from './ssh-settings.ts';

/** An entry of ours for `ssh` itself. */
export interface HostEntry {
  /** Lower case, one word; what `ssh` is called with. */
  readonly name: string;
  /** The machine it is for; kept in a comment. */
  readonly machine: string;
  readonly settings: SshSettings;
  /** Absolute path of our known_hosts: the key that was accepted is not asked about again. */
  readonly knownHostsFile: string;
  /** Absolute path of the one key that the machine takes, where that is our own. */
  readonly keyFile?: string | undefined;
}

const MARK = '# runctl: ';
const HEADER = '# Written by runctl for Remote-SSH. Each block is replaced when its machine is opened again.\n';

/**
 * Names a machine for `ssh`, so that the name can stand in an address.
 *
 * @param machine - `[user@]host[:port]`
 * @returns such as `runctl-me-gpu.example.org-2222`
 */
export function entryName(machine: string): string {
  return `runctl-${machine.toLowerCase().replaceAll(/[^a-z0-9._-]+/g, '-').replaceAll(/^-+|-+$/g, '')}`;
}

/**
 * Writes an entry into our own file, in the place of the one the machine had.
 *
 * @param text - what the file holds now; empty for a new one
 * @param entry - of the machine
 * @returns what it is to hold
 */
export function withEntry(text: string, entry: HostEntry): string {
  const [, ...blocks] = text.split(new RegExp(`^(?=${MARK})`, 'm'));
  const head = `${MARK}${oneLine(entry.machine)}\n`;
  const others = blocks.filter((block) => !block.startsWith(head) && !names(block, entry.name));
  return [`${HEADER}\n`, ...others, head, entryText(entry), '\n'].join('');
}

/**
 * The line that has `ssh` read our file.
 *
 * @param file - absolute path of our file
 * @returns the line, without its end
 */
export function includeLine(file: string): string {
  return `Include ${quoted(file)}`;
}

/**
 * Whether a configuration reads our file already, for every host.
 *
 * @param text - of the person's configuration
 * @param configFile - its absolute path, from which `ssh` takes relative ones
 * @param file - absolute path of our file
 * @returns whether there is such a line before any `Host` or `Match`
 */
export function includesFile(text: string, configFile: string, file: string): boolean {
  for (const { keyword, words } of configLines(text)) {
    if (keyword === 'host' || keyword === 'match') {
      return false;
    }
    if (keyword === 'include' && words.some((word) => samePath(word, configFile, file))) {
      return true;
    }
  }
  return false;
}

/**
 * Adds the line that reads our file, at the top: below a `Host` it would count
 * for that host alone.
 *
 * @param text - of the person's configuration
 * @param configFile - its absolute path
 * @param file - absolute path of our file
 * @returns the text with the line; the same text when it has it
 */
export function withInclude(text: string, configFile: string, file: string): string {
  if (includesFile(text, configFile, file)) {
    return text;
  }
  const bom = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const rest = text.slice(bom.length);
  return `${bom}${includeLine(file)}${end}${rest === '' ? '' : end}${rest}`;
}

/**
 * Takes out the entries that use a key.
 *
 * @param text - what our file holds now
 * @param keyFile - absolute path of the private key
 * @returns what it is to hold
 */
export function withoutKey(text: string, keyFile: string): string {
  return text
    .split(new RegExp(`^(?=${MARK})`, 'm'))
    .filter((block) => !block.split('\n').includes(`  IdentityFile ${quoted(keyFile)}`))
    .join('');
}

function entryText({ name, settings, knownHostsFile, keyFile }: HostEntry): string {
  const { host, port, user, hostKeyAlias, agentSocket, jump } = settings;
  const identityFiles = keyFile === undefined ? settings.identityFiles : [keyFile];
  const identitiesOnly = keyFile !== undefined || settings.identitiesOnly;
  const lines: (readonly string[])[] = [
    ['HostName', host],
    ['Port', String(port)],
    ['User', quoted(user)],
    ...identityFiles.map((file) => ['IdentityFile', quoted(file)]),
    ...(identitiesOnly ? [['IdentitiesOnly', 'yes']] : []),
    ...(agentSocket === null ? [['IdentityAgent', 'none']] : []),
    ...(hostKeyAlias === null ? [] : [['HostKeyAlias', quoted(hostKeyAlias)]]),
    // Ours is read, and the person's written: it is the first that ssh adds to.
    ['UserKnownHostsFile', [...userFiles(settings), knownHostsFile].map(quoted).join(' ')],
    ...(jump === null ? [] : [['ProxyJump', hopOf(jump)]]),
  ];
  return [`Host ${name}`, ...lines.map(([key = '', value = '']) => `  ${key} ${value}`)]
    .map((line) => `${oneLine(line)}\n`)
    .join('');
}

function userFiles({ knownHostsFiles }: SshSettings): readonly string[] {
  return knownHostsFiles.filter((file) => !file.startsWith('/etc/'));
}

// The alias, so that its own configuration still counts; user and port were decided already.
function hopOf({ user, alias, port }: SshSettings): string {
  return `${user}@${alias.includes(':') ? `[${alias}]` : alias}:${port}`;
}

function names(block: string, name: string): boolean {
  return block.split('\n').includes(`Host ${name}`);
}

// Percent signs and quotes mean something to ssh; a backslash does on Windows alone.
function quoted(text: string): string {
  const path = process.platform === 'win32' ? text.replaceAll('\\', '/') : text;
  const safe = path.replaceAll('%', '%%');
  return /[\s"'#]/.test(safe) ? `"${safe.replaceAll('"', '\\"')}"` : safe;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ');
}

function samePath(word: string, configFile: string, file: string): boolean {
  const path = word.replaceAll('%%', '%');
  return (isAbsolute(path) ? resolve(path) : resolve(dirname(configFile), path)) === resolve(file);
}
