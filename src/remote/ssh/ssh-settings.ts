import { homedir, hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import * as l10n from '@vscode/l10n';
import { configErrorWithFix } from '../../core/error-helpers.ts';
import { ConfigError } from '../../core/errors.ts';
import { expandTokens, expandVariables } from './ssh-config-tokens.ts';
import type { TokenValues } from './ssh-config-tokens.ts';
import { valuesFor } from './ssh-config-values.ts';
import type { ConfigValue, SshConfigTexts, SshConfigValues } from './ssh-config-values.ts';

/** All that is needed to connect to one machine. */
export interface SshSettings {
  /** As the person named it. */
  readonly alias: string;
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Absolute paths of private keys, in the order to try; some may not exist. */
  readonly identityFiles: readonly string[];
  /** Whether only these keys may be used, even where the agent has others. */
  readonly identitiesOnly: boolean;
  /** Socket of the SSH agent; `null` for none. */
  readonly agentSocket: string | null;
  readonly hostKeyAlias: string | null;
  /** Absolute paths, the person's before the system's. */
  readonly knownHostsFiles: readonly string[];
  readonly connectTimeoutMs: number;
  /** 0 for no signs of life. */
  readonly keepaliveMs: number;
  /** The machine to go through; `null` for none. */
  readonly jump: SshSettings | null;
  /** What of the configuration was not used, translated. */
  readonly notes: readonly string[];
}

/** A machine to connect to. Only what a person really wrote; a default is no value. */
export interface SshTarget {
  /** Host name, address, or a `Host` of the SSH configuration. */
  readonly host: string;
  readonly user?: string | null | undefined;
  readonly port?: number | null | undefined;
  readonly connectTimeoutSeconds?: number | null | undefined;
  readonly keepaliveSeconds?: number | null | undefined;
}

/** The computer that connects. */
export interface SshClientContext {
  /** Absolute home directory. */
  readonly home: string;
  readonly user: string;
  readonly uid: number;
  readonly hostname: string;
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const DEFAULT_PORT = 22;
const DEFAULT_TIMEOUT_SECONDS = 20;
const DEFAULT_KEEPALIVE_SECONDS = 15;
const MAX_JUMPS = 8;
const DEFAULT_KEYS = ['id_rsa', 'id_ecdsa', 'id_ed25519'];
const SYSTEM_KNOWN_HOSTS = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];
const WINDOWS_AGENT = '\\\\.\\pipe\\openssh-ssh-agent';

/**
 * This computer.
 *
 * @returns its facts
 */
export function sshClientContext(): SshClientContext {
  const { username, uid } = userInfo();
  const { env, platform } = process;
  return { home: homedir(), user: username, uid, hostname: hostname(), platform, env };
}

/**
 * Says how to connect to a machine: what .runctl.toml says, else what the SSH
 * configuration says, else what ssh does by itself.
 *
 * @param target - the machine and what was written of it
 * @param config - the SSH configuration
 * @param context - this computer
 * @returns the settings, those of the machines on the way included
 * @throws {ConfigError} when the configuration asks for what cannot be done here
 */
export function resolveSshSettings(
  target: SshTarget,
  config: SshConfigTexts,
  context: SshClientContext,
): SshSettings {
  return resolve(target, undefined, { config, context, seen: [] });
}

interface Resolution {
  readonly config: SshConfigTexts;
  readonly context: SshClientContext;
  /** Hosts on the way so far, the target first. */
  readonly seen: readonly string[];
}

function resolve(
  target: SshTarget,
  jumps: readonly SshTarget[] | undefined,
  { config, context, seen }: Resolution,
): SshSettings {
  const { host: alias } = target;
  const found = valuesFor(alias, config);
  const word = (keyword: string): string | undefined => found.values.get(keyword)?.words[0];
  const user = target.user ?? word('user') ?? context.user;
  const port = target.port ?? portOf(found.values.get('port')) ?? DEFAULT_PORT;
  const host = expandTokens(word('hostname') ?? alias, { h: alias }).toLowerCase();
  const hostKeyAlias = word('hostkeyalias') ?? null;
  const tokens: TokenValues = {
    d: context.home,
    h: host,
    i: String(context.uid),
    k: hostKeyAlias ?? alias,
    L: context.hostname.split('.')[0] ?? '',
    l: context.hostname,
    n: alias,
    p: String(port),
    r: user,
    u: context.user,
  };
  const path = (text: string): string =>
    expandVariables(expandTokens(home(text, context.home), tokens), context.env);
  // `Host *` with a ProxyJump means the jump host itself, too.
  const hops = jumps ?? jumpsOf(found).filter((hop) => hop.host !== alias);
  const next = hops.at(-1);
  if (next !== undefined && (seen.includes(next.host) || seen.length >= MAX_JUMPS)) {
    throw new ConfigError('jump-loop', l10n.t('ProxyJump of {0} leads back to itself', alias), {
      steps: [l10n.t('Give {0} `ProxyJump none` in your SSH configuration.', next.host)],
    });
  }
  return {
    alias,
    host,
    port,
    user,
    identityFiles: identityFiles(found, context, path),
    identitiesOnly: word('identitiesonly')?.toLowerCase() === 'yes',
    agentSocket: agentSocket(word('identityagent'), context, path),
    hostKeyAlias,
    knownHostsFiles: [
      ...wordsOr(found.values.get('userknownhostsfile'), [
        '~/.ssh/known_hosts',
        '~/.ssh/known_hosts2',
      ]).map(path),
      ...wordsOr(found.values.get('globalknownhostsfile'), SYSTEM_KNOWN_HOSTS),
    ].filter((file) => file !== 'none'),
    connectTimeoutMs:
      (target.connectTimeoutSeconds ?? seconds(word('connecttimeout'), DEFAULT_TIMEOUT_SECONDS)) *
      1000,
    keepaliveMs:
      (target.keepaliveSeconds ??
        seconds(word('serveraliveinterval'), DEFAULT_KEEPALIVE_SECONDS)) * 1000,
    jump:
      next === undefined
        ? null
        : resolve(
            { ...timesOf(target), ...next },
            // The first of the chain goes on by what its own configuration says.
            hops.length > 1 ? hops.slice(0, -1) : undefined,
            { config, context, seen: [...seen, alias] },
          ),
    notes: found.notes,
  };
}

function identityFiles(
  { identityFiles: named }: SshConfigValues,
  context: SshClientContext,
  path: (text: string) => string,
): readonly string[] {
  if (named.length === 0) {
    return DEFAULT_KEYS.map((name) => join(context.home, '.ssh', name));
  }
  return named.filter((name) => name.toLowerCase() !== 'none').map(path);
}

function agentSocket(
  named: string | undefined,
  { env, platform }: SshClientContext,
  path: (text: string) => string,
): string | null {
  const own = env['SSH_AUTH_SOCK'] ?? (platform === 'win32' ? WINDOWS_AGENT : '');
  if (named?.toLowerCase() === 'none') {
    return null;
  }
  const socket = named === undefined || named === 'SSH_AUTH_SOCK' ? own : path(named);
  return socket === '' ? null : socket;
}

function jumpsOf({ values }: SshConfigValues): readonly SshTarget[] {
  const command = values.get('proxycommand');
  if (command !== undefined && command.words[0]?.toLowerCase() !== 'none') {
    throw configErrorWithFix({
      ...command,
      column: 1,
      code: 'proxy-command',
      problem: l10n.t('ProxyCommand is not supported.'),
      fix: l10n.t('Use ProxyJump instead, or set `ProxyCommand none` for this host.'),
    });
  }
  const jump = values.get('proxyjump');
  const text = jump?.words[0] ?? 'none';
  return text.toLowerCase() === 'none' ? [] : text.split(',').map((hop) => jumpOf(hop, jump));
}

// [user@]host[:port], an address in brackets, or an ssh:// address.
function jumpOf(text: string, at: ConfigValue | undefined): SshTarget {
  const match = /^(?:ssh:\/\/)?(?:(.+)@)?(\[[^\]]+\]|[^:]+)(?::(\d+))?\/?$/.exec(text.trim());
  const host = match?.[2]?.replace(/^\[|\]$/g, '');
  if (host === undefined || host === '') {
    throw configErrorWithFix({
      file: at?.file ?? '',
      line: at?.line ?? 1,
      column: 1,
      problem: l10n.t('ProxyJump names no host.'),
      fix: l10n.t('Write [user@]host[:port], several separated by commas.'),
    });
  }
  return { host, user: match?.[1], port: match?.[3] === undefined ? undefined : Number(match[3]) };
}

function portOf(value: ConfigValue | undefined): number | undefined {
  if (value === undefined) {
    return undefined;
  }
  const port = Number(value.words[0]);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw configErrorWithFix({
      ...value,
      column: 1,
      problem: l10n.t('Port is no port number.'),
      fix: l10n.t('Write a number from 1 to 65535.'),
    });
  }
  return port;
}

// ssh also knows times such as 1m30s.
function seconds(text: string | undefined, otherwise: number): number {
  const parts = [...(text ?? '').matchAll(/(\d+)([smhdw]?)/gi)];
  if (text === undefined || parts.map(([part]) => part).join('') !== text || parts.length === 0) {
    return otherwise;
  }
  const units: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400, w: 604_800 };
  return parts.reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (units[unit.toLowerCase()] ?? 1),
    0,
  );
}

function timesOf({ connectTimeoutSeconds, keepaliveSeconds }: SshTarget): Partial<SshTarget> {
  return { connectTimeoutSeconds, keepaliveSeconds };
}

function wordsOr(value: ConfigValue | undefined, otherwise: readonly string[]): readonly string[] {
  return value?.words ?? otherwise;
}

function home(text: string, directory: string): string {
  return text === '~' || text.startsWith('~/') ? join(directory, text.slice(1)) : text;
}
