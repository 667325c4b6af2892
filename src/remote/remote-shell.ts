import type { Readable, Writable } from 'node:stream';

/** How a command ended. */
export interface ProcessEnd {
  /** Exit code; `null` when a signal ended it. */
  readonly code: number | null;
  /** Name of the signal that ended it, such as `SIGTERM`. */
  readonly signal: string | null;
}

/** What a finished command left behind. */
export interface ExecResult extends ProcessEnd {
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** How a command is run. */
export interface ExecOptions {
  /** Written to its standard input, which is then closed. */
  readonly stdin?: string | Buffer;
  readonly signal?: AbortSignal;
  /** Milliseconds after which it is ended. */
  readonly timeoutMs?: number;
}

/** A command under way, with its streams. */
export interface RemoteProcess {
  readonly stdin: Writable;
  /** Must be read to its end, or the command may wait for ever. */
  readonly stdout: Readable;
  /** Must be read to its end, too. */
  readonly stderr: Readable;
  /** Settles when it has ended; rejects with a `MachineError` when the way to it broke. */
  readonly done: Promise<ProcessEnd>;
  /** Ends it, as far as the way to the machine can, and lets go of its streams. */
  kill(): void;
}

/**
 * The way to a machine. One contract for the local machine, SSH and SSM;
 * whatever trains, follows or copies needs this and nothing more.
 */
export interface RemoteShell {
  /**
   * Runs a program without any shell reading its arguments again.
   *
   * @param argv - program and arguments
   * @param options - input, cancellation, time limit
   * @returns its result, also when it failed
   * @throws {MachineError} when it could not be run or ran out of time
   */
  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;

  /**
   * Runs a program whose input and output are too large, or too long under way, to hold.
   *
   * @param argv - program and arguments; no shell reads them again
   * @param signal - ends it; `done` then rejects with a `CancelledError`
   * @returns the running program
   * @throws {MachineError} when it could not be run
   */
  start(argv: readonly string[], signal?: AbortSignal): Promise<RemoteProcess>;

  /**
   * Writes a file whole or not at all, making its directory.
   *
   * @param path - absolute path on the machine
   * @param content - what to write
   * @param mode - permission bits
   * @throws {MachineError} when it cannot be written
   */
  put(path: string, content: Buffer, mode: number): Promise<void>;

  /**
   * Reads a whole small file.
   *
   * @param path - absolute path on the machine
   * @returns its content, or `undefined` when there is none
   */
  get(path: string): Promise<Buffer | undefined>;
}
