import type { Duplex } from 'node:stream';
import * as l10n from '@vscode/l10n';
import type { Clock } from '../../core/clock.ts';
import { MachineError, RetryableError } from '../../core/errors.ts';
import { Emitter } from '../../core/events.ts';
import type { Event } from '../../core/events.ts';
import type { Logger } from '../../core/logger.ts';
import { ExponentialBackoffPolicy } from '../../core/retry.ts';
import { hostKeyError } from './host-key-error.ts';
import { collectIdentities } from './identities.ts';
import type { Identity, OfferedIdentity } from './identities.ts';
import type { KeyRing } from './key-ring.ts';
import type { HostKeyPlace, HostKeyVerdict, KnownHosts } from './known-hosts.ts';
import { logIn } from './login.ts';
import { ProgramLauncher } from './program-launcher.ts';
import { SpareLinks } from './spare-links.ts';
import { lostError, timeoutError } from './ssh-errors.ts';
import { SshLink } from './ssh-link.ts';
import type { SshSettings } from './ssh-settings.ts';
import { loadSsh2 } from './ssh2-module.ts';
import { openTcp } from './tcp.ts';

/** A question whether a host key that nobody knows yet is the right one. */
export interface HostKeyQuestion {
  /** The machine, as the person named it. */
  readonly alias: string;
  readonly host: string;
  readonly port: number;
  /** Such as `ssh-ed25519`. */
  readonly keyType: string;
  /** Such as `SHA256:…`. */
  readonly fingerprint: string;
}

/** Asks the person; the key is recorded when they say yes. */
export type HostKeyAsker = (question: HostKeyQuestion) => Promise<boolean>;

/** What connections are made with; shared by all machines. */
export interface SshServices {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly knownHosts: KnownHosts;
  readonly keyRing: KeyRing;
  readonly askHostKey: HostKeyAsker;
  /** Keys kept elsewhere than in files, such as our own of SecretStorage, for one machine. */
  readonly ownKeys?: ((to: SshSettings) => Promise<readonly OfferedIdentity[]>) | undefined;
  /** Sessions that each machine holds ready, so that commands begin sooner; 2 when missing. */
  readonly readySessions?: number | undefined;
}

/** How a connection stands. */
export type SshConnectionState = 'idle' | 'connecting' | 'connected' | 'lost' | 'closed';

const BACKOFF = { baseMs: 250, factor: 2, capMs: 5000, retryAfterCapMs: 5000 };
const FIRST_ATTEMPTS = 3;
const NEXT_ATTEMPTS = 5;
/** What may pass by itself when the machine was there a moment ago. */
const PASSING: ReadonlySet<string> = new Set(['connection-lost', 'dns', 'refused', 'unreachable']);
const READY_SESSIONS = 2;
const GOODBYE_MS = 1000;
/** Some limit for a way through another machine, which tells nothing while it waits. */
const LONGEST_MS = 120_000;

/**
 * The one connection to a machine: made on first use, shared by all who ask,
 * made again on the next use when it was lost. Where it has no session left for
 * long, others stand beside it for a while.
 */
export class SshConnection {
  readonly settings: SshSettings;
  readonly onDidChangeState: Event<SshConnectionState>;
  private readonly services: SshServices;
  private readonly pinnedKeys: readonly string[];
  private readonly jump: SshConnection | undefined;
  private readonly changes = new Emitter<SshConnectionState>();
  private readonly closing = new AbortController();
  private readonly spares: SpareLinks;
  private now: SshConnectionState = 'idle';
  private current: ProgramLauncher | undefined;
  private connecting: Promise<ProgramLauncher> | undefined;
  private loggedInBy: Identity | undefined;

  constructor(
    settings: SshSettings,
    services: SshServices,
    pinnedKeys: readonly string[] = [],
  ) {
    this.settings = settings;
    this.services = services;
    this.pinnedKeys = pinnedKeys;
    this.onDidChangeState = this.changes.event;
    this.jump = settings.jump === null ? undefined : new SshConnection(settings.jump, services);
    this.spares = new SpareLinks(() => this.logInOnce(), services.logger);
  }

  get state(): SshConnectionState {
    return this.now;
  }

  /** What the last login was made with; `undefined` before it, or where none was needed. */
  get identity(): Identity | undefined {
    return this.loggedInBy;
  }

  /** Sessions in use now. */
  get sessions(): number {
    const { current, spares } = this;
    return spares.sessions + (current === undefined ? 0 : current.link.sessions - current.idle);
  }

  /** Sessions held ready for what comes next. */
  get idleSessions(): number {
    return this.current?.idle ?? 0;
  }

  /**
   * The connection that stands, or a new one.
   *
   * @returns what programs are started with, and its link
   * @throws {MachineError} when there is no way to the machine
   */
  launcher(): Promise<ProgramLauncher> {
    if (this.closing.signal.aborted) {
      return Promise.reject(lostError(this.settings, this.closing.signal.reason));
    }
    if (this.current !== undefined && this.current.link.lost === undefined) {
      return Promise.resolve(this.current);
    }
    this.connecting ??= this.connect().finally(() => {
      this.connecting = undefined;
    });
    return this.connecting;
  }

  /** Ends the connection for good; what is open on it ends with `connection-lost`. */
  async close(): Promise<void> {
    this.closing.abort(new Error('closed'));
    await this.connecting?.catch(() => undefined);
    await Promise.all([this.current?.link.close(GOODBYE_MS), this.spares.close(GOODBYE_MS)]);
    await this.jump?.close();
    this.become('closed');
    this.changes.dispose();
  }

  private async connect(): Promise<ProgramLauncher> {
    const again = this.current !== undefined;
    const { clock, logger } = this.services;
    const { alias } = this.settings;
    const attempts = again ? NEXT_ATTEMPTS : FIRST_ATTEMPTS;
    this.become('connecting');
    try {
      const link = await new ExponentialBackoffPolicy({ ...BACKOFF, attempts }, { clock }).execute(
        () => this.logInOnce(this.spares),
        {
          signal: this.closing.signal,
          operation: l10n.t('The connection to {0}', alias),
          isRetryable: (error) => mayPass(error, again),
          onRetry: ({ delayMs, error }) =>
            logger.info(`${alias}: next attempt in ${delayMs} ms`, error),
        },
      );
      const launcher = new ProgramLauncher(link, this.services.readySessions ?? READY_SESSIONS);
      this.current = launcher;
      link.onLost((error) => {
        logger.info(`${alias}: connection lost`, error.cause);
        this.become('lost');
      });
      this.become(link.lost === undefined ? 'connected' : 'lost');
      return launcher;
    } catch (error) {
      this.become(again ? 'lost' : 'idle');
      // Its own name says more than that it was tried several times.
      throw error instanceof RetryableError && error.cause instanceof MachineError
        ? error.cause
        : error;
    }
  }

  private async logInOnce(spares?: SpareLinks): Promise<SshLink> {
    const { settings, services } = this;
    const { signal } = this.closing;
    const [ssh2, ownKeys] = await Promise.all([loadSsh2(), services.ownKeys?.(settings) ?? []]);
    const { keyRing } = services;
    const identities = await collectIdentities(ssh2, { settings, keyRing, ownKeys });
    for (;;) {
      const records = await services.knownHosts.look(this.place());
      const socket = await this.socket();
      const result = await logIn({ ssh2, settings, socket, records, identities, signal });
      if (result.kind === 'ready') {
        services.logger.debug(`${settings.alias}: connected`);
        this.loggedInBy = result.identity;
        return new SshLink(result.client, settings, spares);
      }
      // A key that was just accepted is known now; another one is a change then.
      await this.decide(result.verdict, result.key);
    }
  }

  private async decide(verdict: HostKeyVerdict, key: Buffer): Promise<void> {
    const { alias, host, port } = this.settings;
    if (verdict.kind === 'new') {
      const { keyType, fingerprint } = verdict;
      if (await this.services.askHostKey({ alias, host, port, keyType, fingerprint })) {
        await this.services.knownHosts.add(this.place(), key);
        return;
      }
    }
    throw hostKeyError(this.settings, verdict);
  }

  private async socket(): Promise<Duplex> {
    const { settings, jump } = this;
    if (jump === undefined) {
      return openTcp(settings, settings.connectTimeoutMs, this.closing.signal);
    }
    const { link } = await jump.launcher();
    const limit = new AbortController();
    const { connectTimeoutMs: timeoutMs } = settings;
    const timer = setTimeout(
      () => limit.abort(timeoutError(settings)),
      timeoutMs > 0 ? timeoutMs : LONGEST_MS,
    );
    try {
      return await link.forward(settings.host, settings.port, limit.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  private place(): HostKeyPlace {
    const { host, port, hostKeyAlias, knownHostsFiles } = this.settings;
    return { host, port, hostKeyAlias, knownHostsFiles, pinnedKeys: this.pinnedKeys };
  }

  private become(state: SshConnectionState): void {
    if (this.now !== state && this.now !== 'closed') {
      this.now = state;
      this.changes.fire(state);
    }
  }
}

function mayPass(error: unknown, again: boolean): boolean {
  return (
    error instanceof MachineError &&
    (again ? PASSING.has(error.code) : error.code === 'connection-lost')
  );
}
