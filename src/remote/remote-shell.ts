/** What a finished command left behind. */
export interface ExecResult {
  /** Exit code; `null` when a signal ended it. */
  readonly code: number | null;
  /** Name of the signal that ended it. */
  readonly signal: string | null;
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
