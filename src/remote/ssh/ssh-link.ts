import * as l10n from '@vscode/l10n';
import type { Client, ClientChannel, PseudoTtyOptions } from 'ssh2';
import type { MachineError } from '../../core/errors.ts';
import { readField } from '../../core/foreign-error.ts';
import { ChannelLimit } from './channel-limit.ts';
import { lostError, sshError } from './ssh-errors.ts';
import type { Endpoint } from './ssh-errors.ts';

/** sshd refuses the eleventh; one is left to whoever else uses the connection. */
const MAX_SESSIONS = 9;
/** Of RFC 4254: the other end of a forward did not answer. */
const CONNECT_FAILED = 2;

type Opener = (done: (error: Error | undefined, channel: ClientChannel) => void) => void;

/** One connection that stands, until it does not. Never comes back: another takes its place. */
export class SshLink {
  readonly endpoint: Endpoint;
  private readonly client: Client;
  private readonly limit = new ChannelLimit(MAX_SESSIONS);
  private readonly listeners = new Set<(error: MachineError) => void>();
  private cause: unknown;
  private error: MachineError | undefined;

  constructor(client: Client, endpoint: Endpoint) {
    this.client = client;
    this.endpoint = endpoint;
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

  /** Whether a session could be opened without waiting for another to end. */
  get hasRoom(): boolean {
    return this.limit.free;
  }

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

  /**
   * Runs a command line in the login shell.
   *
   * @param command - the text
   * @param signal - gives up waiting
   * @returns its channel, which counts until the server has closed it
   */
  exec(command: string, signal?: AbortSignal): Promise<ClientChannel> {
    return this.session((done) => this.client.exec(command, done), signal);
  }

  /**
   * Opens the login shell itself, with a terminal.
   *
   * @param terminal - its kind and size
   * @param signal - gives up waiting
   * @returns its channel, which counts until the server has closed it
   */
  shell(terminal: PseudoTtyOptions, signal?: AbortSignal): Promise<ClientChannel> {
    return this.session((done) => this.client.shell(terminal, done), signal);
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
    const opening = this.open((done) => {
      this.client.forwardOut('127.0.0.1', 0, host, port, done);
    });
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

  private async session(opener: Opener, signal?: AbortSignal): Promise<ClientChannel> {
    for (;;) {
      const release = await this.limit.acquire(signal);
      try {
        const channel = await this.open(opener);
        const forget = this.onLost(release);
        channel.once('close', () => {
          forget();
          release();
        });
        return channel;
      } catch (error) {
        const others = this.limit.taken - 1;
        // Nothing has run yet. The server takes fewer sessions: wait for one of ours to end.
        const full = isRefusal(error) && others > 0;
        if (full) {
          this.limit.lower(others);
        }
        release();
        if (!full) {
          throw error;
        }
      }
    }
  }

  private open(opener: Opener): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      const forget = this.onLost(reject);
      try {
        opener((error, channel) => {
          forget();
          if (error) {
            reject(this.error ?? this.openError(error));
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

  private openError(cause: Error): MachineError {
    const { alias } = this.endpoint;
    if (readField(cause, 'reason') === CONNECT_FAILED) {
      return sshError('refused', l10n.t('{0} cannot reach that address: {1}', alias, cause.message), {
        cause,
      });
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
