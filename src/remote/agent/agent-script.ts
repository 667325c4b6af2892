import { createHash } from 'node:crypto';
import type { ExecResult, RemoteProcess, RemoteShell } from '../remote-shell.ts';
import { parseError } from './agent-failure.ts';

/** How a verb is asked for. */
export interface AgentCallOptions {
  /** Gives up waiting; what was asked may happen all the same. */
  readonly signal?: AbortSignal;
  /** Milliseconds until the wait is given up; 30 s unless told. */
  readonly timeoutMs?: number;
}

const VERB_TIMEOUT_MS = 30_000;
const PRESENCE_TIMEOUT_MS = 30_000;

// Nothing but its size: the name says what is in it, and it was written whole or not at all.
const SIZE = 'if [ -r "$1" ]; then wc -c <"$1"; else echo none; fi';

/** The agent's script on one machine: brought there when it is not, and run. */
export class AgentScript {
  private readonly shell: RemoteShell;
  private readonly source: Buffer;
  private readonly home: string;
  private readonly path: string;
  private isThere = false;
  private bringing: Promise<void> | undefined;

  /**
   * @param shell - the way to the machine
   * @param source - the script
   * @param home - absolute path of the agent's own directory on the machine
   */
  constructor(shell: RemoteShell, source: Buffer, home: string) {
    this.shell = shell;
    this.source = source;
    this.home = home;
    // By content hash, so that an update never changes a script a shell still reads.
    const hash = createHash('sha256').update(source).digest('hex').slice(0, 16);
    this.path = `${home}/agent/${hash}/agent.sh`;
  }

  /**
   * Asks for a verb; where the script turns out to be missing, once more with it.
   *
   * @param verb - verb and arguments
   * @param stdin - what the verb reads
   * @param options - cancellation and time limit
   * @returns how it ended
   */
  async exec(
    verb: readonly string[],
    stdin: string | undefined,
    options: AgentCallOptions,
  ): Promise<ExecResult> {
    const result = await this.call(verb, stdin, options);
    const isAnswer = result.code === 0 || parseError(result.stdout) !== undefined;
    if (!isAnswer && (await this.isGone(result, options))) {
      await this.bring();
      return this.call(verb, stdin, options);
    }
    this.isThere ||= isAnswer;
    return result;
  }

  /**
   * Starts a verb that goes on for long.
   *
   * @param verb - verb and arguments
   * @param signal - ends it
   * @returns the running verb
   */
  async start(verb: readonly string[], signal?: AbortSignal): Promise<RemoteProcess> {
    if (!this.isThere) {
      if (!(await this.isPresent(signal === undefined ? {} : { signal }))) {
        await this.bring();
      }
      this.isThere = true;
    }
    return this.shell.start(this.argv(verb), signal);
  }

  /** Looks for the script again before the next long verb. */
  doubt(): void {
    this.isThere = false;
  }

  private call(
    verb: readonly string[],
    stdin: string | undefined,
    options: AgentCallOptions,
  ): Promise<ExecResult> {
    return this.shell.exec(this.argv(verb), {
      timeoutMs: VERB_TIMEOUT_MS,
      ...options,
      ...(stdin === undefined ? {} : { stdin }),
    });
  }

  private argv(verb: readonly string[]): readonly string[] {
    return ['env', `RUNCTL_HOME=${this.home}`, 'sh', this.path, ...verb];
  }

  // dash ends with 2 when it cannot open a script, which is a refusal's code too.
  private async isGone(result: ExecResult, options: AgentCallOptions): Promise<boolean> {
    if (result.code === null) {
      return false;
    }
    return result.code === 126 || result.code === 127 || !(await this.isPresent(options));
  }

  private async isPresent({ signal }: AgentCallOptions): Promise<boolean> {
    const { stdout } = await this.shell.exec(['sh', '-c', SIZE, 'sh', this.path], {
      timeoutMs: PRESENCE_TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    });
    // A login script may have printed something before.
    return Number(stdout.toString('utf8').trim().split(/\s/).at(-1)) === this.source.length;
  }

  private bring(): Promise<void> {
    this.bringing ??= this.shell.put(this.path, this.source, 0o700).finally(() => {
      this.bringing = undefined;
    });
    return this.bringing;
  }
}
