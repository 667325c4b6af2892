import * as l10n from '@vscode/l10n';
import { MachineError } from '../../core/errors.ts';
import type { RunctlErrorOptions } from '../../core/errors.ts';
import { causeChain, errorCodes } from '../../core/foreign-error.ts';

/** Names of what goes wrong on the way to a machine. */
export type SshErrorCode =
  | 'auth-failed'
  | 'authorized-keys'
  | 'connection-lost'
  | 'dns'
  | 'exec-failed'
  | 'get-failed'
  | 'host-key-changed'
  | 'host-key-revoked'
  | 'host-key-unknown'
  | 'key-passphrase'
  | 'no-shell'
  | 'own-key-lost'
  | 'own-key-refused'
  | 'protocol'
  | 'put-failed'
  | 'refused'
  | 'timeout'
  | 'unreachable';

/** Where a connection was to go; for messages. */
export interface Endpoint {
  /** As the person named it. */
  readonly alias: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
}

const DOCTOR_COMMAND = 'runctl.doctor';

/**
 * An error of the way to a machine.
 *
 * @param code - what went wrong
 * @param message - translated
 * @param options - cause, steps, details
 * @returns the error
 */
export function sshError(
  code: SshErrorCode,
  message: string,
  options: RunctlErrorOptions = {},
): MachineError {
  return new MachineError(code, message, options);
}

/**
 * Names what a socket or a name lookup said.
 *
 * @param to - where it was to go
 * @param cause - what was thrown
 * @returns the error, its next action the check of the connection
 */
export function reachError(to: Endpoint, cause: unknown): MachineError {
  const codes = causeChain(cause).flatMap(errorCodes);
  const has = (...names: readonly string[]): boolean => names.some((name) => codes.includes(name));
  const place = `${to.host}:${to.port}`;
  if (has('ENOTFOUND', 'EAI_AGAIN', 'EAI_NONAME', 'EAI_NODATA', 'EAI_FAIL')) {
    return sshError('dns', l10n.t('The name {0} is not known', to.host), {
      ...withDoctor(to, cause),
      steps: [
        l10n.t('Check the spelling of the host in .runctl.toml or your SSH configuration.'),
        l10n.t('Check that this computer is online, and whether the name needs a VPN.'),
      ],
    });
  }
  if (has('ECONNREFUSED')) {
    return sshError('refused', l10n.t('{0} answers, but no SSH server listens there', place), {
      ...withDoctor(to, cause),
      steps: [
        l10n.t('Check the port.'),
        l10n.t('A machine that was just started may need a minute; then try again.'),
      ],
    });
  }
  if (has('ETIMEDOUT', 'ESOCKETTIMEDOUT')) {
    return timeoutError(to, cause);
  }
  if (has('EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL', 'EACCES')) {
    return sshError('unreachable', l10n.t('There is no way to {0}', place), {
      ...withDoctor(to, cause),
      steps: [l10n.t('Check that this computer is online, and whether the host needs a VPN.')],
    });
  }
  return lostError(to, cause);
}

/**
 * Says that a connection did not come about in time.
 *
 * @param to - where it was to go
 * @param cause - what was thrown, if anything
 * @returns the error
 */
export function timeoutError(to: Endpoint, cause?: unknown): MachineError {
  return sshError('timeout', l10n.t('{0}:{1} did not answer in time', to.host, to.port), {
    ...withDoctor(to, cause),
    steps: [
      l10n.t('Check that the machine is on and that no firewall drops the port.'),
      l10n.t('On a slow link raise `connect_timeout` under [ssh] in .runctl.toml.'),
    ],
  });
}

/**
 * Says that a connection that stood is gone. Whether a command that was under
 * way has run is not known.
 *
 * @param to - where it went
 * @param cause - what ended it, if known
 * @returns the error
 */
export function lostError(to: Endpoint, cause?: unknown): MachineError {
  return sshError('connection-lost', l10n.t('The connection to {0} was lost', to.alias), {
    ...withDoctor(to, cause),
    steps: [l10n.t('Runs go on without it. Try again; a new connection is made by itself.')],
  });
}

/** Why a login ended. */
export interface AuthFailure {
  /** What the server would take, when it said so. */
  readonly methods: readonly string[];
  /** Descriptions of the keys it was offered. */
  readonly tried: readonly string[];
  /** Their public halves, as authorized_keys has them. */
  readonly publicKeys: readonly string[];
  /** Whether it took a key and wants more. */
  readonly secondFactor?: boolean;
  readonly cause?: unknown;
}

/**
 * Says that the machine did not let us in.
 *
 * @param to - where it was to go
 * @param failure - why
 * @returns the error
 */
export function authError(to: Endpoint, failure: AuthFailure): MachineError {
  const { methods, tried, publicKeys } = failure;
  const message =
    failure.secondFactor === true
      ? l10n.t('{0} wants a second factor after the key, which is not supported', to.alias)
      : l10n.t('{0} did not accept any key of {1}', to.alias, to.user);
  const steps =
    methods.length > 0 && !methods.includes('publickey') && failure.secondFactor !== true
      ? [
          l10n.t('The server takes only {0}.', methods.join(', ')),
          l10n.t('Let it accept keys, then try again.'),
        ]
      : [
          tried.length === 0
            ? l10n.t('There was no key to offer: make one by ssh-keygen, or start your agent.')
            : l10n.t('Keys offered: {0}.', tried.join(', ')),
          l10n.t('Check the user name, and that your public key is in its authorized_keys.'),
          l10n.t('Of many keys, name the right one by IdentityFile and IdentitiesOnly.'),
        ];
  return sshError('auth-failed', message, {
    ...withDoctor(to, failure.cause),
    steps,
    details: { host: to.host, port: to.port, user: to.user, methods, tried, publicKeys },
  });
}

/**
 * Says that a key stays locked.
 *
 * @param file - its path
 * @param wrong - whether a passphrase was given that does not open it
 * @param cause - what was thrown, if anything
 * @returns the error; its next action opens nothing, for only a retry asks again
 */
export function passphraseError(file: string, wrong: boolean, cause?: unknown): MachineError {
  const message = wrong
    ? l10n.t('The passphrase does not open the key {0}', file)
    : l10n.t('The key {0} needs its passphrase', file);
  return sshError('key-passphrase', message, {
    cause,
    steps: [l10n.t('Try again and give the passphrase, or add the key to your SSH agent.')],
    details: { file },
  });
}

function withDoctor(to: Endpoint, cause: unknown): RunctlErrorOptions {
  return {
    cause,
    nextAction: {
      title: l10n.t('Check Machine'),
      command: DOCTOR_COMMAND,
      arguments: [to.alias],
    },
    details: { host: to.host, port: to.port, user: to.user },
  };
}
