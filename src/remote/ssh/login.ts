import type { Duplex } from 'node:stream';
import * as l10n from '@vscode/l10n';
import type { Client, ServerHostKeyAlgorithm } from 'ssh2';
import { cancelledBy } from '../../core/cancellation.ts';
import { MachineError } from '../../core/errors.ts';
import { errorCodes, readField } from '../../core/foreign-error.ts';
import { agentOf, publicLine } from './identities.ts';
import type { Identity } from './identities.ts';
import type { HostKeyRecords, HostKeyVerdict } from './known-hosts.ts';
import { authError, lostError, reachError, sshError, timeoutError } from './ssh-errors.ts';
import type { SshSettings } from './ssh-settings.ts';
import type { Ssh2 } from './ssh2-module.ts';

/** What one login needs. */
export interface LoginParts {
  readonly ssh2: Ssh2;
  readonly settings: SshSettings;
  /** Connected. */
  readonly socket: Duplex;
  readonly records: HostKeyRecords;
  readonly identities: readonly Identity[];
  readonly signal: AbortSignal;
}

/** How one login ended, unless it threw. */
export type LoginResult =
  | {
      readonly kind: 'ready';
      readonly client: Client;
      /** What we logged in with; `undefined` where the server wanted nothing. */
      readonly identity: Identity | undefined;
    }
  | {
      readonly kind: 'host-key';
      /** Never `known`. */
      readonly verdict: HostKeyVerdict;
      /** Public key as SSH sends it. */
      readonly key: Buffer;
    };

/** No SHA-1, no DSA. */
const HOST_KEY_ALGORITHMS: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];
const KEEPALIVE_COUNT = 3;

/**
 * Speaks SSH over a fresh connection until we are logged in, or not. A host
 * key that is not known ends it, so that nobody is asked while a server waits.
 *
 * @param parts - see the fields
 * @returns the client, or what is the matter with the host key
 * @throws {MachineError} with code `auth-failed`, `key-passphrase`, `timeout`, `protocol` or
 * `connection-lost`
 */
export function logIn(parts: LoginParts): Promise<LoginResult> {
  return new Login(parts).run();
}

class Login {
  private readonly parts: LoginParts;
  private readonly client: Client;
  private phase: 'greeting' | 'login' = 'greeting';
  private methods: readonly string[] = [];
  private offered = false;
  private signedBy: Identity | undefined;
  private passphrase: MachineError | undefined;
  /** What kept our own key from signing: told only when no other key helps. */
  private ownKeyProblem: MachineError | undefined;
  private refused: { readonly verdict: HostKeyVerdict; readonly key: Buffer } | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(parts: LoginParts) {
    this.parts = parts;
    this.client = new parts.ssh2.Client();
  }

  async run(): Promise<LoginResult> {
    const { client } = this;
    const { settings, signal, socket } = this.parts;
    try {
      return await new Promise<LoginResult>((resolve, reject) => {
        const fail = (error: unknown): void => {
          if (this.refused !== undefined) {
            resolve({ kind: 'host-key', ...this.refused });
          } else {
            reject(this.named(error));
          }
        };
        client.once('ready', () => resolve({ kind: 'ready', client, identity: this.signedBy }));
        client.on('handshake', () => (this.phase = 'login'));
        // What the agent says of one key ends nothing: the next is tried.
        client.on('error', (error) => {
          if (readField(error, 'level') !== 'agent') {
            fail(error);
          }
        });
        client.once('close', () => fail(undefined));
        signal.addEventListener('abort', () => fail(signal.reason), { once: true });
        this.rearm = () => {
          clearTimeout(this.timer);
          if (settings.connectTimeoutMs > 0) {
            this.timer = setTimeout(() => fail(timeoutError(settings)), settings.connectTimeoutMs);
          }
        };
        this.rearm();
        this.connect();
      });
    } catch (error) {
      this.drop();
      throw error;
    } finally {
      clearTimeout(this.timer);
      if (this.refused !== undefined) {
        this.drop();
      }
      if (signal.aborted) {
        socket.destroy();
      }
    }
  }

  private rearm = (): void => undefined;

  private connect(): void {
    const { settings, socket, records } = this.parts;
    this.client.connect({
      sock: socket,
      username: settings.user,
      // We count the time ourselves, and not while a person is asked.
      readyTimeout: 0,
      keepaliveInterval: settings.keepaliveMs,
      keepaliveCountMax: KEEPALIVE_COUNT,
      algorithms: { serverHostKey: preferring(records.keyTypes) },
      hostVerifier: (key: Buffer) => {
        const verdict = records.judge(key);
        if (verdict.kind !== 'known') {
          this.refused = { verdict, key };
        }
        return verdict.kind === 'known';
      },
      authHandler: (methods: readonly string[] | null, _partial, next) => {
        // `false` ends the login; its type does not know it.
        next(this.nextMethod(methods) as 'none');
      },
    });
  }

  // First our keys, then nothing: the refusal of nothing names what would be taken.
  private nextMethod(methods: readonly string[] | null): unknown {
    const { identities, settings, ssh2 } = this.parts;
    if (this.passphrase !== undefined || methods !== null) {
      this.methods = methods ?? [];
      return false;
    }
    if (this.offered || identities.length === 0) {
      return { type: 'none', username: settings.user };
    }
    this.offered = true;
    const agent = agentOf(ssh2, identities, {
      begin: () => clearTimeout(this.timer),
      end: (outcome) => {
        this.rearm();
        if ('by' in outcome) {
          this.signedBy = outcome.by;
        } else if (outcome.error instanceof MachineError) {
          if (outcome.error.code === 'key-passphrase') {
            this.passphrase = outcome.error;
          } else {
            this.ownKeyProblem = outcome.error;
          }
        }
      },
    });
    return { type: 'agent', username: settings.user, agent };
  }

  private named(error: unknown): Error {
    const { settings, signal, identities } = this.parts;
    if (signal.aborted) {
      return cancelledBy(signal);
    }
    if (error instanceof MachineError) {
      return error;
    }
    const level = readField(error, 'level');
    const atLogin = this.phase === 'login';
    // A server that has had enough of our keys says goodbye with a number.
    const goodbye = typeof readField(error, 'code') === 'number';
    if (atLogin && (level === 'client-authentication' || goodbye)) {
      const tried = identities.map(({ name }) => name);
      const { methods } = this;
      // It took a key, and now takes keys no more.
      const secondFactor =
        this.signedBy !== undefined && methods.length > 0 && !methods.includes('publickey');
      const publicKeys = identities.map(({ blob }) => publicLine(blob));
      return (
        this.passphrase ??
        this.ownKeyProblem ??
        authError(settings, { methods, tried, publicKeys, secondFactor, cause: error })
      );
    }
    if (level === 'client-socket' && errorCodes(error).length > 0) {
      return reachError(settings, error);
    }
    if (error instanceof Error && (level === 'handshake' || level === 'protocol')) {
      return isEarlyEnd(error)
        ? lostError(settings, error)
        : sshError('protocol', l10n.t('{0} speaks SSH in a way we do not', settings.alias), {
            cause: error,
            steps: [l10n.t('It said: {0}', error.message)],
          });
    }
    return lostError(settings, error);
  }

  private drop(): void {
    // Late errors of a connection nobody wants any more.
    this.client.on('error', () => undefined);
    this.client.destroy();
    this.parts.socket.destroy();
  }
}

// ssh2 names this one by its text alone; a busy sshd drops new connections so.
function isEarlyEnd({ message }: Error): boolean {
  return message.startsWith('Connection lost before handshake');
}

function preferring(types: readonly string[]): ServerHostKeyAlgorithm[] {
  const wanted = (algorithm: string): boolean =>
    types.some((type) => (type === 'ssh-rsa' ? algorithm.startsWith('rsa-') : type === algorithm));
  return [
    ...HOST_KEY_ALGORITHMS.filter(wanted),
    ...HOST_KEY_ALGORITHMS.filter((algorithm) => !wanted(algorithm)),
  ];
}
