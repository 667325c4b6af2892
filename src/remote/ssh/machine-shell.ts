import type { Duplex, Readable, Writable } from 'node:stream';
import type { ExecOptions, ExecResult, ProcessEnd, RemoteShell } from '../remote-shell.ts';
import type { SshConnection } from './ssh-connection.ts';

/** Size and kind of a terminal. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
  /** Value of TERM; `xterm-256color` when missing. */
  readonly term?: string;
}

/** A login shell in a terminal. */
export interface InteractiveShell {
  /** What is typed. */
  readonly input: Writable;
  /** What is shown; must be read. */
  readonly output: Readable;
  /** Settles when the shell has ended; rejects with a `MachineError` when the way to it broke. */
  readonly done: Promise<ProcessEnd>;
  resize(size: TerminalSize): void;
  /** Hangs up. */
  close(): void;
}

/** How a command is run over SSH. */
export interface SshExecOptions extends ExecOptions {
  /**
   * Whether running it twice does no harm. Only then it is run again when the
   * connection was lost before its answer came.
   */
  readonly idempotent?: boolean;
}

/** What a machine reached by SSH can do beyond a RemoteShell. */
export interface SshMachineShell extends RemoteShell {
  readonly connection: SshConnection;

  exec(argv: readonly string[], options?: SshExecOptions): Promise<ExecResult>;

  /**
   * Connects to an address as the machine sees it.
   *
   * @param host - name or address there, such as `localhost`
   * @param port - TCP port there
   * @param signal - gives up
   * @returns the connection; ends in an error when the way to the machine breaks
   * @throws {MachineError} with code `refused` when nothing listens there
   */
  forward(host: string, port: number, signal?: AbortSignal): Promise<Duplex>;

  /**
   * Opens the login shell in a terminal.
   *
   * @param size - of the terminal
   * @param signal - gives up
   * @returns the shell
   */
  interactive(size: TerminalSize, signal?: AbortSignal): Promise<InteractiveShell>;

  /** Ends the connection for good. */
  close(): Promise<void>;
}
