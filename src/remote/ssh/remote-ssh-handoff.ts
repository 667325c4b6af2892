import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { copyFile, mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import * as l10n from '@vscode/l10n';
import { ConfigError } from '../../core/errors.ts';
import { replaceFile, writePrivately } from './private-file.ts';
import { includesFile, withEntry, withInclude, withoutKey } from './remote-ssh-config.ts';
import type { HostEntry } from './remote-ssh-config.ts';
import type { SshSettings } from './ssh-settings.ts';

/** The `ssh` of this computer and the file it reads. */
export interface SshProgram {
  /** Name or absolute path. */
  readonly program: string;
  /** Absolute path of a file to read in place of its own; `null` for its own. */
  readonly configFile: string | null;
}

/** Where `ssh` would go for a name. */
export interface SshAnswer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Files of private keys, in the order to try, as the configuration writes them. */
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
}

const ANSWER_MS = 10_000;
const run = promisify(execFile);

/**
 * Asks `ssh` itself where it would go for a name; it connects to nothing.
 *
 * @param name - what it would be called with
 * @param ssh - which one
 * @returns the place
 * @throws {ConfigError} when it cannot be run, or does not take its configuration
 */
export async function askSsh(name: string, ssh: SshProgram): Promise<SshAnswer> {
  const from = ssh.configFile === null ? [] : ['-F', ssh.configFile];
  try {
    const { stdout } = await run(ssh.program, ['-G', ...from, '--', name], { timeout: ANSWER_MS });
    const word = (key: string): string =>
      new RegExp(`^${key} (.*)$`, 'm').exec(stdout)?.[1]?.trim() ?? '';
    return {
      host: word('hostname'),
      port: Number(word('port')),
      user: word('user'),
      identityFiles: [...stdout.matchAll(/^identityfile (.*)$/gm)].map(([, file = '']) => file.trim()),
      identitiesOnly: word('identitiesonly') === 'yes',
    };
  } catch (error) {
    const said = (error as { readonly stderr?: unknown }).stderr;
    const reason = typeof said === 'string' && said !== '' ? said.trim() : String(error);
    throw new ConfigError('ssh-config', l10n.t('ssh does not take its configuration'), {
      cause: error,
      steps: [l10n.t('It said: {0}', reason), l10n.t('Run `ssh -G {0}` in a terminal.', name)],
    });
  }
}

/**
 * Whether `ssh` already goes where we go.
 *
 * @param answer - of `ssh -G`
 * @param settings - ours
 * @returns whether place and user are the same
 */
export function isSamePlace(answer: SshAnswer, settings: SshSettings): boolean {
  const { host, port, user } = settings;
  return answer.host.toLowerCase() === host && answer.port === port && answer.user === user;
}

/**
 * Whether `ssh` would log in with a key before all others, and with no agent's.
 *
 * @param answer - of `ssh -G`
 * @param keyFile - absolute path of the private key
 * @returns whether it would
 */
export function isUsingKey(answer: SshAnswer, keyFile: string): boolean {
  const [first = ''] = answer.identityFiles;
  const plain = (path: string): string => path.replaceAll('%%', '%').replaceAll('\\', '/');
  return answer.identitiesOnly && plain(first) === plain(keyFile);
}

/**
 * Writes an entry into our own file, whole or not at all.
 *
 * @param file - absolute path of our file; made when missing, readable by its owner alone
 * @param entry - of the machine
 */
export async function writeEntry(file: string, entry: HostEntry): Promise<void> {
  await writePrivately(file, withEntry(await textOf(file), entry));
}

/**
 * Takes the entries that use a key out of our own file, as before the key is deleted.
 *
 * @param file - absolute path of our file
 * @param keyFile - absolute path of the private key
 */
export async function removeEntries(file: string, keyFile: string): Promise<void> {
  const old = await textOf(file);
  const text = withoutKey(old, keyFile);
  if (text !== old) {
    await writePrivately(file, text);
  }
}

/**
 * Whether the person's configuration has yet to be told of our file.
 *
 * @param configFile - absolute path of the person's configuration
 * @param file - absolute path of our file
 * @returns whether {@link addInclude} would change it
 */
export async function needsInclude(configFile: string, file: string): Promise<boolean> {
  return !includesFile(await textOf(configFile), configFile, file);
}

/**
 * Adds the line that reads our file to the person's configuration. What was
 * there is kept beside it; a link stays a link.
 *
 * @param configFile - absolute path; made when missing
 * @param file - absolute path of our file
 * @returns absolute path of what was there; `null` when nothing was, or nothing had to change
 */
export async function addInclude(configFile: string, file: string): Promise<string | null> {
  const old = await textOf(configFile);
  const text = withInclude(old, configFile, file);
  if (text === old) {
    return null;
  }
  await mkdir(dirname(configFile), { recursive: true, mode: 0o700 });
  const target = await realpath(configFile).catch(() => configFile);
  const mode = await stat(target).then((found) => found.mode & 0o777, () => null);
  const backup = mode === null ? null : await keep(target);
  await replaceFile(target, text, mode ?? 0o600);
  return backup;
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return '';
    }
    // Not to be taken for an empty one: it would be written over.
    throw error;
  }
}

// The first copy is the one before us, and is never written over.
async function keep(file: string): Promise<string> {
  for (let count = 0; ; count += 1) {
    const copy = `${file}.before-runctl${count === 0 ? '' : `-${count}`}`;
    try {
      await copyFile(file, copy, constants.COPYFILE_EXCL);
      return copy;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw error;
      }
    }
  }
}
