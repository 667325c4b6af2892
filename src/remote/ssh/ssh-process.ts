import type { Readable, Writable } from 'node:stream';
import * as l10n from '@vscode/l10n';
import type { ClientChannel } from 'ssh2';
import { cancelledBy } from '../../core/cancellation.ts';
import type { ProcessEnd, RemoteProcess } from '../remote-shell.ts';
import { ChannelReader, ChannelWriter, MarkerFilter } from './channel-streams.ts';
import type { Preface } from './channel-streams.ts';
import { loginCommand, newMarker, programScript, WAITING_COMMAND, waitingLine } from './quote.ts';
import { sshError } from './ssh-errors.ts';
import type { SshLink } from './ssh-link.ts';

/** How long a signal over the channel may take before another way is used. */
const SIGNAL_MS = 250;
/** How long the channel of an ended program may stay open. */
const CLOSE_MS = 5000;

/** A program on a machine, on a channel of its own. */
export class SshProcess implements RemoteProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly done: Promise<ProcessEnd>;
  /** Settles when the program is about to begin; rejects when it cannot. */
  readonly began: Promise<void>;
  private readonly link: SshLink;
  private readonly channel: ClientChannel;
  private readonly marker: string;
  private readonly writer: ChannelWriter;
  private pid = '';
  private killed = false;
  private closed = false;

  private constructor(link: SshLink, channel: ClientChannel, marker: string) {
    this.link = link;
    this.channel = channel;
    this.marker = marker;
    const outMarker = new MarkerFilter(marker, () => undefined);
    const errMarker = new MarkerFilter(marker, (preface) => this.onPreface(preface, outMarker));
    this.writer = new ChannelWriter(channel);
    const stdout = new ChannelReader(channel, outMarker);
    const stderr = new ChannelReader(channel.stderr, errMarker);
    this.stdin = this.writer;
    this.stdout = stdout;
    this.stderr = stderr;
    this.began = new Promise((resolve, reject) => {
      this.settleBegin = { resolve, reject };
    });
    this.done = new Promise((resolve, reject) => {
      const forget = link.onLost((error) => {
        this.closed = true;
        this.settleBegin.reject(error);
        reject(error);
        for (const stream of [stdout, stderr, this.writer]) {
          stream.destroy(error);
        }
      });
      // Not by its `exit` event, which may pass before anyone could listen.
      channel.once('close', (code?: number | null, signal?: string) => {
        this.closed = true;
        const exit = code === undefined ? undefined : { code, signal: signal ?? null };
        forget();
        // Whoever still writes hears of it, and waits no more.
        this.writer.destroy();
        const end = exit ?? (this.killed ? KILLED : undefined);
        if (link.lost === undefined && end !== undefined) {
          resolve(end);
        } else {
          reject(link.lost ?? this.noExit());
        }
      });
    });
    // Whoever only reads the streams still hears of the end there.
    this.done.catch(() => undefined);
    this.began.catch(() => undefined);
  }

  private settleBegin: { resolve: () => void; reject: (error: Error) => void } = {
    resolve: () => undefined,
    reject: () => undefined,
  };

  /**
   * Runs a program.
   *
   * @param link - the connection
   * @param argv - program and arguments
   * @param signal - gives up waiting for a channel, then ends the program
   * @returns the program, begun
   * @throws {MachineError} with code `exec-failed` when there is no such program
   */
  static async launch(
    link: SshLink,
    argv: readonly string[],
    signal?: AbortSignal,
  ): Promise<SshProcess> {
    const marker = newMarker();
    const script = programScript(argv, marker);
    const command = loginCommand(script);
    const { channel, link: on } = await link.exec(command ?? WAITING_COMMAND, signal);
    const process = new SshProcess(on, channel, marker);
    if (command === undefined) {
      channel.write(waitingLine(script));
    }
    return process.begun(signal);
  }

  /**
   * Opens a session that waits for its program, if there is plenty of room.
   *
   * @param link - the connection
   * @returns the session, for {@link run}; `full` when there is no room now, `refused` when the
   * server has none
   */
  static async prepare(link: SshLink): Promise<SshProcess | 'full' | 'refused'> {
    const channel = await link.execInSpareRoom(WAITING_COMMAND);
    return typeof channel === 'string' ? channel : new SshProcess(link, channel, newMarker());
  }

  /** Whether the session cannot be used any more. */
  get isClosed(): boolean {
    return this.closed;
  }

  /**
   * Runs a program in a session that was prepared.
   *
   * @param argv - program and arguments
   * @param signal - ends the program
   * @returns the program, begun
   * @throws {MachineError} with code `no-shell` when it has certainly not begun
   */
  run(argv: readonly string[], signal?: AbortSignal): Promise<SshProcess> {
    this.channel.write(waitingLine(programScript(argv, this.marker)));
    return this.begun(signal);
  }

  /** Gives up a session that was prepared and not used. */
  discard(): void {
    this.stdout.destroy();
    this.stderr.destroy();
    // Its shell ends by itself, and then the session; closed, it would stay for a while.
    this.writer.end();
    later(CLOSE_MS, () => this.channel.close());
  }

  private async begun(signal: AbortSignal | undefined): Promise<SshProcess> {
    if (signal === undefined) {
      await this.began;
      return this;
    }
    const kill = (): void => this.kill();
    signal.addEventListener('abort', kill, { once: true });
    this.done
      .catch(() => undefined)
      .finally(() => signal.removeEventListener('abort', kill));
    if (signal.aborted) {
      kill();
    }
    try {
      await this.began;
    } catch (error) {
      throw signal.aborted ? cancelledBy(signal) : error;
    }
    return this;
  }

  /** Ends the program, by whatever way the machine allows, and lets go of its streams. */
  kill(): void {
    if (this.killed || this.closed) {
      return;
    }
    this.killed = true;
    this.settleBegin.reject(sshError('connection-lost', l10n.t('The program was ended')));
    for (const stream of [this.stdout, this.stderr, this.writer]) {
      stream.destroy();
    }
    this.channel.signal('KILL');
    // sshd sends no signal in a session of root.
    later(SIGNAL_MS, () => {
      if (!this.closed) {
        this.killFromBeside();
        later(CLOSE_MS, () => this.channel.close());
      }
    });
  }

  private killFromBeside(): void {
    if (this.pid === '') {
      this.channel.close();
      return;
    }
    // Still open, so the process id is still its own.
    const script = `kill -KILL -${this.pid} 2>/dev/null || kill -KILL ${this.pid}`;
    SshProcess.launch(this.link, ['sh', '-c', script]).then(
      async (process) => {
        process.stdin.end();
        process.stdout.resume();
        process.stderr.resume();
        await process.done.catch(() => undefined);
        this.channel.close();
      },
      () => this.channel.close(),
    );
  }

  private onPreface(preface: Preface | undefined, outMarker: MarkerFilter): void {
    if (preface === undefined) {
      this.settleBegin.reject(this.noShell(outMarker.noise));
    } else if (preface.word === '') {
      this.settleBegin.reject(
        sshError('exec-failed', l10n.t('There is no such program on {0}', this.alias), {
          steps: [l10n.t('Install it there, or give its full path.')],
        }),
      );
    } else {
      this.pid = /^\d+$/.test(preface.word) ? preface.word : '';
      this.settleBegin.resolve();
    }
  }

  private get alias(): string {
    return this.link.endpoint.alias;
  }

  private noShell(said: string): Error {
    return sshError('no-shell', l10n.t('{0} runs no commands of ours', this.alias), {
      steps: [
        l10n.t('Its login shell must run commands, and there must be a POSIX sh.'),
        ...(said.trim() === '' ? [] : [l10n.t('It said: {0}', said.trim())]),
      ],
    });
  }

  private noExit(): Error {
    return sshError('connection-lost', l10n.t('{0} closed the channel', this.alias), {
      steps: [l10n.t('Runs go on without it. Try again; a new connection is made by itself.')],
    });
  }
}

const KILLED: ProcessEnd = { code: null, signal: 'SIGKILL' };

function later(ms: number, act: () => void): void {
  setTimeout(act, ms).unref();
}
