import { setTimeout as delay } from 'node:timers/promises';
import * as l10n from '@vscode/l10n';
import type { Client, ClientChannel, PseudoTtyOptions } from 'ssh2';
import type { MachineError } from '../../core/errors.ts';
import { readField } from '../../core/foreign-error.ts';
import { ChannelLimit } from './channel-limit.ts';
import type { Release } from './channel-limit.ts';
import type { SpareLinks } from './spare-links.ts';
import { lostError, sshError } from './ssh-errors.ts';
import type { Endpoint } from './ssh-errors.ts';

/** sshd refuses the eleventh; one is left to whoever else uses the connection. */
const MAX_SESSIONS = 9;
/** Sessions that must be free before one is opened for later. */
const SPARE_ROOM = 4;
const MAX_REFUSALS = 4;
const REFUSAL_MS = 40;
/** How long nobody may give a session back before another connection is used. */
const PATIENCE_MS = 500;
/** Of RFC 4254: the other end of a forward did not answer. */
const CONNECT_FAILED = 2;

type Opened = (error: Error | undefined, channel: ClientChannel) => void;
type Opener = (client: Client, done: Opened) => void;

/** A session, and the connection it is on: not the one asked where that has no room. */
export interface LinkSession {
  readonly channel: ClientChannel;
  readonly link: SshLink;
}

/** One connection that stands, until it does not. Never comes back: another takes its place. */
export class SshLink {
  readonly endpoint: Endpoint;
  private readonly client: Client;
  private readonly spare: SpareLinks | undefined;
  private readonly limit = new ChannelLimit(MAX_SESSIONS);
  private readonly listeners = new Set<(error: MachineError) => void>();
  private cause: unknown;
  private error: MachineError | undefined;

  /**
   * @param client - logged in
   * @param endpoint - the machine
   * @param spare - where sessions are opened that find no room here
   */
  constructor(client: Client, endpoint: Endpoint, spare?: SpareLinks) {
    this.client = client;
    this.endpoint = endpoint;
    this.spare = spare;
    client.on('error', (error) => {
      this.cause ??= error;
    });
    // Comes before the channels hear of it, which would take it for a common end.
    client.once('close', () => this.lose(undefined));
  }

  /** What ended it; `undefined` while it stands. */
  get lost(): MachineError | undefined {
    return this.error;
  }

  /** Sessions open now. */
  get sessions(): number {
    return this.limit.taken;
  }

  private onCrowded: () => void = () => undefined;

  /**
   * Tells when the connection is lost; at once when it is already.
   *
   * @param listener - told the error
   * @returns ends the subscription
   */
  onLost(listener: (error: MachineError) => void): () => void {
    if (this.error !== undefined) {
      listener(this.error);
      return () => undefined;
    }
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Whether a session could be had without waiting. */
  get hasRoom(): boolean {
    return this.limit.free;
  }

  /** How many sessions the server takes, as far as is known. */
  get mostSessions(): number {
    return this.limit.most;
  }

  /**
   * Takes what was learned on another connection to the same server.
   *
   * @param sessions - how many it takes
   */
  expectAtMost(sessions: number): void {
    this.limit.lower(sessions);
  }

  /** Whether someone waits for a session. */
  get isCrowded(): boolean {
    return this.limit.waits > 0;
  }

  /**
   * Has someone give up a session when others have to wait.
   *
   * @param giveUp - called each time one has to
   */
  whenCrowded(giveUp: () => void): void {
    this.onCrowded = giveUp;
  }

  /**
   * Runs a command line in the login shell.
   *
   * @param command - the text
   * @param signal - gives up waiting
   * @returns its session, which counts until the server has closed it
   */
  exec(command: string, signal?: AbortSignal): Promise<LinkSession> {
    return this.session((client, done) => client.exec(command, done), signal);
  }

  /**
   * Runs a command line only if many more could be run beside it.
   *
   * @param command - the text
   * @returns its channel; `full` when there is no room now, `refused` when the server has none
   */
  async execInSpareRoom(command: string): Promise<ClientChannel | 'full' | 'refused'> {
    if (this.limit.left < SPARE_ROOM) {
      return 'full';
    }
    const release = await this.limit.acquire();
    try {
      const channel = await this.open((client, done) => client.exec(command, done));
      this.releaseAtEnd(channel, release);
      return channel;
    } catch (error) {
      release();
      return isRefusal(error) ? 'refused' : 'full';
    }
  }

  /**
   * Opens the login shell itself, with a terminal.
   *
   * @param terminal - its kind and size
   * @param signal - gives up waiting
   * @returns its session, which counts until the server has closed it
   */
  shell(terminal: PseudoTtyOptions, signal?: AbortSignal): Promise<LinkSession> {
    return this.session((client, done) => client.shell(terminal, done), signal);
  }

  /**
   * Connects to an address as the machine sees it.
   *
   * @param host - name or address there
   * @param port - TCP port there
   * @param signal - gives up with its reason
   * @returns the channel; it counts towards no limit
   */
  forward(host: string, port: number, signal?: AbortSignal): Promise<ClientChannel> {
    const opening = this.open((client, done) => {
      client.forwardOut('127.0.0.1', 0, host, port, done);
    }, true);
    if (signal === undefined) {
      return opening;
    }
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        opening.then((channel) => channel.close(), () => undefined);
        reject(asError(signal.reason));
      };
      signal.addEventListener('abort', giveUp, { once: true });
      opening
        .then(resolve, reject)
        .finally(() => signal.removeEventListener('abort', giveUp));
    });
  }

  /**
   * Ends the connection; what is open on it ends with an error.
   *
   * @param graceMs - how long to wait for the goodbye of the other side
   */
  async close(graceMs: number): Promise<void> {
    if (this.error !== undefined) {
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.client.destroy(), graceMs);
      this.onLost(() => {
        clearTimeout(timer);
        resolve();
      });
      this.client.end();
    });
  }

  private lose(cause: unknown): MachineError {
    if (this.error !== undefined) {
      return this.error;
    }
    const error = lostError(this.endpoint, this.cause ?? cause);
    this.error = error;
    this.limit.close(error);
    for (const listener of [...this.listeners]) {
      listener(error);
    }
    this.listeners.clear();
    return error;
  }

  private async session(opener: Opener, signal?: AbortSignal): Promise<LinkSession> {
    for (let refusals = 1; ; refusals++) {
      if (!this.limit.free) {
        this.onCrowded();
      }
      const release = await this.placeOrSpare(signal);
      if (release instanceof SshLink) {
        return release.session(opener, signal);
      }
      try {
        const channel = await this.open(opener);
        this.releaseAtEnd(channel, release);
        return { channel, link: this };
      } catch (error) {
        const others = this.limit.taken - 1;
        release();
        // Nothing has run yet, so it may be tried again.
        if (!isRefusal(error) || this.error !== undefined || signal?.aborted === true) {
          throw error;
        }
        this.onCrowded();
        if (refusals < MAX_REFUSALS) {
          // Perhaps one has ended for us, and is about to for the server.
          await delay(REFUSAL_MS * refusals);
        } else if (others > 0) {
          // The server takes fewer than we thought: one of ours has to end.
          this.limit.lower(others);
          refusals = 0;
        } else {
          throw error;
        }
      }
    }
  }

  // What has taken a session may keep it for hours: a log that is followed, a terminal.
  private async placeOrSpare(signal?: AbortSignal): Promise<Release | SshLink> {
    const { spare, limit } = this;
    if (spare === undefined || limit.free) {
      return limit.acquire(signal);
    }
    let found: Release | SshLink | undefined = spare.withRoom();
    while (found === undefined) {
      found =
        (await limit.acquireUnlessStuck(PATIENCE_MS, signal)) ??
        (await spare.find(limit.most, signal));
    }
    return found;
  }

  private releaseAtEnd(channel: ClientChannel, release: () => void): void {
    const forget = this.onLost(release);
    channel.once('close', () => {
      forget();
      release();
    });
  }

  private open(opener: Opener, isForward = false): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      const forget = this.onLost(reject);
      try {
        opener(this.client, (error, channel) => {
          forget();
          if (error) {
            reject(this.error ?? this.openError(error, isForward));
          } else {
            resolve(channel);
          }
        });
      } catch (error) {
        // The socket is closing. Known at once, or whoever tries again would get this link again.
        forget();
        reject(this.lose(error));
        this.client.destroy();
      }
    });
  }

  private openError(cause: Error, isForward: boolean): MachineError {
    const { alias } = this.endpoint;
    if (isForward && readField(cause, 'reason') === CONNECT_FAILED) {
      const message = l10n.t('{0} cannot reach that address: {1}', alias, cause.message);
      return sshError('refused', message, { cause });
    }
    return readField(cause, 'level') === undefined
      ? sshError('protocol', l10n.t('{0} refused a channel: {1}', alias, cause.message), { cause })
      : lostError(this.endpoint, cause);
  }
}

// A refusal of a session has a reason; what went wrong otherwise has none.
function isRefusal(error: unknown): boolean {
  return readField(readField(error, 'cause'), 'reason') !== undefined;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}
